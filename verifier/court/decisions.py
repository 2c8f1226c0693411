"""What a party to the court should do next: a pure function of the chain, of what it knows, and of chain time.

The same rules serve worker, members and requester; who may do what follows from the job. Calls that anybody may make
(decide, finalize) are everybody's in turn: the first in order at once, the others a little later each, so that one of
them is enough and none of them is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from contracts.court_values import COMMITTEE_SIZES, JobPhase, JobVerdict, Member
from contracts.values import Address
from verifier.court.history import CourtHistory
from verifier.court.job import WORKER, Job, JobRound

# A transaction can use the hash of one of the 256 blocks before its own; what takes longer records the draw first.
REMEMBERED_BLOCKS: Final = 255
RECORD_AFTER_BLOCKS: Final = 120
RECORD_FOR_WORKER_BLOCKS: Final = 150  # a requester's turn, after the worker's own
Drawn = Mapping[tuple[bytes, int, int], tuple[Member, ...]]  # committees by job, round and pinned block
TURN_SECONDS: Final = 3  # between one party's turn and the next one's, where there is no deadline

_UNSETTLED: Final = (JobPhase.COMMIT, JobPhase.REVEAL, JobPhase.DUE, JobPhase.APPEAL)
_AFTER_COMMITS: Final = (JobPhase.REVEAL, JobPhase.DUE, JobPhase.APPEAL, JobPhase.SETTLED)


@dataclass(frozen=True)
class JobAction:
    """Something to do about one job."""

    job: bytes


@dataclass(frozen=True)
class RoundAction(JobAction):
    """Something to do about one round of a job."""

    round: int


@dataclass(frozen=True)
class PinBlock(JobAction):
    """Name a new block: the chain has forgotten the one that a draw waits for."""


@dataclass(frozen=True)
class DrawSeed(JobAction):
    """Record the seed before the chain forgets its block."""


@dataclass(frozen=True)
class DrawCommittee(RoundAction):
    """Record the committee before the chain forgets its block."""


@dataclass(frozen=True)
class LookUpCommittee(RoundAction):
    """Ask the court who was drawn."""


@dataclass(frozen=True)
class Prepare(RoundAction):
    """Make the output, and an answer that can be committed to."""


@dataclass(frozen=True)
class Commit(RoundAction):
    """Send the commitment to the prepared answer."""


@dataclass(frozen=True)
class Offer(RoundAction):
    """Sign the commitment to the prepared answer, for whoever sends all of them in one transaction."""


@dataclass(frozen=True)
class GatherOffers(RoundAction):
    """Ask the others for their signed commitments."""


@dataclass(frozen=True)
class CommitTogether(RoundAction):
    """Send everybody's signed commitments."""


@dataclass(frozen=True)
class Show(RoundAction):
    """Nobody can commit any more: let others see the own opening and output."""


@dataclass(frozen=True)
class Gather(RoundAction):
    """Ask the others for the openings that are missing."""


@dataclass(frozen=True)
class Reveal(RoundAction):
    """Open the own commitment on the chain, since the common decision does not come."""


@dataclass(frozen=True)
class Decide(RoundAction):
    """Bring the openings of all who committed to the court."""


@dataclass(frozen=True)
class DecideDue(RoundAction):
    """Decide by what is open on the chain: the window is over, and nothing else counts any more."""


@dataclass(frozen=True)
class DecideAndEnd(RoundAction):
    """As a content requester, bring all openings and end the job in one transaction if that is acceptance."""


@dataclass(frozen=True)
class Check(RoundAction):
    """As requester, make the output oneself, to compare it with the worker's once that is open."""


@dataclass(frozen=True)
class ExposeRinger(RoundAction):
    """As requester, show that the job was a test."""


@dataclass(frozen=True)
class Appeal(RoundAction):
    """Call the next larger committee."""


@dataclass(frozen=True)
class Finalize(JobAction):
    """End the job and free everybody's money."""


@dataclass(frozen=True)
class Expire(JobAction):
    """End a job whose worker never committed."""


@dataclass(frozen=True)
class Knowledge:
    """What a party knows that the chain does not tell.

    `drawn`: committees the court named. By (job, round): `prepared`, rounds with an answer; `offered`, those whose
    commitment is signed and served; `together`, since when everybody's signed commitments are at hand; `shown`, those
    whose opening is served; `gathered`, those of which all openings are at hand; `checked`, those whose output the
    requester has made too, and whether it agrees with the worker's, None while that is not open. `pool_seats`:
    verifiers' seats that count now. `appeals`, `checks`: whether to appeal, and as requester to compare, at all.
    `commits`, `shows_up`: whether to commit, and to open what was committed to.
    """

    drawn: Drawn = field(default_factory=lambda: MappingProxyType({}))
    prepared: frozenset[tuple[bytes, int]] = frozenset()
    offered: frozenset[tuple[bytes, int]] = frozenset()
    together: Mapping[tuple[bytes, int], int] = field(default_factory=lambda: MappingProxyType({}))
    shown: frozenset[tuple[bytes, int]] = frozenset()
    gathered: frozenset[tuple[bytes, int]] = frozenset()
    checked: Mapping[tuple[bytes, int], bool | None] = field(default_factory=lambda: MappingProxyType({}))
    ringers: frozenset[bytes] = frozenset()
    pool_seats: int = 0
    appeals: bool = False
    checks: bool = False
    commits: bool = True
    shows_up: bool = True


@dataclass(frozen=True)
class Now:
    """The newest block: its number, and its time in seconds."""

    block: int
    time: int


def next_actions(history: CourtHistory, known: Knowledge, me: Address, now: Now) -> tuple[JobAction, ...]:
    """Everything to do now, oldest job first. Doing nothing is right whenever somebody else has to act first."""
    return tuple(action for job in history.open_jobs.values() for action in job_actions(job, known, me, now))


def job_actions(job: Job, known: Knowledge, me: Address, now: Now) -> Iterator[JobAction]:
    """What to do about one job that has not ended."""
    phase = job.phase(now.time)
    for round_ in job.rounds if phase in _AFTER_COMMITS else job.rounds[:-1]:
        yield from _show(job, round_, known, me)
    if phase in _UNSETTLED and me == job.terms.requester:
        yield from _check(job, _current(job), known)
    match phase:
        case JobPhase.WORK:
            yield from _work(job, known, me, now)
        case JobPhase.EXPIRED:
            if me == job.terms.requester:  # it is the one who gets anything back
                yield Expire(job.job_id)
        case JobPhase.COMMIT:
            yield from _commit(job, _current(job), known, me, now)
        case JobPhase.REVEAL:
            yield from _reveal(job, _current(job), known, me, now)
        case JobPhase.DUE:
            if _has_turn(job, me, now.time - _current(job).reveal_end, TURN_SECONDS):
                yield DecideDue(job.job_id, _current(job).number)
        case JobPhase.APPEAL:
            yield from _appeal(job, _current(job), known, me)
        case JobPhase.SETTLED:
            decision = _current(job).decision
            since = 0 if decision is None else decision.appeal_end
            if _has_turn(job, me, now.time - since, TURN_SECONDS) or (job.ringer and me == job.terms.requester):
                yield Finalize(job.job_id)


def members_of(job: Job, round_: JobRound, drawn: Drawn) -> tuple[Member, ...]:
    """The committee, from the chain or as the court named it; empty while nobody knows it."""
    return round_.members or drawn.get((job.job_id, round_.number, round_.pinned_block), ())


def index_of(job: Job, members: tuple[Member, ...], me: Address) -> int | None:
    """The own index in a round: 0 the worker, from 1 the members; None: no party to it."""
    if me == job.terms.worker:
        return WORKER
    accounts = [member.account for member in members]
    return accounts.index(me) + 1 if me in accounts else None


def _work(job: Job, known: Knowledge, me: Address, now: Now) -> Iterator[JobAction]:
    age = now.block - job.pinned_block
    # A worker could let the chain forget a block whose seed it does not like, and pin another one.
    if me == job.terms.requester and job.seed is None and RECORD_FOR_WORKER_BLOCKS < age <= REMEMBERED_BLOCKS:
        yield DrawSeed(job.job_id)
        return
    if me != job.terms.worker or not known.commits:
        return
    if job.seed is None and age > REMEMBERED_BLOCKS:
        yield PinBlock(job.job_id)
    elif (job.job_id, 0) not in known.prepared:
        if job.seed is not None or age >= 0:
            yield Prepare(job.job_id, 0)
        if job.seed is None and age > RECORD_AFTER_BLOCKS:
            yield DrawSeed(job.job_id)
    elif job.seed is not None or age > 0:
        yield Commit(job.job_id, 0)


def _commit(job: Job, round_: JobRound, known: Knowledge, me: Address, now: Now) -> Iterator[JobAction]:
    members, age = members_of(job, round_, known.drawn), now.block - round_.pinned_block
    if age <= 0:
        return  # a call can use the pinned block from the one after it on
    if round_.drawn is None and age > REMEMBERED_BLOCKS:
        yield PinBlock(job.job_id)
        return
    if not members:
        yield LookUpCommittee(job.job_id, round_.number)
        return
    index = index_of(job, members, me)
    if index is None or index in round_.commitments or not known.commits:
        return
    if (job.job_id, round_.number) in known.prepared:
        yield from _promise(job, round_, index, known, now)
    else:
        yield Prepare(job.job_id, round_.number)
    # Digests of appeals are keyed by the draw: once it is recorded, nothing signed for it can meet another key.
    keyed_in_turn = round_.number > 0 and now.time - _begun(job, round_) >= TURN_SECONDS * index
    if round_.drawn is None and (keyed_in_turn or age > RECORD_AFTER_BLOCKS):
        yield DrawCommittee(job.job_id, round_.number)


def _promise(job: Job, round_: JobRound, index: int, known: Knowledge, now: Now) -> Iterator[JobAction]:
    """Commit together with the others; alone when half of the time has brought not all of them.

    Waiting costs nothing: while somebody is missing, the phase lasts until its end anyway.
    """
    place = (job.job_id, round_.number)
    if 2 * (now.time - _begun(job, round_)) >= job.class_.terms.commit_seconds:
        yield Commit(*place)
    elif round_.number > 0 and round_.drawn is None:
        return
    elif place not in known.offered:
        yield Offer(*place)
    elif place not in known.together:
        yield GatherOffers(*place)
    elif now.time - known.together[place] >= TURN_SECONDS * (index - (0 if round_.number else 1)):
        yield CommitTogether(*place)


def _show(job: Job, round_: JobRound, known: Knowledge, me: Address) -> Iterator[JobAction]:
    index = index_of(job, round_.members, me)
    if index in round_.commitments and known.shows_up and (job.job_id, round_.number) not in known.shown:
        yield Show(job.job_id, round_.number)


def _check(job: Job, round_: JobRound, known: Knowledge) -> Iterator[JobAction]:
    """Make the output too, as soon as its seed or key is recorded: the committee needs as long, so nobody waits."""
    place = (job.job_id, round_.number)
    if not known.checks or job.job_id in known.ringers or round_.seed is None or place in known.checked:
        return
    if round_.decision is None or job.verdict is JobVerdict.ACCEPT:
        yield Check(*place)


def _reveal(job: Job, round_: JobRound, known: Knowledge, me: Address, now: Now) -> Iterator[JobAction]:
    place, mine = (job.job_id, round_.number), index_of(job, round_.members, me)
    takes_part = mine in round_.commitments and known.shows_up
    if not takes_part and me != job.terms.requester:
        return
    at_once = _requesters_decision(job, place, known) if me == job.terms.requester else None
    reveal_seconds = job.class_.terms.reveal_seconds
    since = now.time - (round_.reveal_end - reveal_seconds)
    if place not in known.gathered:
        yield Gather(*place)
    elif at_once is not None:
        yield at_once
    # A requester who is there comes first, and saves a transaction.
    elif _has_turn(job, me, since - TURN_SECONDS, max(1, reveal_seconds // (2 * round_.size + 2))):
        yield Decide(*place)
    # What is at hand may never come to the chain, and once the window is over only what is open there counts.
    if takes_part and mine not in round_.openings and 2 * since >= reveal_seconds:
        yield Reveal(*place)


def _requesters_decision(job: Job, place: tuple[bytes, int], known: Knowledge) -> JobAction | None:
    """How a requester decides without waiting for its turn; None while a check that it wants has come to nothing yet.

    Only one that is content ends the job with it: not one that still has to appeal, or to expose its ringer.
    """
    if job.job_id in known.ringers:
        return Decide(*place)
    if not known.checks or known.checked.get(place) is True:
        return DecideAndEnd(*place)
    return Decide(*place) if place in known.checked else None


def _appeal(job: Job, round_: JobRound, known: Knowledge, me: Address) -> Iterator[JobAction]:
    place = (job.job_id, round_.number)
    if me == job.terms.requester and job.job_id in known.ringers and WORKER in round_.openings:
        yield ExposeRinger(*place)
        return
    satisfied = not known.checks or known.checked.get(place) is True
    if me == job.terms.requester and job.verdict is JobVerdict.ACCEPT and satisfied:
        yield Finalize(job.job_id)  # nobody else could appeal, so the court does not wait
        return
    if round_.number + 1 >= len(COMMITTEE_SIZES) or known.pool_seats < COMMITTEE_SIZES[round_.number + 1]:
        return
    if me == job.terms.worker and known.appeals and job.verdict is not JobVerdict.ACCEPT:
        yield Appeal(*place)
    differs = job.verdict is JobVerdict.ACCEPT and known.checked.get(place) is False
    if me == job.terms.requester and known.appeals and (job.verdict is JobVerdict.INCONCLUSIVE or differs):
        yield Appeal(*place)


def _has_turn(job: Job, me: Address, since_seconds: int, turn_seconds: int) -> bool:
    """Whether it is our turn to do what anybody may: worker, then members in order, then the requester."""
    round_ = _current(job)
    index = index_of(job, round_.members, me)
    if index is None and me == job.terms.requester:
        index = round_.size + 1
    return index is not None and since_seconds >= index * turn_seconds


def _begun(job: Job, round_: JobRound) -> int:
    """Chain time at which the commit phase began."""
    return round_.commit_end - job.class_.terms.commit_seconds


def _current(job: Job) -> JobRound:
    round_ = job.current
    assert round_ is not None  # in these phases the worker has committed
    return round_

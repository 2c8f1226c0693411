"""What happened in the output court, folded from the chain's events: one view for its parties and for the index.

`fold_all(history, events) -> history` is pure: no clock, no I/O, and older histories stay valid. A job that no event
concerns stays the same object. Events the court cannot emit in that order raise HistoryError with what was compared.

Feed it the events of the court and of its registry, in chain order; of the registry only slashes are read, seats are
folded by `node.rounds.folding`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from contracts.court_values import COMMITTEE_SIZES, NO_DISTANCE, JobVerdict, Opening
from contracts.events import (
    Appealed,
    BlockPinned,
    ClassRegistered,
    Committed,
    CommitteeDrawn,
    Event,
    JobDecided,
    JobExpired,
    JobFinalized,
    JobSubmitted,
    RevealBegun,
    Revealed,
    RingerExposed,
    SeatSlashed,
    SeedDrawn,
    VerifierPaid,
    VerifierStruck,
    WorkCommitted,
)
from contracts.values import Address
from node.errors import HistoryError
from node.rounds.round_history import Place
from verifier.court.job import (
    WORKER,
    Commitment,
    Decision,
    Ending,
    Job,
    JobRound,
    Opened,
    Payment,
    RegisteredClass,
    Ringer,
    Slash,
    Strike,
)


@dataclass(frozen=True)
class CourtHistory:
    """Everything that happened up to `last`.

    `classes`, `jobs`: by id, in chain order. `open_jobs`: those of them that have not ended, also in the order of their
    submission: what a party looks at again and again must not grow with all jobs ever. `ended`: the last job to end.
    """

    classes: MappingProxyType[bytes, RegisteredClass] = field(default_factory=lambda: MappingProxyType({}))
    jobs: MappingProxyType[bytes, Job] = field(default_factory=lambda: MappingProxyType({}))
    open_jobs: MappingProxyType[bytes, Job] = field(default_factory=lambda: MappingProxyType({}))
    ended: bytes | None = None
    last: Place | None = None

    def job(self, job_id: bytes) -> Job:
        """A job by its id. Raises HistoryError."""
        return _job(self.jobs, job_id)

    def output_class(self, class_id: bytes) -> RegisteredClass:
        """A class by its id. Raises HistoryError."""
        return _class(self.classes, class_id)


def fold_all(history: CourtHistory, events: Iterable[Event]) -> CourtHistory:
    """The history after `events`. HistoryError when the court could not have emitted one of them then.

    The mappings are copied once for all of them, so the time is linear.
    """
    growing = _Growing(
        history.classes.copy(), history.jobs.copy(), history.open_jobs.copy(), history.ended, history.last
    )
    for event in events:
        growing.fold(event)
    if growing.last == history.last:
        return history
    return CourtHistory(
        classes=MappingProxyType(growing.classes),
        jobs=MappingProxyType(growing.jobs),
        open_jobs=MappingProxyType(growing.open_jobs),
        ended=growing.ended,
        last=growing.last,
    )


@dataclass
class _Growing:
    """A history while events are folded into it; nobody else sees its mappings before they are frozen."""

    classes: dict[bytes, RegisteredClass]
    jobs: dict[bytes, Job]
    open_jobs: dict[bytes, Job]
    ended: bytes | None
    last: Place | None

    def fold(self, event: Event) -> None:
        """Take in one event."""
        place = Place.of(event)
        if self.last is not None and not self.last < place:
            raise HistoryError("event out of chain order", event=type(event).__name__, at=place, after=self.last)
        self._apply(event, place)
        self.last = place

    def _apply(self, event: Event, place: Place) -> None:
        if isinstance(event, ClassRegistered):
            _require(event.class_id not in self.classes, event, registered_twice=event.class_id)
            self.classes[event.class_id] = RegisteredClass(
                event.class_id, event.terms, event.description, event.usable_from, place
            )
        elif isinstance(event, JobSubmitted):
            _require(event.job_id not in self.jobs, event, submitted_twice=event.job_id)
            class_ = _class(self.classes, event.terms.class_id)
            self._put(_submitted(len(self.jobs) + 1, class_, event, place))
        elif isinstance(event, SeatSlashed):
            # The registry does not say what for: the court takes stake only when it ends a job, after saying so.
            _require(self.ended is not None, event, ended=self.ended)
            self._put(_slashed(_job(self.jobs, self.ended or b""), event, place))
        elif (change := _CHANGES.get(type(event))) is not None:
            job = _job(self.jobs, _job_id(event))
            _require(job.ending is None or type(event) in _CONSEQUENCES, event, ended_at=job.ending)
            self._put(change(job, event, place))

    def _put(self, job: Job) -> None:
        """Take in a job that is new or has changed; one that changes keeps its place in the order."""
        self.jobs[job.job_id] = job
        if job.ending is None:
            self.open_jobs[job.job_id] = job
        else:
            self.open_jobs.pop(job.job_id, None)
            self.ended = job.job_id


def _job(jobs: Mapping[bytes, Job], job_id: bytes) -> Job:
    found = jobs.get(job_id)
    if found is None:
        raise HistoryError("no such job", job=job_id)
    return found


def _class(classes: Mapping[bytes, RegisteredClass], class_id: bytes) -> RegisteredClass:
    found = classes.get(class_id)
    if found is None:
        raise HistoryError("no such class", class_id=class_id)
    return found


def _submitted(number: int, class_: RegisteredClass, event: JobSubmitted, place: Place) -> Job:
    return Job(
        number=number,
        job_id=event.job_id,
        terms=event.terms,
        class_=class_,
        input=event.input,
        work_end=event.work_end,
        pinned_block=event.pinned_block,
        submitted=place,
    )


def _pinned(job: Job, event: BlockPinned, place: Place) -> Job:
    current = job.current
    if current is None:
        return replace(job, pinned_block=event.pinned_block, work_end=event.phase_end)
    _require(event.round == current.number and not current.members, event, round=current.number)
    moved = replace(
        current,
        pinned_block=event.pinned_block,
        epoch=event.epoch,
        commit_end=event.phase_end,
        reveal_end=event.phase_end + job.class_.terms.reveal_seconds,
    )
    return replace(_with_round(job, moved), pinned_block=event.pinned_block)


def _seeded(job: Job, event: SeedDrawn, place: Place) -> Job:
    _require(job.seed is None, event, drawn_before=job.seed)
    return replace(job, seed=event.seed, seed_drawn=place)


def _work_committed(job: Job, event: WorkCommitted, place: Place) -> Job:
    _require(job.current is None and job.seed is not None, event, rounds=len(job.rounds), seed=job.seed)
    promise = Commitment(WORKER, job.terms.worker, event.commitment, place)
    first = JobRound(
        number=0,
        size=COMMITTEE_SIZES[0],
        threshold=job.class_.terms.threshold,
        pinned_block=event.pinned_block,
        epoch=event.epoch,
        commit_end=event.commit_end,
        reveal_end=event.commit_end + job.class_.terms.reveal_seconds,
        begun=place,
        seed=job.seed,
        commitments=MappingProxyType({WORKER: promise}),
    )
    return replace(job, rounds=(first,), pinned_block=event.pinned_block)


def _appealed(job: Job, event: Appealed, place: Place) -> Job:
    current = _round(job, event)
    _require(current.decision is not None and event.round == current.number + 1, event, round=current.number)
    _require(event.committee_size > current.size, event, size=event.committee_size, before=current.size)
    called = JobRound(
        number=event.round,
        size=event.committee_size,
        threshold=job.class_.terms.appeal_threshold,
        pinned_block=event.pinned_block,
        epoch=event.epoch,
        commit_end=event.commit_end,
        reveal_end=event.commit_end + job.class_.terms.reveal_seconds,
        begun=place,
        appellant=event.appellant,
        bond_wei=event.bond,
    )
    return replace(job, rounds=(*job.rounds, called), pinned_block=event.pinned_block)


def _drawn(job: Job, event: CommitteeDrawn, place: Place) -> Job:
    current = _open_round(job, event)
    _require(event.round == current.number and not current.members, event, round=current.number)
    _require(len(event.members) == current.size, event, members=len(event.members), size=current.size)
    seed = event.key if current.number else current.seed
    return _with_round(job, replace(current, members=event.members, seed=seed, drawn=place))


def _committed(job: Job, event: Committed, place: Place) -> Job:
    current = _open_round(job, event)
    _require(event.round == current.number and event.index not in current.commitments, event, index=event.index)
    _require(_has_index(job, current, event.index, event.account), event, index=event.index, account=event.account)
    promise = Commitment(event.index, event.account, event.commitment, place)
    grown = MappingProxyType({**current.commitments, event.index: promise})
    return _with_round(job, replace(current, commitments=grown))


def _all_committed(job: Job, event: RevealBegun, place: Place) -> Job:
    current = _open_round(job, event)
    _require(event.round == current.number, event, round=current.number)
    return _with_round(job, replace(current, all_committed=place, reveal_end=event.reveal_end))


def _revealed(job: Job, event: Revealed, place: Place) -> Job:
    current = _open_round(job, event)
    _require(event.round == current.number, event, round=current.number)
    return _with_round(job, _opened(current, event, [event.opening], place))


def _decided(job: Job, event: JobDecided, place: Place) -> Job:
    current = _open_round(job, event)
    _require(event.round == current.number, event, round=current.number)
    opened = _opened(current, event, event.openings, place)
    mask = sum(1 << index for index in opened.openings)
    _require(mask == event.revealed, event, opened=mask, revealed=event.revealed)
    distances = tuple(None if bits == NO_DISTANCE else bits for bits in event.distances)
    masks = (event.revealed, event.near, event.far)
    decision = Decision(event.verdict, *masks, distances, event.appeal_end, place)
    return _with_round(job, replace(opened, decision=decision))


def _opened(current: JobRound, event: Event, openings: Iterable[Opening], place: Place) -> JobRound:
    """The round with more openings; one that was opened before keeps its first place."""
    grown = dict(current.openings)
    for opening in openings:
        promise = current.commitments.get(opening.index)
        _require(promise is not None, event, never_committed=opening.index)
        grown.setdefault(opening.index, Opened(opening, current.commitments[opening.index].account, place))
    return replace(current, openings=MappingProxyType(grown))


def _ringer(job: Job, event: RingerExposed, place: Place) -> Job:
    current = _round(job, event)
    _require(current.number == 0 and current.decision is not None, event, round=current.number)
    return replace(job, ringer=Ringer(event.digest, place))


def _paid(job: Job, event: VerifierPaid, place: Place) -> Job:
    _require_ending(job, event)
    return replace(job, payments=(*job.payments, Payment(event.account, event.amount, place)))


def _struck(job: Job, event: VerifierStruck, place: Place) -> Job:
    _require_ending(job, event)
    return replace(job, strikes=(*job.strikes, Strike(event.account, event.strikes, event.absent, place)))


def _slashed(job: Job, event: SeatSlashed, place: Place) -> Job:
    _require_ending(job, event)
    return replace(job, slashes=(*job.slashes, Slash(event.seat, event.owner, event.amount, place)))


def _require_ending(job: Job, event: Event) -> None:
    """What the end of a job brings comes in the transaction that ends it."""
    by = None if job.ending is None else job.ending.place.transaction_hash
    _require(by == event.transaction_hash, event, ended_by=by, transaction=event.transaction_hash)


def _finalized(job: Job, event: JobFinalized, place: Place) -> Job:
    _require(event.verdict == job.verdict, event, final=event.verdict, decided=job.verdict)
    shares = (event.requester_share, event.worker_share, event.burned)
    return replace(job, ending=Ending(event.verdict, *shares, place))


def _expired(job: Job, event: JobExpired, place: Place) -> Job:
    _require(not job.rounds, event, rounds=len(job.rounds))
    return replace(job, ending=Ending(JobVerdict.NONE, event.refund, 0, 0, place))


# What each event changes about its job; each takes the kind of event that it is listed under.
_CHANGES: Mapping[type[Event], Callable[[Job, Any, Place], Job]] = {
    BlockPinned: _pinned,
    SeedDrawn: _seeded,
    WorkCommitted: _work_committed,
    Appealed: _appealed,
    CommitteeDrawn: _drawn,
    Committed: _committed,
    RevealBegun: _all_committed,
    Revealed: _revealed,
    JobDecided: _decided,
    RingerExposed: _ringer,
    VerifierPaid: _paid,
    VerifierStruck: _struck,
    JobFinalized: _finalized,
    JobExpired: _expired,
}
_CONSEQUENCES = (VerifierPaid, VerifierStruck)


def _job_id(event: Event) -> bytes:
    job_id: bytes = event.job_id  # type: ignore[attr-defined]  # every event in _CHANGES has one
    return job_id


def _with_round(job: Job, changed: JobRound) -> Job:
    return replace(job, rounds=(*job.rounds[:-1], changed))


def _round(job: Job, event: Event) -> JobRound:
    """The newest round; an event that needs one comes after the work."""
    if job.current is None:
        raise HistoryError(f"impossible {type(event).__name__}", at=Place.of(event), job=job.job_id, rounds=0)
    return job.current


def _open_round(job: Job, event: Event) -> JobRound:
    """The newest round, not decided yet."""
    current = _round(job, event)
    _require(current.decision is None, event, decided_round=current.number)
    return current


def _has_index(job: Job, current: JobRound, index: int, account: Address) -> bool:
    return account == (job.terms.worker if index == WORKER else current.account_of(index))


def _require(condition: bool, event: Event, **operands: object) -> None:
    if not condition:
        raise HistoryError(f"impossible {type(event).__name__}", at=Place.of(event), **operands)

"""A job of the output court as immutable values: what was asked, every round of it, and how it ended.

Built by `verifier.court.history`. Amounts are in the token's smallest unit, times are chain seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from contracts.court_values import (
    ClassTerms,
    Entry,
    JobPhase,
    JobTerms,
    JobVerdict,
    Log,
    Member,
    Opening,
    RoundRecord,
)
from contracts.values import Address
from node.rounds.round_history import Place

WORKER = 0


@dataclass(frozen=True)
class RegisteredClass:
    """A determinism class on the chain. Jobs may name it from chain time `usable_from` on."""

    class_id: bytes
    terms: ClassTerms
    description: bytes
    usable_from: int
    place: Place


@dataclass(frozen=True)
class Commitment:
    """A promise of one digest. `index`: 0 the worker, from 1 the members in the order of the draw."""

    index: int
    account: Address
    commitment: bytes
    place: Place


@dataclass(frozen=True)
class Opened:
    """A commitment that was opened, alone or with the decision."""

    opening: Opening
    account: Address
    place: Place


@dataclass(frozen=True)
class Decision:
    """What a committee found. Masks as in `RoundRecord`; distances in bits, None where one of the two did not open."""

    verdict: JobVerdict
    revealed: int
    near: int
    far: int
    distances: tuple[int | None, ...]
    appeal_end: int
    place: Place


@dataclass(frozen=True)
class JobRound:
    """One committee. Round 0 begins when the worker commits, each later one with an appeal.

    `members` is empty until somebody told the draw. `seed`: what keys this round's log, the job's seed in round 0 and
    later the round's key; None until it was drawn. `appellant` and `bond_wei`: who called it and for how much.
    """

    number: int
    size: int
    threshold: int
    pinned_block: int
    epoch: int
    commit_end: int
    reveal_end: int
    begun: Place
    seed: bytes | None = None
    appellant: Address | None = None
    bond_wei: int = 0
    members: tuple[Member, ...] = ()
    drawn: Place | None = None
    commitments: Mapping[int, Commitment] = field(default_factory=lambda: MappingProxyType({}))
    all_committed: Place | None = None
    openings: Mapping[int, Opened] = field(default_factory=lambda: MappingProxyType({}))
    decision: Decision | None = None

    @property
    def log(self) -> Log:
        """What was committed so far, in the form that the court's calls take."""
        entries = tuple(Entry(item.index, item.commitment) for item in self.commitments.values())
        return Log(self.seed or bytes(32), entries)

    @property
    def record(self) -> RoundRecord | None:
        """What the court's `finalize` takes of this round, once it was decided."""
        if self.decision is None:
            return None
        return RoundRecord(self.members, self.decision.revealed, self.decision.near, self.decision.far)

    def account_of(self, index: int) -> Address | None:
        """Who has an index among the members, None while that is not known."""
        return self.members[index - 1].account if 1 <= index <= len(self.members) else None


@dataclass(frozen=True)
class Ringer:
    """The job was a test. `digest`: the wrong answer that its terms had fixed."""

    digest: int
    place: Place


@dataclass(frozen=True)
class Payment:
    """A committee member was paid."""

    account: Address
    amount_wei: int
    place: Place


@dataclass(frozen=True)
class Strike:
    """A committee member was against the verdict, or `absent`; `strikes` it has had since it was last slashed."""

    account: Address
    strikes: int
    absent: bool
    place: Place


@dataclass(frozen=True)
class Slash:
    """A seat lost a part of its stake when the job ended."""

    seat: int
    account: Address
    amount_wei: int
    place: Place


@dataclass(frozen=True)
class Ending:
    """How a job ended. `verdict` NONE: it expired, because its worker never committed."""

    verdict: JobVerdict
    requester_wei: int
    worker_wei: int
    burned_wei: int
    place: Place


@dataclass(frozen=True)
class Job:
    """One job. `number`: position in the order of submission, from 1. `seed`: None until the pinned block's hash was
    used. `pinned_block`: of the seed until it was drawn, then of the current round's draw."""

    number: int
    job_id: bytes
    terms: JobTerms
    class_: RegisteredClass
    input: bytes
    work_end: int
    pinned_block: int
    submitted: Place
    seed: bytes | None = None
    seed_drawn: Place | None = None
    rounds: tuple[JobRound, ...] = ()
    ringer: Ringer | None = None
    payments: tuple[Payment, ...] = ()
    strikes: tuple[Strike, ...] = ()
    slashes: tuple[Slash, ...] = ()
    ending: Ending | None = None

    @property
    def current(self) -> JobRound | None:
        """The newest round, None before the worker committed."""
        return self.rounds[-1] if self.rounds else None

    @property
    def verdict(self) -> JobVerdict:
        """What holds as of now: the newest decision, unless the job was shown to be a test."""
        if self.ringer is not None:
            return JobVerdict.RINGER
        decisions = [item.decision for item in self.rounds if item.decision is not None]
        return decisions[-1].verdict if decisions else JobVerdict.NONE

    def phase(self, now: int) -> JobPhase:
        """What the court would say at chain time `now`."""
        return self._phase_and_end(now)[0]

    def phase_end(self, now: int) -> int | None:
        """When the phase at chain time `now` ends by time; None for one that ends by a call."""
        return self._phase_and_end(now)[1]

    def _phase_and_end(self, now: int) -> tuple[JobPhase, int | None]:
        """The rule of `contracts/src/libraries/Dockets.sol`."""
        current = self.current
        if self.ending is not None:
            return JobPhase.CLOSED, None
        if current is None:
            return (JobPhase.WORK, self.work_end) if now < self.work_end else (JobPhase.EXPIRED, None)
        if current.decision is not None:
            end = current.decision.appeal_end
            return (JobPhase.APPEAL, end) if now < end and self.ringer is None else (JobPhase.SETTLED, None)
        if current.all_committed is None and now < current.commit_end:
            return JobPhase.COMMIT, current.commit_end
        return (JobPhase.REVEAL, current.reveal_end) if now < current.reveal_end else (JobPhase.DUE, None)

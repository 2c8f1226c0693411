"""What the output court says: one immutable value an event, as in `contracts.events`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.court_values import ClassTerms, JobTerms, JobVerdict, Member, Opening
from contracts.event_base import Event
from contracts.values import Address


@dataclass(frozen=True, kw_only=True)
class Deposited(Event):
    """`amount` was added to the account's balance."""

    account: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    """`amount` of the account's balance was paid out."""

    account: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class ClassRegistered(Event):
    """A class was registered; jobs can name it from chain time `usable_from` on."""

    class_id: bytes
    terms: ClassTerms
    description: bytes
    usable_from: int


@dataclass(frozen=True, kw_only=True)
class JobSubmitted(Event):
    """A job was submitted: the worker may commit until `work_end`, with a seed from the pinned block."""

    job_id: bytes
    requester: Address
    worker: Address
    terms: JobTerms
    input: bytes
    work_end: int
    pinned_block: int


@dataclass(frozen=True, kw_only=True)
class BlockPinned(Event):
    """The chain had forgotten the block pinned before: now it is this one. `phase_end`: end of the phase it is in."""

    job_id: bytes
    round: int
    pinned_block: int
    epoch: int
    phase_end: int


@dataclass(frozen=True, kw_only=True)
class SeedDrawn(Event):
    """The job's seed is known."""

    job_id: bytes
    seed: bytes


@dataclass(frozen=True, kw_only=True)
class WorkCommitted(Event):
    """The worker committed. A committee is drawn from the seats of `epoch` and may commit until `commit_end`."""

    job_id: bytes
    commitment: bytes
    pinned_block: int
    epoch: int
    commit_end: int


@dataclass(frozen=True, kw_only=True)
class CommitteeDrawn(Event):
    """The committee of a round. `key` keys the digests of appeals; it is zero in round 0."""

    job_id: bytes
    round: int
    key: bytes
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class Committed(Event):
    """A member, or in appeals the worker (index 0), committed."""

    job_id: bytes
    account: Address
    round: int
    index: int
    commitment: bytes


@dataclass(frozen=True, kw_only=True)
class RevealBegun(Event):
    """Everybody committed; the commitments can be opened until `reveal_end`."""

    job_id: bytes
    round: int
    reveal_end: int


@dataclass(frozen=True, kw_only=True)
class Revealed(Event):
    """A commitment was opened ahead of the decision."""

    job_id: bytes
    account: Address
    round: int
    opening: Opening


@dataclass(frozen=True, kw_only=True)
class JobDecided(Event):
    """A round was decided; appeals are possible until `appeal_end`.

    `revealed`, `near`, `far`: masks as in RoundRecord. `distances`: of each member to the worker in bits, 65535 where
    one of the two did not open.
    """

    job_id: bytes
    round: int
    verdict: JobVerdict
    revealed: int
    near: int
    far: int
    distances: tuple[int, ...]
    openings: tuple[Opening, ...]
    appeal_end: int


@dataclass(frozen=True, kw_only=True)
class Appealed(Event):
    """`appellant` put up `bond` for a new round with a larger committee: half for its fees, half at stake."""

    job_id: bytes
    appellant: Address
    round: int
    committee_size: int
    bond: int
    pinned_block: int
    epoch: int
    commit_end: int


@dataclass(frozen=True, kw_only=True)
class RingerExposed(Event):
    """The job was a test: the worker's wrong answer was fixed before the seed was known."""

    job_id: bytes
    digest: int


@dataclass(frozen=True, kw_only=True)
class VerifierPaid(Event):
    """A member was paid its fee, or also its share of a ringer's bounty."""

    job_id: bytes
    account: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class VerifierStruck(Event):
    """A member was against the verdict, or absent. With the third strike its seat is slashed."""

    job_id: bytes
    account: Address
    strikes: int
    absent: bool


@dataclass(frozen=True, kw_only=True)
class JobFinalized(Event):
    """The job ended; requester and worker got their shares of what was locked, the rest was burned."""

    job_id: bytes
    verdict: JobVerdict
    requester_share: int
    worker_share: int
    burned: int


@dataclass(frozen=True, kw_only=True)
class JobExpired(Event):
    """The worker never committed; the requester got `refund` back."""

    job_id: bytes
    refund: int

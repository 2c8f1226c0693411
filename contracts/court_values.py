"""What the output court holds and is told, as immutable values.

Fields follow the Solidity structs in `src/interfaces/IOutputCourt.sol` one to one, in order, in snake case; units and
types as in `contracts.values`. Digests of outputs are numbers of 256 bits, everything hashed on the way is 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from contracts.values import ZERO_ADDRESS, Address

COMMITTEE_SIZES: Final = (3, 7, 15, 31)  # the first committee, then one for each appeal
NO_DISTANCE: Final = 0xFFFF  # in JobDecided, where one of the two did not open


class JobPhase(IntEnum):
    """What a job is at some time. EXPIRED: its worker never committed. DUE: the time to open is over."""

    NONE = 0
    WORK = 1
    EXPIRED = 2
    COMMIT = 3
    REVEAL = 4
    DUE = 5
    APPEAL = 6
    SETTLED = 7
    CLOSED = 8

    def __str__(self) -> str:
        return self.name.lower()


class JobVerdict(IntEnum):
    """What a committee found; NONE while it has not."""

    NONE = 0
    ACCEPT = 1
    REJECT_NO_SHOW = 2
    REJECT_DISAGREEMENT = 3
    INCONCLUSIVE = 4
    RINGER = 5

    def __str__(self) -> str:
        return self.name.lower().replace("_", "-")

    @property
    def rejects(self) -> bool:
        """Whether the worker's output was found wrong, or was never shown."""
        return self in (JobVerdict.REJECT_NO_SHOW, JobVerdict.REJECT_DISAGREEMENT)


@dataclass(frozen=True)
class ClassTerms:
    """A determinism class as the court sees it: the digest of its description, thresholds, prices and windows."""

    description_digest: bytes
    threshold: int
    appeal_threshold: int
    verifier_fee: int
    worker_bond: int
    minimum_worker_fee: int
    work_seconds: int
    commit_seconds: int
    reveal_seconds: int
    appeal_seconds: int


@dataclass(frozen=True)
class ClassRecord:
    """A class as stored; all zero when it is unknown. `usable_from`: chain time from which jobs may name it."""

    threshold: int
    appeal_threshold: int
    verifier_fee: int
    worker_bond: int
    appeal_seconds: int
    minimum_worker_fee: int
    work_seconds: int
    commit_seconds: int
    reveal_seconds: int
    usable_from: int

    @property
    def known(self) -> bool:
        """Whether the class was registered."""
        return self.usable_from != 0


@dataclass(frozen=True)
class JobTerms:
    """What a requester asks for; the job's id is their hash. Both hashes are keccak-256."""

    class_id: bytes
    requester: Address
    worker: Address
    worker_fee: int
    input_digest: bytes
    ringer_hash: bytes
    salt: bytes


@dataclass(frozen=True)
class Member:
    """A drawn verifier: its seat, and the owner of the seat. Both zero: the draw found nobody for this place."""

    seat: int
    account: Address

    @property
    def vacant(self) -> bool:
        """Whether nobody was found."""
        return self.account == ZERO_ADDRESS


@dataclass(frozen=True)
class Entry:
    """One commitment of a round. `index`: 0 the worker, from 1 the members in the order of the draw."""

    index: int
    commitment: bytes


@dataclass(frozen=True)
class SignedEntry:
    """A commitment that its maker signed, for somebody else to send: `r` and `vs` of ERC-2098."""

    entry: Entry
    r: bytes
    vs: bytes


@dataclass(frozen=True)
class Log:
    """Everything that was committed in a round, first to last. `seed`: the job's seed in round 0, later the key."""

    seed: bytes
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Opening:
    """What a commitment hides. `output_digest`: sha2-256 root of the output's content identifier."""

    index: int
    digest: int
    output_digest: bytes
    salt: bytes


@dataclass(frozen=True)
class RoundRecord:
    """What a decided round leaves behind. Bit 0 of a mask is the worker, bit i member i.

    `revealed`: who opened; `near`: members within the threshold of the worker; `far`: members that count against it,
    the majority that agrees, or without one all others who opened.
    """

    members: tuple[Member, ...]
    revealed: int
    near: int
    far: int


@dataclass(frozen=True)
class JobView:
    """A job as of the block asked. Masks as in RoundRecord; `requester_appeals`: bit r, round r is the requester's.

    `transcript`, `committee_hash`: zero before seed or key, and committee, were drawn.
    """

    phase: JobPhase
    verdict: JobVerdict
    round: int
    committee_size: int
    committed: int
    revealed: int
    near: int
    far: int
    requester_appeals: int
    phase_end: int
    pinned_block: int
    epoch: int
    transcript: bytes
    committee_hash: bytes

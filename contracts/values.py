"""What the contracts hold, as immutable values: configuration, status, rounds, seats.

Fields follow the Solidity structs in `src/interfaces/` one to one, in order, in snake case. Amounts are integers in the
token's smallest unit, times are seconds of chain time, digests are 32 bytes, addresses are EIP-55 checksum strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_typing import ChecksumAddress, HexAddress, HexStr

Address = ChecksumAddress
ZERO_ADDRESS = Address(HexAddress(HexStr("0x" + "00" * 20)))


class Status(IntEnum):
    """What a round is, as stored. OPEN covers commit, reveal, attest and lapsed."""

    NONE = 0
    OPEN = 1
    ACCEPTED = 2
    FINALIZED = 3
    SKIPPED = 4


class Phase(IntEnum):
    """What a round is at some time. LAPSED: open, but no result can come. SETTLED: past its challenge window."""

    NONE = 0
    COMMIT = 1
    REVEAL = 2
    ATTEST = 3
    LAPSED = 4
    CHALLENGE = 5
    SETTLED = 6
    FINALIZED = 7
    SKIPPED = 8

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class ProjectConfiguration:
    """Everything fixed when a project is created."""

    token: Address
    registry: Address
    owner: Address
    manifest_digest: bytes
    genesis_digest: bytes
    rule_hash: bytes
    round_pool: int
    rounds: int
    minimum_seats: int
    commit_seconds: int
    reveal_seconds: int
    attest_seconds: int
    challenge_seconds: int
    close_thaw_seconds: int


@dataclass(frozen=True)
class ProjectStatus:
    """A project as a whole. `accepted_total` and `finalized_total` are cumulative totals of the last such result."""

    head_digest: bytes
    reward_root: bytes
    last_round: int
    last_accepted: int
    last_finalized: int
    accepted_rounds: int
    unfinalized_rounds: int
    funded: int
    refunded: int
    claimed_total: int
    accepted_total: int
    finalized_total: int
    reserved: int
    available: int
    closable_at: int
    complete: bool
    closed: bool

    @property
    def closing(self) -> bool:
        """The owner asked to close: no further round opens."""
        return self.closable_at != 0

    @property
    def cumulative_total(self) -> int:
        """What the next result's total starts from."""
        return self.accepted_total


@dataclass(frozen=True)
class RoundView:
    """One round. `phase` is as of the block asked; `phase_at` tells it for any other time."""

    status: Status
    phase: Phase
    epoch: int
    seats: int
    commits: int
    reveals: int
    previous_accepted: int
    commit_end: int
    reveal_end: int
    attest_end: int
    challenge_end: int
    result_hash: bytes

    def phase_at(self, time: int) -> Phase:
        """The phase at a chain time, by the contract's own rule (`libraries/Rounds.sol`)."""
        if self.status is Status.OPEN:
            return self._open_phase_at(time)
        if self.status is Status.ACCEPTED:
            return Phase.CHALLENGE if time < self.challenge_end else Phase.SETTLED
        return {Status.FINALIZED: Phase.FINALIZED, Status.SKIPPED: Phase.SKIPPED}.get(self.status, Phase.NONE)

    def _open_phase_at(self, time: int) -> Phase:
        if time < self.commit_end:
            return Phase.COMMIT
        if self.commits > 0 and time < self.reveal_end:
            return Phase.REVEAL
        if self.reveals > 0 and time < self.attest_end:
            return Phase.ATTEST
        return Phase.LAPSED


@dataclass(frozen=True)
class Seat:
    """A seat counts in epochs [active_epoch, inactive_epoch); 0: no exit begun. Owner zero: paid back.

    `slashed`: how much of its stake is lost.
    """

    owner: Address
    active_epoch: int
    inactive_epoch: int
    slashed: int = 0

    def counts_in(self, epoch: int) -> bool:
        """Whether the seat belongs to the snapshot of that epoch."""
        return self.active_epoch <= epoch and (self.inactive_epoch == 0 or epoch < self.inactive_epoch)

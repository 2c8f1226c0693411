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
    """What a round is, as stored. OPEN covers everything up to lapsed."""

    NONE = 0
    OPEN = 1
    ACCEPTED = 2
    FINALIZED = 3
    SKIPPED = 4
    VOIDED = 5


class Phase(IntEnum):
    """What a round is at some time. LAPSED: open, but no result can come. SETTLED: past its challenge window.

    VOIDED: its result, or one it was built on, was proven false.
    """

    NONE = 0
    COMMIT = 1
    REVEAL = 2
    AVAILABILITY = 3
    ATTEST_COMMIT = 4
    ATTEST = 5
    LAPSED = 6
    CHALLENGE = 7
    SETTLED = 8
    FINALIZED = 9
    SKIPPED = 10
    VOIDED = 11

    def __str__(self) -> str:
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True)
class ProjectConfiguration:
    """Everything fixed when a project is created. `registry`: the factory fills it in, whoever creates gives zero.

    genesis_data_root, arithmetic_hash: what fraud proofs of the aggregate start from and compute with; an arithmetic
    hash of zero: aggregates cannot be proven false. trainers_per_round, attesters_per_round: 0 = every seat.
    """

    token: Address
    registry: Address
    owner: Address
    guardian: Address
    manifest_digest: bytes
    genesis_digest: bytes
    genesis_data_root: bytes
    arithmetic_hash: bytes
    rule_hash: bytes
    round_pool: int
    rounds: int
    minimum_seats: int
    trainers_per_round: int
    attesters_per_round: int
    commit_seconds: int
    reveal_seconds: int
    availability_seconds: int
    attest_commit_seconds: int
    attest_seconds: int
    challenge_seconds: int
    close_thaw_seconds: int
    silence_bond_bps: int

    @property
    def round_seconds(self) -> int:
        """All windows of a round and its challenge together: stake and budget are locked at least as long."""
        return (
            self.commit_seconds
            + self.reveal_seconds
            + self.availability_seconds
            + self.attest_commit_seconds
            + self.attest_seconds
            + self.challenge_seconds
        )


@dataclass(frozen=True)
class SeatTerms:
    """What the registry of a project is created with."""

    seat_stake: int
    epoch_seconds: int
    thaw_seconds: int


@dataclass(frozen=True)
class ProjectStatus:
    """A project as a whole. `accepted_total` and `finalized_total` are cumulative totals of the last such result.

    `seed`: of the round opened last; `pinned_block`: whose hash goes into the next seed, 0 while none is pinned.
    `forfeited`: pools of rounds without a result although somebody revealed.
    """

    head_digest: bytes
    reward_root: bytes
    seed: bytes
    last_round: int
    last_accepted: int
    last_finalized: int
    pinned_block: int
    accepted_rounds: int
    unfinalized_rounds: int
    funded: int
    refunded: int
    forfeited: int
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
    """One round. `phase` is as of the block asked; `phase_at` tells it for any other time.

    `batches`: of commitments posted by collectors. `attest_start`: when results can be accepted. `reveals_hash`: chain
    over everything revealed, in order.
    """

    status: Status
    phase: Phase
    epoch: int
    seats: int
    commits: int
    reveals: int
    batches: int
    previous_accepted: int
    commit_end: int
    reveal_end: int
    availability_end: int
    attest_start: int
    attest_end: int
    challenge_end: int
    cumulative_total: int
    result_hash: bytes
    reveals_hash: bytes

    def phase_at(self, time: int) -> Phase:
        """The phase at a chain time, by the contract's own rule (`libraries/Rounds.sol`)."""
        if self.status is Status.OPEN:
            return self._open_phase_at(time)
        if self.status is Status.ACCEPTED:
            return Phase.CHALLENGE if time < self.challenge_end else Phase.SETTLED
        return _ENDED.get(self.status, Phase.NONE)

    def _open_phase_at(self, time: int) -> Phase:
        if time < self.commit_end:
            return Phase.COMMIT
        if self.commits + self.batches == 0:
            return Phase.LAPSED
        if time < self.reveal_end:
            return Phase.REVEAL
        if self.reveals == 0:
            return Phase.LAPSED
        if time < self.availability_end:
            return Phase.AVAILABILITY
        if time < self.attest_start:
            return Phase.ATTEST_COMMIT
        return Phase.ATTEST if time < self.attest_end else Phase.LAPSED


_ENDED = {Status.FINALIZED: Phase.FINALIZED, Status.SKIPPED: Phase.SKIPPED, Status.VOIDED: Phase.VOIDED}


@dataclass(frozen=True)
class Custody:
    """What opens an attester's commitment to a result: `attendance.custody_hash`, and 32 random bytes."""

    custody: bytes
    salt: bytes


@dataclass(frozen=True)
class SignedAvailability:
    """What an attester holds of the seats from 256 * `word` on, for somebody else to bring. 65 bytes of signature."""

    word: int
    bitmap: int
    signature: bytes


@dataclass(frozen=True)
class SignedAttestation:
    """An attester's commitment to a result, for somebody else to bring. 65 bytes of signature."""

    commitment: bytes
    seat_ids: tuple[int, ...]
    signature: bytes


@dataclass(frozen=True)
class Seat:
    """A seat counts in epochs [active_epoch, inactive_epoch); 0: no exit begun.

    `slashed`: how much of its stake is lost. `withdrawn`: the rest was paid back.
    """

    owner: Address
    active_epoch: int
    inactive_epoch: int
    slashed: int = 0
    withdrawn: bool = False

"""What the contracts say: one immutable value an event.

Fields follow the Solidity events in `src/interfaces/` one to one, in order, in snake case, behind the place where the
event stands in the chain. Hashes of blocks and transactions are 32 bytes, everything else as in
`contracts.values`. Those of the court are in `contracts.court_events` and have their names here too.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.attendance_events import (
    AttestationCommitted,
    Attested,
    AvailabilityVoted,
    EquivocationProven,
    FraudProven,
    InactivityLeaked,
    SilencePunished,
)
from contracts.attestation import Result
from contracts.court_events import (
    Appealed,
    BlockPinned,
    ClassRegistered,
    Committed,
    CommitteeDrawn,
    Deposited,
    JobDecided,
    JobExpired,
    JobFinalized,
    JobSubmitted,
    RevealBegun,
    Revealed,
    RingerExposed,
    SeedDrawn,
    VerifierPaid,
    VerifierStruck,
    Withdrawn,
    WorkCommitted,
)
from contracts.event_base import Event
from contracts.values import Address

__all__ = [
    "Appealed",
    "Approval",
    "AttestationCommitted",
    "Attested",
    "AvailabilityVoted",
    "BlockPinned",
    "ClassRegistered",
    "CloseRequested",
    "CommitsPosted",
    "Committed",
    "CommitteeDrawn",
    "Deposited",
    "EndpointChanged",
    "EquivocationProven",
    "Event",
    "FraudProven",
    "InactivityLeaked",
    "JobDecided",
    "JobExpired",
    "JobFinalized",
    "JobSubmitted",
    "Paused",
    "ProjectClosed",
    "ProjectCreated",
    "ProjectFunded",
    "ReporterRewarded",
    "ResultAccepted",
    "RevealBegun",
    "Revealed",
    "RewardClaimed",
    "RewardWithdrawn",
    "RingerExposed",
    "RoundFinalized",
    "RoundOpened",
    "RoundSkipped",
    "RoundVoided",
    "RoundWindowsMoved",
    "SeatSlashed",
    "SeatsStaked",
    "SeatsUnstaked",
    "SeedDrawn",
    "SeedPinned",
    "SilencePunished",
    "Transfer",
    "UnstakeBegun",
    "UpdateCommitted",
    "UpdateRevealed",
    "UpdatesRevealed",
    "VerifierPaid",
    "VerifierStruck",
    "Withdrawn",
    "WorkCommitted",
]


@dataclass(frozen=True, kw_only=True)
class Transfer(Event):
    """Tokens moved."""

    sender: Address
    recipient: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class Approval(Event):
    """`owner` lets `spender` move up to `amount` of its tokens."""

    owner: Address
    spender: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class SeatsStaked(Event):
    """`count` seats with consecutive ids from `first_seat` were staked and count from `active_epoch` on."""

    owner: Address
    first_seat: int
    count: int
    active_epoch: int


@dataclass(frozen=True, kw_only=True)
class UnstakeBegun(Event):
    """The seats stop counting at `inactive_epoch`; their stake is locked until `thaw_end`."""

    owner: Address
    seat_ids: tuple[int, ...]
    inactive_epoch: int
    thaw_end: int


@dataclass(frozen=True, kw_only=True)
class SeatsUnstaked(Event):
    """The stake of the seats was paid back."""

    owner: Address
    seat_ids: tuple[int, ...]
    amount: int


@dataclass(frozen=True, kw_only=True)
class SeatSlashed(Event):
    """A seat lost `amount` of its stake, `slashed` altogether."""

    seat: int
    owner: Address
    amount: int
    slashed: int


@dataclass(frozen=True, kw_only=True)
class ReporterRewarded(Event):
    """`reporter` proved why a seat was slashed and can withdraw `reward`."""

    reporter: Address
    reward: int


@dataclass(frozen=True, kw_only=True)
class RewardWithdrawn(Event):
    """`reward` was paid out to a reporter."""

    reporter: Address
    reward: int


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """No stake and no round begins before `paused_until`."""

    paused_until: int


@dataclass(frozen=True, kw_only=True)
class EndpointChanged(Event):
    """`account` serves its blocks at `url`, whatever its stake: readers ask for that."""

    account: Address
    url: str
    peer_key: bytes


@dataclass(frozen=True, kw_only=True)
class ProjectCreated(Event):
    """A project was created, and its registry; the digest of `manifest` is in its configuration."""

    project: Address
    owner: Address
    registry: Address
    manifest: bytes


@dataclass(frozen=True, kw_only=True)
class ProjectFunded(Event):
    """The budget grew."""

    sender: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class RoundOpened(Event):
    """A round was opened on the checkpoint `base_digest`, with the weights of `epoch`."""

    round: int
    base_digest: bytes
    seed: bytes
    epoch: int
    pool: int
    stake_snapshot: int
    commit_end: int
    reveal_end: int
    attest_start: int
    attest_end: int


@dataclass(frozen=True, kw_only=True)
class RoundWindowsMoved(Event):
    """A window ended early because everybody had acted."""

    round: int
    commit_end: int
    reveal_end: int
    attest_start: int
    attest_end: int


@dataclass(frozen=True, kw_only=True)
class UpdateCommitted(Event):
    """A seat committed to its update. The order of these events is the order of commits."""

    round: int
    seat: int
    commitment: bytes


@dataclass(frozen=True, kw_only=True)
class CommitsPosted(Event):
    """`poster` brought `batch_hash`, over `count` commitments of others."""

    round: int
    batch: int
    poster: Address
    batch_hash: bytes
    count: int


@dataclass(frozen=True, kw_only=True)
class UpdateRevealed(Event):
    """A seat revealed its update: root digest of its identifier, root over its records."""

    round: int
    seat: int
    digest: bytes
    data_root: bytes
    salt: bytes


@dataclass(frozen=True, kw_only=True)
class UpdatesRevealed(Event):
    """Updates were revealed out of a batch, in this order; `openings` as `contracts.batches` packs them.

    One counts if its account owns the seat and signed it, and it is the first of the seat that does.
    """

    round: int
    batch: int
    openings: bytes


@dataclass(frozen=True, kw_only=True)
class SeedPinned(Event):
    """The seed after `round` takes in the hash of `pinned_block`."""

    round: int
    pinned_block: int


@dataclass(frozen=True, kw_only=True)
class ResultAccepted(Event):
    """Signatures of `weight` accepted a result; challengeable until `challenge_end`.

    `contributions`: the leaves of the weight root, packed (`node.rounds.outcome`).
    """

    round: int
    result_hash: bytes
    result: Result
    challenge_end: int
    weight: int
    contributions: bytes


@dataclass(frozen=True, kw_only=True)
class RoundFinalized(Event):
    """A result became final; everything up to `cumulative_total` can be claimed."""

    round: int
    reward_root: bytes
    cumulative_total: int


@dataclass(frozen=True, kw_only=True)
class RoundSkipped(Event):
    """A round ended without a result; its pool is available again."""

    round: int


@dataclass(frozen=True, kw_only=True)
class RoundVoided(Event):
    """A round's result, or one it was built on, was proven false; the head is `head_digest` again."""

    round: int
    head_digest: bytes


@dataclass(frozen=True, kw_only=True)
class RewardClaimed(Event):
    """`amount` was paid to `account`."""

    account: Address
    amount: int


@dataclass(frozen=True, kw_only=True)
class CloseRequested(Event):
    """The owner stopped future rounds; closing is possible from `closable_at` on."""

    requested_at: int
    closable_at: int


@dataclass(frozen=True, kw_only=True)
class ProjectClosed(Event):
    """The project was closed, `refund` paid back to its owner and `insured` to the insurance."""

    refund: int
    insured: int

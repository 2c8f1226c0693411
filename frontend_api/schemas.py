"""What the API answers. Amounts and scores are decimal strings: a uint256 does not fit JSON's numbers.

Every answer carries `head`: the newest block the index had read when it was given. An answer about a finalized round
carries the block that finalized it instead, because from that block on it never changes.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from frontend_api.indexing.database import ProjectStatus, RoundStatus

ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
DIGEST = "0x" + "9f" * 32
CID = "bafkreifx6pgikq3ypmkxqpcxkl2dxv3utfmkvjo4v2u7pfcz3dq2cuyxye"

Decimal = Annotated[
    int,
    BeforeValidator(lambda value: int(value) if isinstance(value, str) and value.isdecimal() else value),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+$", "examples": ["1500000000000000000"]}),
]
Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$", examples=[ADDRESS])]
Hash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", examples=[DIGEST])]
PhaseName = Literal[
    "commit",
    "reveal",
    "availability",
    "attest-commit",
    "attest",
    "lapsed",
    "challenge",
    "settled",
    "finalized",
    "skipped",
    "voided",
]
Outcome = Literal["pending", "skipped", "voided", "record-missing", "zero", "rewarded"]

ItemT = TypeVar("ItemT", bound=BaseModel)


class Schema(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(Schema):
    """A block."""

    block: int = Field(examples=[812])
    hash: Hash


class Answer(Schema):
    """An answer and the block it is about."""

    head: Head


class Listed(Answer, Generic[ItemT]):
    """One page of a list. `next_url` is null on the last page."""

    items: list[ItemT]
    next_url: str | None = Field(examples=[None])


class Transaction(Schema):
    """Where something happened on the chain."""

    block: int = Field(examples=[790])
    log_index: int = Field(examples=[0])
    transaction: Hash


class Project(Schema):
    """A training project: what it trains, by which rule, with which money."""

    address: Address
    number: int = Field(description="Position in the order of creation, from 1.")
    owner: Address
    seat_stake_wei: Decimal
    epoch_seconds: int = Field(description="Stake that comes or goes acts from the next epoch.")
    status: ProjectStatus
    task: str | None = Field(examples=["digits"], description="Null when the published manifest cannot be read.")
    rule: str | None = Field(examples=["multi-krum(f=2,keep=4)"])
    parameter_count: int | None
    configuration: dict[str, Any] = Field(description="What the contract fixed at creation.")
    last_round: int
    accepted_rounds: int
    finalized_rounds: int
    funded_wei: Decimal
    earned_wei: Decimal = Field(description="Cumulative total of the last accepted result.")
    claimed_wei: Decimal
    created: Transaction


class Round(Schema):
    """One round as of the head. Ends of windows are chain time in seconds."""

    project: Address
    number: int = Field(examples=[7])
    status: RoundStatus
    base_digest: Hash = Field(description="Checkpoint it started from.")
    seed: Hash
    epoch: int
    pool_wei: Decimal
    stake_snapshot_wei: Decimal
    accepted_weight_wei: Decimal | None = Field(description="Stake that signed the result.")
    commit_end: int
    reveal_end: int
    availability_end: int
    attest_start: int = Field(description="Results are accepted from then on.")
    attest_end: int
    challenge_end: int | None
    committed: int = Field(description="Seats that committed.")
    revealed: int = Field(description="Seats that revealed.")
    result_hash: Hash | None
    checkpoint_digest: Hash | None
    record: Literal["verified", "missing"] | None = Field(
        description="Whether a record that checks against the chain was found; null before a result was accepted."
    )
    accuracy: float | None = Field(description="Its server's own evaluation: not attested.")
    loss: float | None = Field(description="Its server's own evaluation: not attested.")
    opened: Transaction
    accepted: Transaction | None
    finalized: Transaction | None
    skipped: Transaction | None
    voided: Transaction | None = Field(description="Where its result, or one it was built on, was proven false.")


class Result(Schema):
    """What the quorum signed."""

    prev_cid: Hash
    input_root: Hash
    cid: Hash
    data_root: Hash
    weight_root: Hash
    reward_root: Hash
    cumulative_total: Decimal


class Signature(Schema):
    """An attester's signature, 65 bytes r, s, v."""

    signer: Address
    signature: str


class MerklePath(Schema):
    """A leaf and its way to a root. `root` is part of the result whose hash the contract holds."""

    name: Literal["weight_root", "input_root"]
    root: Hash
    leaf: str = Field(description="The leaf's bytes before hashing, hexadecimal.")
    index: int
    count: int = Field(description="Number of leaves; the root binds it.")
    path: list[Hash]


class Contribution(Schema):
    """What one seat's update was worth in one round, and why."""

    project: Address
    round: int
    seat: int
    owner: Address
    outcome: Outcome
    weight: int | None = Field(description="Share of the aggregate, in 1/65536.")
    score: Decimal | None
    reward_wei: Decimal | None
    reason: str | None = Field(examples=["filtered"], description="Why the reward is zero; null if it is not.")
    explanation: str = Field(description="The same as a sentence.")
    message_digest: Hash | None
    message_cid: str | None = Field(examples=[CID])
    message_bytes: int | None = Field(description="Its server's word.")


class Evidence(Schema):
    """Everything needed to check one contribution without trusting this API."""

    committed: Transaction | None
    revealed: Transaction | None
    accepted: Transaction | None
    finalized: Transaction | None
    result_hash: Hash | None
    result: Result | None
    proofs: list[MerklePath] | None = Field(description="With `?proof=true`, once a record was found.")


class SeatContribution(Contribution):
    """A contribution with its evidence."""

    evidence: Evidence


class ContributionAnswer(Answer):
    """What one account contributed in one round, seat by seat."""

    project: Address
    round: int
    address: Address
    status: RoundStatus
    reward_wei: Decimal | None
    seats: list[SeatContribution]


class RoundDetail(Round):
    """A round with everything that is known of it."""

    rule: str | None
    checkpoint_cid: str | None
    result: Result | None
    contributions: list[Contribution]
    signatures: list[Signature]


class RoundAnswer(Answer):
    """One round."""

    round: RoundDetail


class ProjectAnswer(Answer):
    """One project."""

    project: Project


class Peer(Schema):
    """An account that trains, or trained. Earnings are those of the project asked for."""

    address: Address
    endpoint: str | None = Field(examples=["http://127.0.0.1:9001"])
    peer_key: str | None
    seats: int = Field(description="Seats that count in the current epoch.")
    stake_wei: Decimal
    earned_wei: Decimal
    claimed_wei: Decimal


class PeerDetail(Peer):
    """A peer with its latest contributions, newest first."""

    seat_numbers: list[int]
    contributions: list[Contribution]


class PeerAnswer(Answer):
    """One peer."""

    peer: PeerDetail


class ClaimProof(Schema):
    """Arguments of `claim(account, cumulative, proof)` at the project's contract."""

    round: int = Field(description="The finalized round whose root this is.")
    reward_root: Hash
    account: Address
    cumulative_wei: Decimal
    proof: list[Hash]


class RewardAnswer(Answer):
    """What an account earned, what of it is final, and how to get it."""

    project: Address
    address: Address
    earned_wei: Decimal = Field(description="Up to `earned_round`.")
    earned_round: int | None = Field(description="The newest accepted round whose record was found.")
    claimed_wei: Decimal
    final_round: int | None = Field(description="The newest finalized round: its root is the one claims go against.")
    final_wei: Decimal | None = Field(description="Up to `final_round`; null while its record is missing.")
    claimable_wei: Decimal | None = Field(description="final_wei - claimed_wei.")
    claim: ClaimProof | None = Field(description="Null when there is nothing to claim, or no record to prove it.")


class Checkpoint(Schema):
    """The parameters after an accepted round. The one before round 1 is the project's genesis_digest."""

    project: Address
    round: int
    status: Literal["accepted", "finalized"]
    digest: Hash
    data_root: Hash
    cid: str | None = Field(examples=[CID])
    bytes: int | None = Field(description="Its server's word.")
    accuracy: float | None = Field(description="Its server's own evaluation: not attested.")
    loss: float | None = Field(description="Its server's own evaluation: not attested.")


class CurrentRound(Schema):
    """Where the current round stands at the head's time."""

    number: int
    phase: PhaseName = Field(
        description="Lapsed: no result can come any more. Settled: accepted and past its challenge window."
    )
    ends_at: int | None = Field(description="Chain time at which the phase ends, if it ends by time.")
    committed: int
    revealed: int
    seats: int = Field(description="Seats in the snapshot.")


class MissingRecord(Schema):
    """An accepted round whose record no peer could show yet."""

    round: int
    cause: str


class IndexState(Schema):
    """How far the index is."""

    state: Literal["starting", "following", "failing"]
    chain_block: int | None = Field(description="Newest block the chain endpoint told of.")
    lag_blocks: int | None
    records: int = Field(description="Records that checked.")
    missing_records: list[MissingRecord]
    cause: str | None = Field(description="Why it is failing.")


class VerdictCounts(Schema):
    """How many jobs stand where. A job counts by the verdict that holds now."""

    open: int = Field(description="Without a verdict.")
    accept: int
    reject: int
    inconclusive: int
    ringer: int


class CourtStatus(Schema):
    """The output court in numbers."""

    address: Address
    registry: Address = Field(description="The verifiers' seats.")
    verifier_seats: int = Field(description="Seats that count in the current epoch.")
    classes: int
    jobs: VerdictCounts
    closed: int = Field(description="Jobs that have ended.")


class StatusAnswer(Answer):
    """The whole in one answer."""

    version: str
    chain_id: int
    chain_time: int = Field(description="Timestamp of the head, seconds.")
    token: Address
    disputes: Address = Field(description="Checks proofs that a result is false.")
    attendance: Address = Field(description="Where attesters say what they hold.")
    factory: Address
    seats: int = Field(description="Seats of the project that count in the current epoch.")
    index: IndexState
    project: Project | None
    round: CurrentRound | None
    checkpoint: Checkpoint | None = Field(description="The newest accepted one.")
    court: CourtStatus


class HealthAnswer(Answer):
    """Whether the index follows the chain."""

    status: Literal["ok"]

"""What the API answers about the output court: classes, jobs, the votes of committees, verdicts.

Amounts are decimal strings, digests and everything hashed 0x and 64 hexadecimal digits, distances bits of 256, times
chain seconds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from frontend_api.indexing.database import RejectReasonName, VerdictName
from frontend_api.schemas import CID, Address, Answer, Decimal, Hash, Schema, Transaction, VerdictCounts

JobPhaseName = Literal["work", "expired", "commit", "reveal", "due", "appeal", "settled", "closed"]
VoteState = Literal["vacant", "pending", "committed", "revealed", "no-show"]
Side = Literal["near", "far", "neither"]


class OutputClass(Schema):
    """A determinism class: what outputs must have in common to be compared, and what a job of it costs.

    `project`, `task`, `checkpoint_digest` and `hash` are null where the published description cannot be read.
    """

    class_id: Hash
    number: int = Field(description="Position in the order of registration, from 1.")
    task: str | None = Field(examples=["flow"])
    project: Address | None = Field(description="Whose manifest names the model.")
    checkpoint_digest: Hash | None = Field(description="Digest of the CID of the parameters.")
    hash: str | None = Field(examples=["phash"], description="How an output becomes a digest of 256 bits.")
    threshold: int = Field(examples=[16], description="Largest distance of two digests of the same output, in bits.")
    appeal_threshold: int = Field(description="The same for the keyed digests of appeals.")
    verifier_fee_wei: Decimal
    worker_bond_wei: Decimal
    minimum_worker_fee_wei: Decimal
    work_seconds: int
    commit_seconds: int
    reveal_seconds: int
    appeal_seconds: int
    usable_from: int = Field(description="Chain time from which jobs may name it.")
    registered: Transaction


class OutputClassDetail(OutputClass):
    """A class with its description, which the court holds the digest of, and what became of its jobs."""

    description_digest: Hash = Field(description="sha2-256 of the description in canonical CBOR.")
    description: dict[str, Any] | None = Field(
        description="Manifest, sampling, code and calibration: comparisons and errors of every kind that was measured."
    )
    jobs: VerdictCounts


class OutputClassAnswer(Answer):
    """One class."""

    output_class: OutputClassDetail


class Job(Schema):
    """One output that somebody paid for, and what became of it."""

    job: Hash
    number: int = Field(description="Position in the order of submission, from 1.")
    class_id: Hash
    task: str | None = Field(examples=["flow"])
    requester: Address
    worker: Address
    worker_fee_wei: Decimal
    input: str = Field(examples=["0x37"], description="What to generate from, hexadecimal.")
    prompt: str | None = Field(examples=["7"], description="The same as text; null where it is not UTF-8.")
    seed: Hash | None = Field(description="From a block hash that nobody knew when the job was submitted.")
    phase: JobPhaseName = Field(
        description="At the head's time. Expired: the worker never committed. Due: the time to open is over. "
        "Settled: the time to appeal is over. Closed: everything was paid."
    )
    phase_end: int | None = Field(description="Chain time at which the phase ends, if it ends by time.")
    round: int | None = Field(description="The newest committee, from 0; null before the worker committed.")
    committee_size: int | None = Field(examples=[3])
    verdict: VerdictName | None = Field(description="What holds now; null while no committee has decided.")
    reason: RejectReasonName | None = Field(description="Why it was rejected.")
    submitted: Transaction
    ended: Transaction | None


class Vote(Schema):
    """What the worker or a member of the committee committed to and opened."""

    index: int = Field(description="0 the worker, from 1 the members in the order of the draw.")
    role: Literal["worker", "verifier"]
    account: Address
    seat: int | None
    state: VoteState = Field(description="Vacant: the draw found nobody for this place.")
    side: Side | None = Field(
        description="Near: within the threshold of the worker's digest. Far: counts against the worker. "
        "Neither: agrees with nobody that counts."
    )
    distance: int | None = Field(examples=[2], description="To the worker's digest, in bits.")
    digest: Hash | None
    output_digest: Hash | None
    output_cid: str | None = Field(examples=[CID], description="The account's gateway serves the output under it.")
    commitment: Hash | None
    committed: Transaction | None
    revealed: Transaction | None


class CommitteeRound(Schema):
    """One committee: its votes, in the order of the draw, and its verdict."""

    round: int
    committee_size: int
    threshold: int
    verdict: VerdictName | None
    reason: RejectReasonName | None
    holds: bool = Field(description="Whether it is what the job ends with, as of now.")
    key: Hash | None = Field(description="What keys the digests of an appeal; null in round 0.")
    epoch: int = Field(description="Epoch of the verifiers' seats it is drawn from.")
    pinned_block: int = Field(description="Block whose hash it is drawn with.")
    appellant: Address | None
    bond_wei: Decimal
    commit_end: int
    reveal_end: int
    appeal_end: int | None
    worker: Vote
    votes: list[Vote] = Field(description="Of the members; empty before the committee was drawn.")
    begun: Transaction = Field(description="The worker's commitment, or the appeal.")
    drawn: Transaction | None
    all_committed: Transaction | None
    decided: Transaction | None


class Payment(Schema):
    """A verifier was paid."""

    account: Address
    amount_wei: Decimal
    transaction: Transaction


class Strike(Schema):
    """A verifier was against the verdict, or absent."""

    account: Address
    strikes: int = Field(description="How many it has had since it was last slashed for them.")
    absent: bool
    transaction: Transaction


class Slash(Schema):
    """A verifier's seat lost stake."""

    seat: int
    account: Address
    amount_wei: Decimal
    transaction: Transaction


class Ringer(Schema):
    """The job was a test. `digest`: the wrong answer fixed before the seed was known."""

    digest: Hash
    transaction: Transaction


class Outcome(Schema):
    """How the job ended, and who got what of the money it had locked."""

    kind: Literal["finalized", "expired"]
    requester_wei: Decimal
    worker_wei: Decimal
    burned_wei: Decimal
    transaction: Transaction


class JobDetail(Job):
    """A job with everything that is known of it."""

    input_digest: Hash
    ringer_hash: Hash = Field(description="Fixes the answer of a test job; random in all others.")
    salt: Hash
    seed_drawn: Transaction | None
    rounds: list[CommitteeRound]
    ringer: Ringer | None
    payments: list[Payment]
    strikes: list[Strike]
    slashes: list[Slash]
    outcome: Outcome | None


class JobAnswer(Answer):
    """One job."""

    job: JobDetail


class CommitteeVerdict(Schema):
    """What one committee decided."""

    job: Hash
    number: int = Field(description="The job's.")
    round: int
    class_id: Hash
    worker: Address
    verdict: VerdictName
    reason: RejectReasonName | None
    holds: bool = Field(description="Whether it is what the job ends with, as of now.")
    committee_size: int
    threshold: int
    near: int = Field(description="Members within the threshold of the worker's digest.")
    far: int = Field(description="Members that count against the worker.")
    absent: int = Field(description="Members that opened nothing.")
    distances: list[int | None] = Field(
        examples=[[0, 2, 0]], description="Of each member to the worker; null where one of the two opened nothing."
    )
    decided: Transaction

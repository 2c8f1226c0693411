"""Custom errors of OutputCourt: classes, jobs, commitments, appeals, balances."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.court_values import JobPhase, JobVerdict
from contracts.reverts.base import TypedRevert
from contracts.values import Address


class CourtReverted(TypedRevert):
    """OutputCourt refused."""


@dataclass(eq=False)
class Court_BadParameter(CourtReverted):
    """A court, or a class, with a parameter that cannot be."""

    sentence = "the court does not take this {name}"
    name: str


@dataclass(eq=False)
class Court_NotCurator(CourtReverted):
    """Only the curator registers classes."""

    sentence = "{account} is not the court's curator, {curator} is"
    account: Address
    curator: Address


@dataclass(eq=False)
class Court_ThresholdOutOfRange(CourtReverted):
    """Unrelated digests would match too often."""

    sentence = "a threshold of {threshold} bits is above {maximum}"
    threshold: int
    maximum: int


@dataclass(eq=False)
class Court_BondTooSmall(CourtReverted):
    """A requester who appeals and wins would lose money."""

    sentence = "the worker's bond of {bond} is below {minimum}"
    bond: int
    minimum: int


@dataclass(eq=False)
class Court_JobOutlastsThaw(CourtReverted):
    """Verifiers could take their stake away before a job ends."""

    sentence = "a job may take {job_seconds} seconds, but stake stays locked for {thaw_seconds} only"
    job_seconds: int
    thaw_seconds: int


@dataclass(eq=False)
class Court_DescriptionMismatch(CourtReverted):
    """The terms of a class name another description."""

    sentence = "the description hashes to {have}, the terms say {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Court_ClassExists(CourtReverted):
    """The class was registered before."""

    sentence = "class {class_id} is registered already"
    class_id: bytes


@dataclass(eq=False)
class Court_UnknownClass(CourtReverted):
    """Nobody registered the class."""

    sentence = "there is no class {class_id}"
    class_id: bytes


@dataclass(eq=False)
class Court_ClassNotYetUsable(CourtReverted):
    """The class was registered a moment ago."""

    sentence = "class {class_id} can be used from chain time {usable_from} on"
    class_id: bytes
    usable_from: int


@dataclass(eq=False)
class Court_NoAmount(CourtReverted):
    """Nothing cannot be deposited or withdrawn."""

    sentence = "there is no amount to move"


@dataclass(eq=False)
class Court_InexactTransfer(CourtReverted):
    """The token kept a part of what it moved."""

    sentence = "the token moved {received} instead of {expected}"
    expected: int
    received: int


@dataclass(eq=False)
class Court_BalanceTooSmall(CourtReverted):
    """The account has deposited less than this takes."""

    sentence = "{account} has {have} in the court and needs {want}: deposit more"
    account: Address
    have: int
    want: int


@dataclass(eq=False)
class Court_NotRequester(CourtReverted):
    """Only the requester can do this."""

    sentence = "{account} did not request this job, {requester} did"
    account: Address
    requester: Address


@dataclass(eq=False)
class Court_NotWorker(CourtReverted):
    """Only the worker can do this."""

    sentence = "{account} is not the worker of this job, {worker} is"
    account: Address
    worker: Address


@dataclass(eq=False)
class Court_BadWorker(CourtReverted):
    """The worker is nobody, or the requester."""

    sentence = "{worker} cannot be the worker of this job"
    worker: Address


@dataclass(eq=False)
class Court_FeeTooSmall(CourtReverted):
    """The class asks for more."""

    sentence = "a worker's fee of {fee} is below the {minimum} that the class asks for"
    fee: int
    minimum: int


@dataclass(eq=False)
class Court_InputMismatch(CourtReverted):
    """The terms name another input."""

    sentence = "the input hashes to {have}, the terms say {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Court_InputTooLong(CourtReverted):
    """The input does not fit."""

    sentence = "the input has {length} bytes, at most {maximum} are allowed"
    length: int
    maximum: int


@dataclass(eq=False)
class Court_JobExists(CourtReverted):
    """The same terms were submitted before."""

    sentence = "job {job_id} was submitted already"
    job_id: bytes


@dataclass(eq=False)
class Court_WrongPhase(CourtReverted):
    """The call belongs to another phase of the job."""

    sentence = "job {job_id} is in its {have} phase, this needs {want}"
    job_id: bytes
    have: JobPhase
    want: JobPhase


@dataclass(eq=False)
class Court_EmptyCommitment(CourtReverted):
    """A commitment cannot be zero."""

    sentence = "the commitment to job {job_id} is zero"
    job_id: bytes


@dataclass(eq=False)
class Court_BlockPending(CourtReverted):
    """The hash of the pinned block is not known yet."""

    sentence = "job {job_id} waits for block {pinned_block}"
    job_id: bytes
    pinned_block: int


@dataclass(eq=False)
class Court_BlockForgotten(CourtReverted):
    """The chain no longer knows the hash of the pinned block."""

    sentence = "the chain has forgotten block {pinned_block} of job {job_id}: pin a new one"
    job_id: bytes
    pinned_block: int


@dataclass(eq=False)
class Court_BlockNotForgotten(CourtReverted):
    """The hash of the pinned block can still be used."""

    sentence = "job {job_id} can still use block {pinned_block}"
    job_id: bytes
    pinned_block: int


@dataclass(eq=False)
class Court_AlreadyDrawn(CourtReverted):
    """What the pinned block was for has been drawn."""

    sentence = "job {job_id} has drawn already"
    job_id: bytes


@dataclass(eq=False)
class Court_PoolTooSmall(CourtReverted):
    """There are too few verifiers for a committee."""

    sentence = "{seats} seats of verifiers count now, a committee of {size} is to be drawn"
    seats: int
    size: int


@dataclass(eq=False)
class Court_CommitteeMismatch(CourtReverted):
    """Another committee was drawn."""

    sentence = "the committee of job {job_id} hashes to {have}, {want} was drawn"
    job_id: bytes
    have: bytes
    want: bytes


@dataclass(eq=False)
class Court_NotMember(CourtReverted):
    """The index belongs to somebody else."""

    sentence = "{account} does not have index {index} in job {job_id}"
    job_id: bytes
    index: int
    account: Address


@dataclass(eq=False)
class Court_AlreadyCommitted(CourtReverted):
    """One commitment a party and round."""

    sentence = "index {index} has committed to job {job_id} already"
    job_id: bytes
    index: int


@dataclass(eq=False)
class Court_LogMismatch(CourtReverted):
    """What was said of the commitments is not what is on record."""

    sentence = "the log of job {job_id} hashes to {have}, the transcript is {want}"
    job_id: bytes
    have: bytes
    want: bytes


@dataclass(eq=False)
class Court_OpeningMismatch(CourtReverted):
    """An opening that was not committed to, or comes twice."""

    sentence = "the opening with index {index} of job {job_id} is not what was committed to"
    job_id: bytes
    index: int


@dataclass(eq=False)
class Court_OpeningsDiffer(CourtReverted):
    """The openings are not exactly those that count."""

    sentence = "job {job_id} cannot be decided with the openings of mask {have}, only with those of mask {want}"
    job_id: bytes
    have: int
    want: int


@dataclass(eq=False)
class Court_NotAppellant(CourtReverted):
    """Acceptance is the requester's to appeal, rejection the worker's."""

    sentence = "{account} cannot appeal the verdict {verdict} on job {job_id}"
    job_id: bytes
    account: Address
    verdict: JobVerdict


@dataclass(eq=False)
class Court_NoFurtherAppeal(CourtReverted):
    """There is no committee above the last, and none above a ringer."""

    sentence = "nobody is above round {round} of job {job_id}"
    job_id: bytes
    round: int


@dataclass(eq=False)
class Court_RecordMismatch(CourtReverted):
    """What was said of the rounds is not what is on record."""

    sentence = "round {round} of job {job_id} is on record otherwise"
    job_id: bytes
    round: int


@dataclass(eq=False)
class Court_NotRinger(CourtReverted):
    """The worker did not commit to the answer that the terms fixed, or the job was appealed."""

    sentence = "job {job_id} is no test that the worker took part in"
    job_id: bytes

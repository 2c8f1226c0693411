"""Custom errors of TrainingProject: rounds and money of one project."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address, Phase


class ProjectReverted(TypedRevert):
    """TrainingProject refused."""


@dataclass(eq=False)
class Project_WrongPhase(ProjectReverted):
    """The call belongs to another phase of the round."""

    sentence = "round {round} is in its {have} phase, this needs {want}"
    round: int
    have: Phase
    want: Phase


@dataclass(eq=False)
class Project_PreviousUnsettled(ProjectReverted):
    """The round before is neither accepted nor skipped."""

    sentence = "round {round} is still in its {phase} phase"
    round: int
    phase: Phase


@dataclass(eq=False)
class Project_Complete(ProjectReverted):
    """All rounds were accepted."""

    sentence = "all {rounds} rounds of the project were accepted"
    rounds: int


@dataclass(eq=False)
class Project_Closing(ProjectReverted):
    """The owner asked to close."""

    sentence = "the project is closing, from chain time {closable_at} on it can be closed"
    closable_at: int


@dataclass(eq=False)
class Project_Closed(ProjectReverted):
    """The project was closed."""

    sentence = "the project is closed"


@dataclass(eq=False)
class Project_TooFewSeats(ProjectReverted):
    """Too few seats are active in this epoch."""

    sentence = "{have} seats are active in this epoch, a round needs {want}"
    have: int
    want: int


@dataclass(eq=False)
class Project_BudgetTooSmall(ProjectReverted):
    """What is left does not pay for a round."""

    sentence = "the project has {have} left, a round reserves {want}"
    have: int
    want: int


@dataclass(eq=False)
class Project_PoolsAboveStakeCap(ProjectReverted):
    """More would be at stake for a thief than the thief's stake is worth."""

    sentence = "pools of unfinalized rounds would come to {pools}, a third of the stake is {cap}"
    pools: int
    cap: int


@dataclass(eq=False)
class Project_NotSeatOwner(ProjectReverted):
    """Not the caller's seat, or not one that counts in this round."""

    sentence = "in round {round} seat {seat} does not count for {account}"
    round: int
    seat: int
    account: Address


@dataclass(eq=False)
class Project_AlreadyCommitted(ProjectReverted):
    """One commitment a seat and round."""

    sentence = "seat {seat} has already committed in round {round}"
    round: int
    seat: int


@dataclass(eq=False)
class Project_EmptyCommitment(ProjectReverted):
    """Zero is no commitment."""

    sentence = "the commitment of seat {seat} in round {round} is zero"
    round: int
    seat: int


@dataclass(eq=False)
class Project_CommitMismatch(ProjectReverted):
    """Revealed is not what was committed to, or it was revealed before."""

    sentence = "in round {round} seat {seat} has no open commitment to this update"
    round: int
    seat: int


@dataclass(eq=False)
class Project_WrongBase(ProjectReverted):
    """The result does not start from the head."""

    sentence = "the result of round {round} starts from {have}, the head is {want}"
    round: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Project_TotalOutOfRange(ProjectReverted):
    """The result takes back what was allocated, or allocates more than one pool."""

    sentence = "the result of round {round} allocates {have} altogether, allowed are {least} to {most}"
    round: int
    have: int
    least: int
    most: int


@dataclass(eq=False)
class Project_SignersNotAscending(ProjectReverted):
    """Signers out of order, or one twice."""

    sentence = "signers must ascend, but {signer} follows {previous}"
    previous: Address
    signer: Address


@dataclass(eq=False)
class Project_SignerWithoutStake(ProjectReverted):
    """The signature is by somebody without stake in the snapshot, or over something else."""

    sentence = "{signer} has no stake in the snapshot of round {round}"
    round: int
    signer: Address


@dataclass(eq=False)
class Project_QuorumNotMet(ProjectReverted):
    """The signatures do not carry more than two thirds."""

    sentence = "the signatures for round {round} carry {weight}, more than two thirds of {stake_snapshot} are needed"
    round: int
    weight: int
    stake_snapshot: int


@dataclass(eq=False)
class Project_ResultMismatch(ProjectReverted):
    """Not the result that was accepted."""

    sentence = "the result of round {round} hashes to {have}, accepted was {want}"
    round: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Project_FinalizeOutOfOrder(ProjectReverted):
    """An earlier accepted round is not finalized yet."""

    sentence = "round {round} follows round {previous_accepted}, but finalized is only round {last_finalized}"
    round: int
    previous_accepted: int
    last_finalized: int


@dataclass(eq=False)
class Project_BadProof(ProjectReverted):
    """The Merkle proof does not lead to the reward root; it may be one of an older root."""

    sentence = "the proof that {account} earned {cumulative} does not lead to the reward root"
    account: Address
    cumulative: int


@dataclass(eq=False)
class Project_NothingToClaim(ProjectReverted):
    """Everything proven was paid before."""

    sentence = "{account} has already received {claimed} of {cumulative}"
    account: Address
    cumulative: int
    claimed: int


@dataclass(eq=False)
class Project_Insolvent(ProjectReverted):
    """The leaves of a false reward root sum to more than was allocated."""

    sentence = "claims would come to {want}, allocated is only {have}"
    want: int
    have: int


@dataclass(eq=False)
class Project_NothingToFund(ProjectReverted):
    """Funding with nothing."""

    sentence = "funding must be more than nothing"


@dataclass(eq=False)
class Project_InexactTransfer(ProjectReverted):
    """The token kept a part of what it moved."""

    sentence = "the token moved {received} instead of {expected}"
    expected: int
    received: int


@dataclass(eq=False)
class Project_NotOwner(ProjectReverted):
    """Only the owner may."""

    sentence = "{account} is not the owner {owner}"
    account: Address
    owner: Address


@dataclass(eq=False)
class Project_NotClosable(ProjectReverted):
    """Not complete, and no request to close has thawed."""

    sentence = "the project is not complete, and closable from chain time {closable_at} on (0: not requested)"
    closable_at: int


@dataclass(eq=False)
class Project_RoundsPending(ProjectReverted):
    """Rounds must be finalized or skipped before closing."""

    sentence = "rounds that must be finalized or skipped first: {count}"
    count: int

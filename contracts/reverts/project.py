"""Custom errors of TrainingProject: the rounds of one project."""

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
class Project_TooManySeats(ProjectReverted):
    """More seats are active than a round counts."""

    sentence = "{have} seats are active, a round counts at most {most}"
    have: int
    most: int


@dataclass(eq=False)
class Project_PipelineFull(ProjectReverted):
    """Too many rounds wait for the end of their challenge."""

    sentence = "{count} rounds are not final yet, as many as there may be"
    count: int


@dataclass(eq=False)
class Project_SeedPending(ProjectReverted):
    """The block whose hash makes the next seed is not there yet."""

    sentence = "the next round's seed needs block {pinned_block}, which is not there yet"
    pinned_block: int


@dataclass(eq=False)
class Project_SeedNotPinned(ProjectReverted):
    """No block is pinned for the next seed, or the chain has forgotten it."""

    sentence = "no block is pinned for the next round's seed"


@dataclass(eq=False)
class Project_SeedAlreadyPinned(ProjectReverted):
    """The pinned block can still be used."""

    sentence = "the next round's seed comes from block {pinned_block}, which can still be used"
    pinned_block: int


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
    """Revealed is not what was committed to."""

    sentence = "in round {round} seat {seat} has no open commitment to this update"
    round: int
    seat: int


@dataclass(eq=False)
class Project_AlreadyRevealed(ProjectReverted):
    """A seat reveals once, whichever way."""

    sentence = "seat {seat} has already revealed in round {round}"
    round: int
    seat: int


@dataclass(eq=False)
class Project_BadBatch(ProjectReverted):
    """A batch of nothing, one too large, or one too many."""

    sentence = "round {round} has {batches} batches and was brought one of {count} commitments"
    round: int
    count: int
    batches: int


@dataclass(eq=False)
class Project_BadOpenings(ProjectReverted):
    """No openings, or no whole number of them."""

    sentence = "{length} bytes are no whole number of openings"
    length: int


@dataclass(eq=False)
class Project_BatchMismatch(ProjectReverted):
    """Not the commitments that were posted."""

    sentence = "the entries of batch {batch} in round {round} hash to {have}, posted was {want}"
    round: int
    batch: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Project_NotAttester(ProjectReverted):
    """No seat of the account counts in this round."""

    sentence = "{account} has no seat that counts in round {round}"
    round: int
    account: Address


@dataclass(eq=False)
class Project_OpeningsMissing(ProjectReverted):
    """Where attesters commit every signature needs an opening, elsewhere none."""

    sentence = "{signatures} signatures came with {openings} openings, {want} are needed"
    signatures: int
    openings: int
    want: int


@dataclass(eq=False)
class Project_WrongContributions(ProjectReverted):
    """The contributions are not the leaves of the signed weight root."""

    sentence = "the contributions of round {round} make the root {have}, signed was {want}"
    round: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Project_WrongSum(ProjectReverted):
    """The result allocates something else than its contributions pay."""

    sentence = "the contributions of round {round} pay {have}, the result allocates {want}"
    round: int
    have: int
    want: int


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

    sentence = "the signatures for round {round} carry {weight}, more than two thirds of {seats} seats are needed"
    round: int
    weight: int
    seats: int


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
class Project_NotDisputes(ProjectReverted):
    """Only the contract that checks proofs voids and slashes."""

    sentence = "{account} cannot void a round, {disputes} can"
    account: Address
    disputes: Address


@dataclass(eq=False)
class Project_NotAttendance(ProjectReverted):
    """Only the attendance contract takes what absence costs."""

    sentence = "{account} cannot slash the absent, {attendance} can"
    account: Address
    attendance: Address

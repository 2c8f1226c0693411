"""Custom errors of Disputes: proofs that are none."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address, Status


class DisputesReverted(TypedRevert):
    """Disputes refused."""


@dataclass(eq=False)
class Disputes_NotFraud(DisputesReverted):
    """The proof is complete and shows that nothing is false."""

    sentence = "everything agrees with what is on record: nothing is false here"


@dataclass(eq=False)
class Disputes_NotAccepted(DisputesReverted):
    """No result is open to proof: none was accepted yet, or it is final or voided."""

    sentence = "round {round} is {status}, only an accepted one can be proven false"
    round: int
    status: Status


@dataclass(eq=False)
class Disputes_WrongResult(DisputesReverted):
    """Another result was accepted."""

    sentence = "the result hashes to {have}, on record is {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_WrongBase(DisputesReverted):
    """Another result was accepted before; `want` is zero where there was none."""

    sentence = "the result before hashes to {have}, on record is {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_WrongContributions(DisputesReverted):
    """Other contributions were accepted."""

    sentence = "the contributions make the root {have}, accepted was {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_WrongRevelations(DisputesReverted):
    """Something else, or in another order, was revealed."""

    sentence = "what was revealed chains to {have}, on record is {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_WrongArithmetic(DisputesReverted):
    """The project computes with something else."""

    sentence = "the arithmetic hashes to {have}, configured is {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_WrongRewards(DisputesReverted):
    """Something else had been earned before the round."""

    sentence = "the rewards before make the root {have}, on record is {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Disputes_AccountsNotAscending(DisputesReverted):
    """Accounts or signers are not in ascending order, each once."""

    sentence = "accounts must come in ascending order, each once: {account} does not follow {previous}"
    previous: Address
    account: Address


@dataclass(eq=False)
class Disputes_NotProvable(DisputesReverted):
    """The rule combines values, or the mean is over contributors."""

    sentence = "the project's aggregate is no weighted sum of updates"


@dataclass(eq=False)
class Disputes_NoSuchCoordinate(DisputesReverted):
    """The model is shorter."""

    sentence = "there is no parameter {coordinate} among {count}"
    coordinate: int
    count: int


@dataclass(eq=False)
class Disputes_WrongTensor(DisputesReverted):
    """The parameter is in another tensor."""

    sentence = "parameter {coordinate} is not in the tensor of {size} that starts at {start}"
    coordinate: int
    start: int
    size: int


@dataclass(eq=False)
class Disputes_BadProof(DisputesReverted):
    """A leaf or its path is not what was hashed."""

    sentence = "the proof does not lead from leaf {index} of {count} to {root}"
    root: bytes
    index: int
    count: int


@dataclass(eq=False)
class Disputes_WrongRecordCount(DisputesReverted):
    """Each update with weight is opened once."""

    sentence = "{have} records for {want} updates with weight"
    have: int
    want: int


@dataclass(eq=False)
class Disputes_NotRevealed(DisputesReverted):
    """That is a false input set, which is proven as one."""

    sentence = "no update of seat {seat} counts, which has weight"
    seat: int


@dataclass(eq=False)
class Disputes_NoSuchContribution(DisputesReverted):
    """The round has fewer contributions."""

    sentence = "there is no contribution {index} among {count}"
    index: int
    count: int


@dataclass(eq=False)
class Disputes_SameResult(DisputesReverted):
    """Signing one result twice is no equivocation."""

    sentence = "both results hash to {result_hash}"
    result_hash: bytes


@dataclass(eq=False)
class Disputes_DifferentSigners(DisputesReverted):
    """Two accounts signed one result each."""

    sentence = "one result is signed by {first}, the other by {second}"
    first: Address
    second: Address


@dataclass(eq=False)
class Disputes_NotProven(DisputesReverted):
    """Signers pay only for what was proven false."""

    sentence = "nobody has proven result {result_hash} of project {project} false"
    project: Address
    result_hash: bytes


@dataclass(eq=False)
class Disputes_NotSigner(DisputesReverted):
    """A seat was named whose owner has not signed."""

    sentence = "seat {seat} belongs to {owner}, who has not signed"
    seat: int
    owner: Address


class ContributionsReverted(TypedRevert):
    """Contributions cannot be read, whichever contract reads them."""


@dataclass(eq=False)
class Contributions_BadLength(ContributionsReverted):
    """A record has 41 bytes."""

    sentence = "contributions of {length} bytes are no whole number of records"
    length: int

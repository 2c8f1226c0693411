"""What a project has on record about a round, and how a proof that does not fit it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.attestation import Domain, result_digest
from contracts.batches import chain_of
from contracts.disputes import NO_RESULT, Arithmetic, Case
from contracts.values import Address
from node.errors import NodeError
from node.merkle import ZERO_HASH, PositionTree
from node.rounds.outcome import PackedContribution, contribution_leaf, unpack_contributions


class ProofRefused(NodeError):
    """The contract would refuse this proof with `error`."""

    def __init__(self, error: str) -> None:
        super().__init__(f"the proof would be refused with {error}")
        self.error = error


@dataclass(frozen=True)
class Facts:
    """A round as the chain has it.

    `accepted`: it has a result that can still be voided. `base_hash`: hash of the result accepted before, None where
    there is none; `previous`: the number of its round. `owners`: of every seat that counts in the round's epoch.
    `committed`: seats that committed directly. `votes`: what accounts said on the chain that they hold; `weights`: how
    many seats they have.
    """

    domain: Domain
    accepted: bool
    result_hash: bytes
    previous: int
    base_hash: bytes | None
    reveals_hash: bytes
    genesis_data_root: bytes
    arithmetic_hash: bytes
    pool_wei: int
    samples_trainers: bool
    owners: Mapping[int, Address]
    committed: frozenset[int] = frozenset()
    votes: Mapping[Address, frozenset[int]] = field(default_factory=dict)
    weights: Mapping[Address, int] = field(default_factory=dict)


def check_case(case: Case, facts: Facts) -> tuple[PackedContribution, ...]:
    """The contributions of a case that is what the chain has on record. Raises ProofRefused for any other."""
    if not facts.accepted:
        raise ProofRefused("Disputes_NotAccepted")
    if result_digest(facts.domain, case.round, case.result) != facts.result_hash:
        raise ProofRefused("Disputes_WrongResult")
    if facts.base_hash is None:
        if case.base != NO_RESULT:
            raise ProofRefused("Disputes_WrongBase")
    elif result_digest(facts.domain, facts.previous, case.base) != facts.base_hash:
        raise ProofRefused("Disputes_WrongBase")
    try:
        contributions = unpack_contributions(case.contributions)
    except ValueError as error:
        raise ProofRefused("Contributions_BadLength") from error
    if PositionTree(map(contribution_leaf, contributions)).root != case.result.weight_root:
        raise ProofRefused("Disputes_WrongContributions")
    if chain_of(case.revelations) != facts.reveals_hash:
        raise ProofRefused("Disputes_WrongRevelations")
    return contributions


def check_arithmetic(arithmetic: Arithmetic, facts: Facts) -> None:
    """Raises ProofRefused for terms that are not the project's."""
    if arithmetic.hash != facts.arithmetic_hash:
        raise ProofRefused("Disputes_WrongArithmetic")


def base_data_root(case: Case, facts: Facts) -> bytes:
    """Root over the parameters that the round started from."""
    return facts.genesis_data_root if facts.base_hash is None else case.base.data_root


def base_reward_root(case: Case) -> bytes:
    """Root over what was earned before the round; zero where nothing was."""
    return case.base.reward_root if case.base != NO_RESULT else ZERO_HASH

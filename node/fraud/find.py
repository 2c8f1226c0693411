"""Looking through an accepted round for anything that can be proven false.

Shape legend: d = parameters, m = entries of an update.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from contracts.disputes import Case, Earned, Fraud, Place, Proof, Record
from contracts.values import Address
from node.aggregation.aggregate import next_theta
from node.aggregation.fixed_point import AGGREGATE_BITS, GUARD_BITS, THETA_MAXIMUM, THETA_MINIMUM
from node.aggregation.reasons import Reason
from node.aggregation.rewards import address_bytes
from node.checkpoint import PARAMETERS_PER_LEAF, Theta, data_leaves
from node.codec import Update
from node.codec import data_leaves as records_of
from node.fraud.arithmetic import arithmetic_of, is_weighted_sum, layout_tree, tensors_of
from node.fraud.facts import Facts, base_data_root
from node.fraud.judge import judge
from node.fraud.records import chunk_at
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.outcome import PackedContribution, unpack_contributions

_WORD_BYTES = 32


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a watcher knows of an accepted round.

    `earned`: by account, before the round. `base`, `accepted`: parameters int32 (d,) that the round started from and
    that its result names, None where nobody serves them. `updates` by seat, as far as they can be had.
    """

    manifest: Manifest
    facts: Facts
    case: Case
    earned: Mapping[Address, int]
    base: Theta | None
    accepted: Theta | None
    updates: Mapping[int, Update] = field(default_factory=dict)


def find_fraud(evidence: Evidence) -> Proof | None:
    """A proof that the contract accepts, or None: nothing that can be proven is false.

    The cheaper proofs come first. Raises ProofRefused where the case itself is not what the chain has.
    """
    return next((proof for proof in _candidates(evidence) if judge(proof, evidence.facts)), None)


def coordinate_proof(evidence: Evidence, coordinate: int) -> Proof:
    """The proof about one parameter, or about a number after the last one. Raises KeyError where an update is missing
    and ValueError where the parameters are.
    """
    manifest, case = evidence.manifest, evidence.case
    if evidence.base is None or evidence.accepted is None:
        raise ValueError("the parameters before or after the round are missing")
    leaf = coordinate // PARAMETERS_PER_LEAF
    before, after = data_leaves(evidence.base), data_leaves(evidence.accepted)
    inside = min(coordinate, manifest.layout.parameter_count - 1)
    tensor_index = int(np.searchsorted(manifest.layout.tensor_starts, inside, side="right")) - 1
    tensor = tensors_of(manifest)[tensor_index]
    place = Place(
        coordinate=coordinate,
        tensor_index=tensor_index,
        tensor=tensor,
        tensor_proof=layout_tree(manifest).proof(tensor_index),
        base_leaf=_words(before[leaf]),
        base_proof=PositionTree(before).proof(leaf),
        next_leaf=_words(after[leaf]),
        next_proof=PositionTree(after).proof(leaf),
    )
    index = chunk_at(tensor, tensor_index, inside).index
    records = []
    for item in _weighted(unpack_contributions(case.contributions)):
        leaves = records_of(evidence.updates[item.seat], manifest.layout)
        records.append(Record(leaves[index], PositionTree(leaves).proof(index)))
    return Proof(Fraud.AGGREGATE, case, (arithmetic_of(manifest), place, records))


def _candidates(evidence: Evidence) -> Iterator[Proof]:
    """Proofs that may hold, in the order they are to be tried."""
    case, facts = evidence.case, evidence.facts
    contributions = unpack_contributions(case.contributions)
    yield Proof(Fraud.INPUTS, case)
    for index, item in enumerate(contributions):
        if item.reason == Reason.NOT_AVAILABLE:
            voters = sorted((who for who, seats in facts.votes.items() if item.seat in seats), key=address_bytes)
            yield Proof(Fraud.AVAILABILITY, case, (index, voters))
    ascending = sorted(evidence.earned.items(), key=lambda item: address_bytes(item[0]))
    earned = [Earned(account, total) for account, total in ascending if total > 0]
    yield Proof(Fraud.REWARDS, case, (arithmetic_of(evidence.manifest), earned))
    coordinate = first_wrong_coordinate(evidence, contributions)
    if coordinate is not None:
        yield coordinate_proof(evidence, coordinate)


def first_wrong_coordinate(evidence: Evidence, contributions: Sequence[PackedContribution]) -> int | None:
    """The first parameter that does not follow from the one before. None also where that cannot be seen: parameters
    that are not those of the roots on the chain, or an update that counted and cannot be had.
    """
    base, accepted, manifest = evidence.base, evidence.accepted, evidence.manifest
    weighted = _weighted(contributions)
    if base is None or accepted is None or not is_weighted_sum(manifest):
        return None
    roots = (base_data_root(evidence.case, evidence.facts), evidence.case.result.data_root)
    if tuple(PositionTree(data_leaves(theta)).root for theta in (base, accepted)) != roots:
        return None
    if any(item.seat not in evidence.updates for item in weighted):
        return None
    updates, weights = [evidence.updates[item.seat] for item in weighted], [item.weight for item in weighted]
    try:
        expected = next_theta(base, updates, weights, manifest)
    except ValueError:  # weights that no rule gives, so that 64 bits may not hold the sum
        expected = next_theta_of_any_weights(base, updates, weights, manifest)
    wrong = np.flatnonzero(expected != accepted)
    return int(wrong[0]) if wrong.size else None


def next_theta_of_any_weights(
    base: Theta, updates: Sequence[Update], weights: Sequence[int], manifest: Manifest
) -> Theta:
    """The same in Python's integers, which have no bound: a hundred times slower."""
    layout = manifest.layout
    total = np.zeros(layout.parameter_count, dtype=object)
    for update, weight in zip(updates, weights, strict=True):
        factors = np.array([weight << int(shift) for shift in update.shifts], dtype=object)
        total[update.positions] += np.repeat(factors, layout.chunk_counts) * update.mantissas.astype(object)
    bits = np.repeat([tensor.grid_bits for tensor in manifest.tensors], np.diff(layout.tensor_starts))
    shifts = (AGGREGATE_BITS - GUARD_BITS - bits).astype(object)
    mean = (total + 2 ** (shifts - 1)) // 2**shifts
    moved = base.astype(object) - (mean * manifest.alpha_q16 + (1 << 15 + GUARD_BITS) >> 16 + GUARD_BITS)
    clipped: Theta = np.clip(moved, THETA_MINIMUM, THETA_MAXIMUM).astype(np.int32)
    return clipped


def _weighted(contributions: Sequence[PackedContribution]) -> list[PackedContribution]:
    return [item for item in contributions if item.weight != 0]


def _words(leaf: bytes) -> tuple[bytes, ...]:
    return tuple(leaf[at : at + _WORD_BYTES] for at in range(0, len(leaf), _WORD_BYTES))

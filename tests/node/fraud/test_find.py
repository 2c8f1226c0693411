"""Looking through rounds: nothing in honest ones, and a proof for each that is false."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from contracts.attestation import Domain
from contracts.disputes import Arithmetic, Fraud, Place, Proof
from node.aggregation.aggregate import next_theta
from node.aggregation.reasons import Reason
from node.checkpoint import data_leaves
from node.fraud import Evidence, ProofRefused, arithmetic_of, find_fraud, judge
from node.fraud.arithmetic import is_weighted_sum, tensors_of
from node.fraud.find import coordinate_proof, first_wrong_coordinate, next_theta_of_any_weights
from node.manifest import Manifest, TensorSpec
from node.merkle import ZERO_HASH, PositionTree
from node.rounds.outcome import unpack_contributions
from tests.support.fraud_rounds import (
    ALTERATIONS,
    a_manifest,
    account,
    honest_round,
    with_contributions,
    with_negative_weights,
    with_result,
)

DOMAIN = Domain(31337, account(1000))
ROUNDS = 40
SMALL = Manifest(
    task="test",
    tensors=(TensorSpec("w", (130,), 7, bits=2), TensorSpec("b", (3,), 0, grid_bits=8)),
    rule="mean",
    byzantine=0,
    alpha_q16=3 << 15,
)


def with_updates(seed: int, manifest: Manifest = SMALL) -> tuple[Evidence, random.Random]:
    """An honest round in which somebody has weight."""
    while True:
        chance = random.Random(seed)
        evidence = honest_round(chance, DOMAIN, manifest=manifest)
        if any(item.weight for item in unpack_contributions(evidence.case.contributions)):
            return evidence, chance
        seed += 1000


def test_nothing_is_found_in_honest_rounds_and_something_in_every_false_one() -> None:
    found: Counter[Fraud] = Counter()
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        evidence = honest_round(chance, DOMAIN)
        assert find_fraud(evidence) is None, seed
        assert find_fraud(with_negative_weights(evidence, chance)) is None, seed
        for name, alter in ALTERATIONS.items():
            altered = alter(evidence, chance)
            if altered is None:
                continue
            proof = find_fraud(altered)
            assert proof is not None, (seed, name)
            assert judge(proof, altered.facts)
            found[proof.fraud] += 1
    assert found.keys() == {Fraud.AGGREGATE, Fraud.REWARDS, Fraud.INPUTS}


def test_one_parameter_is_computed_as_all_of_them_are() -> None:
    evidence, _ = with_updates(3)
    for coordinate in range(SMALL.layout.parameter_count):
        assert not judge(coordinate_proof(evidence, coordinate), evidence.facts)


def test_the_first_parameter_that_differs_is_shown() -> None:
    evidence, _ = with_updates(4)
    assert evidence.accepted is not None
    theta = evidence.accepted.copy()
    theta[[17, 99]] ^= 1
    altered = replace(with_result(evidence, data_root=PositionTree(data_leaves(theta)).root), accepted=theta)
    proof = find_fraud(altered)
    assert proof is not None
    assert isinstance(proof.arguments[1], Place)
    assert (proof.fraud, proof.arguments[1].coordinate) == (Fraud.AGGREGATE, 17)


def test_a_number_after_the_last_parameter_is_fraud() -> None:
    evidence, _ = with_updates(5)
    proof = coordinate_proof(evidence, SMALL.layout.parameter_count)
    assert not judge(proof, evidence.facts)
    arithmetic, place, records = proof.arguments
    assert isinstance(place, Place)
    leaves = data_leaves(evidence.accepted) if evidence.accepted is not None else []
    at = 4 * (SMALL.layout.parameter_count % 64)
    leaves[-1] = leaves[-1][:at] + b"\x01" + leaves[-1][at + 1 :]
    altered = with_result(evidence, data_root=PositionTree(leaves).root)
    words = tuple(leaves[-1][start : start + 32] for start in range(0, 256, 32))
    assert judge(
        Proof(Fraud.AGGREGATE, altered.case, (arithmetic, replace(place, next_leaf=words), records)), altered.facts
    )


def test_weights_beyond_64_bits_are_computed_with_too() -> None:
    evidence, _ = with_updates(6)
    assert evidence.base is not None
    contributions = unpack_contributions(evidence.case.contributions)
    updates = [evidence.updates[item.seat] for item in contributions if item.weight]
    weights = [item.weight for item in contributions if item.weight]
    assert np.array_equal(next_theta_of_any_weights(evidence.base, updates, weights, SMALL), evidence.accepted)
    huge = [replace(item, weight=2**31 - 1) if item.weight else item for item in contributions]
    with pytest.raises(ValueError, match="let the aggregate reach"):
        next_theta(evidence.base, updates, [item.weight for item in huge if item.weight], SMALL)
    altered = with_contributions(evidence, huge)
    coordinate = first_wrong_coordinate(altered, huge)
    assert coordinate is not None
    assert judge(coordinate_proof(altered, coordinate), altered.facts)


def test_without_the_parameters_or_an_update_no_parameter_can_be_shown() -> None:
    evidence, chance = with_updates(7)
    altered = ALTERATIONS["another_parameter"](evidence, chance)
    assert altered is not None
    assert find_fraud(altered) is not None
    assert find_fraud(replace(altered, base=None)) is None
    assert find_fraud(replace(altered, accepted=None)) is None
    assert find_fraud(replace(altered, updates={})) is None
    assert find_fraud(replace(altered, accepted=evidence.accepted)) is None, "not those of the root on the chain"
    with pytest.raises(ValueError, match="missing"):
        coordinate_proof(replace(altered, accepted=None), 0)


def test_votes_on_the_chain_are_looked_at() -> None:
    chance = random.Random(8)
    while True:
        evidence = honest_round(chance, DOMAIN)
        left_out = [
            item.seat
            for item in unpack_contributions(evidence.case.contributions)
            if item.reason == Reason.NOT_AVAILABLE
        ]
        if left_out:
            break
    votes = {who: frozenset(left_out) for who in evidence.facts.weights}
    proof = find_fraud(replace(evidence, facts=replace(evidence.facts, votes=votes)))
    assert proof is not None
    assert proof.fraud is Fraud.AVAILABILITY


def test_a_case_that_is_not_on_the_chain_is_refused() -> None:
    evidence, _ = with_updates(9)
    facts = replace(evidence.facts, accepted=False)
    with pytest.raises(ProofRefused, match="Disputes_NotAccepted"):
        find_fraud(replace(evidence, facts=facts))


@pytest.mark.parametrize(
    ("changes", "provable"),
    [({}, True), ({"mean": "contributor"}, False), ({"rule": "median"}, False), ({"rule": "nnm(f=1)+mean"}, True)],
)
def test_parameters_are_provable_where_they_are_weighted_sums(changes: dict[str, str], provable: bool) -> None:
    manifest = replace(SMALL, **changes)  # type: ignore[arg-type]
    arithmetic = arithmetic_of(manifest)
    assert is_weighted_sum(manifest) == provable
    assert (arithmetic.layout_root == ZERO_HASH) != provable
    assert arithmetic.hash != ZERO_HASH


def test_rewards_are_provable_with_every_rule() -> None:
    evidence, chance = with_updates(10, replace(SMALL, rule="median", tensors=SMALL.tensors[1:]))
    assert find_fraud(evidence) is None
    contributions = unpack_contributions(evidence.case.contributions)
    altered = ALTERATIONS["another_reward"](evidence, chance)
    assert altered is not None
    assert len(contributions) >= 1
    assert find_fraud(altered) is not None


def test_the_terms_say_where_every_tensor_is() -> None:
    for seed in range(20):
        manifest = a_manifest(random.Random(seed))
        tensors, layout = tensors_of(manifest), manifest.layout
        assert [tensor.start for tensor in tensors] == layout.tensor_starts[:-1].tolist()
        assert [tensor.first_chunk for tensor in tensors] == layout.tensor_chunks[:-1].tolist()
        assert sum(tensor.size for tensor in tensors) == arithmetic_of(manifest).parameter_count
        assert all(tensor.bits == (tensor.bits if tensor.entries_per_chunk else 8) for tensor in tensors)
        assert arithmetic_of(manifest) == Arithmetic(
            manifest.alpha_q16,
            manifest.share_cap_q16,
            int(np.sum([tensor.size for tensor in tensors])),
            layout.chunk_count,
            len(tensors),
            PositionTree(tensor.leaf for tensor in tensors).root,
        )

"""FoolsGold and SybilWall in coordinated rounds: against the published formulas, and whom they trust."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from node.aggregation.rules import WEIGHT_ONE, Weights, parse_rule
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import identical, peers
from tests.node.aggregation.vectors import Float64, context_of, gram_of


def weights_of(name: str, histories: Float64) -> Weights:
    """This round's updates are not looked at."""
    n = len(histories)
    return parse_rule(name).weights(gram_of(np.eye(n)), context_of(n, histories=histories))


def trusts(histories: Float64) -> Float64:
    """Algorithm 1 of FoolsGold in its authors' code, with 1e-5 in pardoning and logit; no negative similarity."""
    unit = histories / np.linalg.norm(histories, axis=1, keepdims=True)
    n = len(unit)
    similar = np.maximum(unit @ unit.T, 0) - np.eye(n) * np.maximum(unit @ unit.T, 0)
    largest = similar.max(axis=1) + 1e-5
    for i in range(n):
        for j in range(n):
            if i != j and largest[i] < largest[j]:
                similar[i, j] *= largest[i] / largest[j]
    weight = np.clip(1 - similar.max(axis=1), 0, 1)
    weight /= weight.max()
    weight[weight == 1] = 0.99
    return np.asarray(np.clip(np.log(weight / (1 - weight) + 1e-5) + 0.5, 0, 1))


def foolsgold(histories: Float64) -> Float64:
    return np.asarray(trusts(histories) / trusts(histories).sum())


def sybilwall(histories: Float64) -> Float64:
    return np.asarray(trusts(histories) / (1 + trusts(histories).sum()))


@pytest.mark.parametrize(("name", "reference"), [("foolsgold", foolsgold), ("sybilwall", sybilwall)])
@pytest.mark.parametrize("seed", range(10))
def test_weights_equal_the_floating_point_formulas(
    name: str, reference: Callable[[Float64], Float64], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    histories = peers(int(draw.integers(3, 25)), seed, noise=float(draw.uniform(0.5, 3)))
    copies = len(histories) // 3
    histories[:copies] = histories[0] + 0.05 * draw.normal(size=(copies, histories.shape[1]))
    weights = np.array(weights_of(name, histories))
    # Rounded down, from a trust known to 2^-29 or so, magnified by the slope of the logit where it is not cut off.
    assert np.abs(weights / WEIGHT_ONE - reference(histories)).max() < 2 / WEIGHT_ONE


@pytest.mark.parametrize("name", ["foolsgold", "sybilwall"])
def test_sybils_of_one_mind_get_nothing_and_all_others_an_equal_share(name: str) -> None:
    histories = np.eye(12)
    histories[9:] = histories[8]
    weights = weights_of(name, histories)
    assert weights[8:] == (0,) * 4
    share = WEIGHT_ONE // (8 if name == "foolsgold" else 9)
    assert weights[:8] == pytest.approx((share,) * 8, abs=1)


@pytest.mark.parametrize("name", ["foolsgold", "sybilwall"])
def test_nobody_is_trusted_where_all_histories_agree(name: str) -> None:
    assert weights_of(name, identical(5)) == (0,) * 5
    assert weights_of(name, identical(128)) == (0,) * 128


def test_a_lone_seat_counts_beside_the_state_it_started_from() -> None:
    assert weights_of("foolsgold", peers(1)) == (WEIGHT_ONE,)
    assert weights_of("sybilwall", peers(1)) == (WEIGHT_ONE // 2,)


@pytest.mark.parametrize("name", ["foolsgold", "sybilwall"])
def test_a_seat_without_history_resembles_nobody(name: str) -> None:
    histories = np.eye(6)
    histories[4] = histories[3]
    histories[5] = 0
    weights = weights_of(name, histories)
    assert weights[5] == weights[0] > 0
    assert weights[3:5] == (0, 0)


@pytest.mark.parametrize("name", ["foolsgold", "sybilwall"])
def test_they_refuse_to_judge_without_histories(name: str) -> None:
    rule = parse_rule(name)
    assert rule.needs_history
    with pytest.raises(RuleError, match=f"{name} looks at histories, but the manifest keeps none"):
        rule.weights(gram_of(np.eye(3)), context_of(3))

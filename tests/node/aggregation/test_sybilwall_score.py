"""SybilWall's score: against the formulas in floating point, and where those break down."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from node.aggregation.fixed_point import Q16_ONE, Q30_ONE
from node.aggregation.sybilwall_score import pardoned_maxima_q30, sybilwall_weights, trust_q30

Floats = npt.NDArray[np.float64]


def cosines(vectors: Floats) -> Floats:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def in_q30(matrix: Floats) -> list[list[int]]:
    return [[round(value * Q30_ONE) for value in row] for row in np.clip(matrix, -1, 1)]


def reference(cosine: Floats, k: int) -> Floats:
    """The published formulas, in the order of the authors' code, with own model last."""
    similar = cosine - np.diag(np.diag(cosine))
    largest = similar.max(axis=1) + 1e-5
    for a in range(len(similar)):
        for b in range(len(similar)):
            if a != b and largest[a] < largest[b]:
                similar[a, b] *= largest[a] / largest[b]
    weights = np.clip(1 - similar.max(axis=1), 0, 1)[:k]
    weights /= weights.max()
    weights[weights == 1] = 0.99
    weights = np.clip(np.log(weights / (1 - weights) + 1e-5) + 0.5, 0, 1)
    weights = np.append(weights, 1.0)
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize("seed", range(20))
def test_weights_equal_the_floating_point_formulas(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 25))
    k = int(generator.integers(1, n + 1))
    common = generator.normal(size=40) * generator.uniform(0, 3)
    vectors = generator.normal(size=(n, 40)) + common
    vectors[: n // 3] = vectors[0] + 0.05 * generator.normal(size=(n // 3, 40))
    cosine = cosines(vectors)
    weights = sybilwall_weights(in_q30(cosine), k)
    assert np.abs(np.array(weights) / Q16_ONE - reference(cosine, k)).max() < (k + 2) / Q16_ONE


def test_golden_weights() -> None:
    strength = (987_654_321, 700_000_000, 650_000_001, 100_000_003, 456_789_012)
    cosines = [[Q30_ONE if a == b else strength[a] * strength[b] >> 30 for b in range(5)] for a in range(5)]
    assert sybilwall_weights(cosines, 4) == (2841, 2841, 11107, 24372, 24375)


def test_one_model_sent_by_two_neighbours_weighs_nothing() -> None:
    vectors = np.eye(5)
    vectors[1] = vectors[0]
    weights = sybilwall_weights(in_q30(cosines(vectors)), 5)
    assert weights[:2] == (0, 0)
    assert min(weights[2:]) > 0


def test_a_distant_twin_unmasks_a_sybil_that_is_alone_among_the_neighbours() -> None:
    vectors = np.eye(4)
    vectors[3] = vectors[0]
    alone = sybilwall_weights(in_q30(cosines(vectors[:3])), 3)
    unmasked = sybilwall_weights(in_q30(cosines(vectors)), 3)
    assert alone[0] > 0
    assert unmasked[0] == 0
    assert len(unmasked) == 4  # the distant peer itself gets no weight


def test_nobody_to_trust_leaves_the_own_model_as_it_is() -> None:
    same = [[Q30_ONE] * 3 for _ in range(3)]
    assert sybilwall_weights(same, 3) == (0, 0, 0, Q16_ONE)
    assert sybilwall_weights([], 0) == (Q16_ONE,)
    assert trust_q30(()) == ()


def test_weights_sum_to_one_exactly_and_depend_on_nobodys_place() -> None:
    generator = np.random.default_rng(3)
    cosine = in_q30(cosines(generator.normal(size=(7, 9))))
    order = [4, 2, 0, 1, 3]  # the neighbours, in another order
    shuffled = [[cosine[a][b] for b in (*order, 5, 6)] for a in (*order, 5, 6)]
    weights, moved = sybilwall_weights(cosine, 5), sybilwall_weights(shuffled, 5)
    assert sum(weights) == Q16_ONE
    assert moved == (*(weights[a] for a in order), weights[5])


def test_opposite_models_are_not_similar() -> None:
    assert pardoned_maxima_q30([[Q30_ONE, -Q30_ONE], [-Q30_ONE, Q30_ONE]]) == (0, 0)
    assert sybilwall_weights([[Q30_ONE, -Q30_ONE], [-Q30_ONE, Q30_ONE]], 2)[:2] == (Q16_ONE // 3, Q16_ONE // 3)


def test_more_neighbours_than_histories_are_refused() -> None:
    with pytest.raises(ValueError, match="3 neighbours among 1"):
        sybilwall_weights([[Q30_ONE]], 3)

"""The geometric median against smoothed Weiszfeld on vectors, and against the minimum it approaches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.geometric_median import geometric_median
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import colluding_duplicates, peers
from tests.node.aggregation.vectors import Float64, clipped, gram_of


def weiszfeld(vectors: Float64, iterations: int, nu: float) -> Float64:
    """Smoothed Weiszfeld from the mean: weights (n,) that add up to one."""
    weights = np.full(len(vectors), 1 / len(vectors))
    for _ in range(iterations):
        inverses = 1 / np.maximum(nu, np.linalg.norm(weights @ vectors - vectors, axis=1))
        weights = inverses / inverses.sum()
    return np.asarray(weights)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("iterations", "nu_q16"), [(1, 66), (8, 66), (30, 6554)])
@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_weights_are_those_of_weiszfeld_on_vectors(count: int, iterations: int, nu_q16: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    weights = np.array(geometric_median(gram_of(vectors), iterations=iterations, nu_q16=nu_q16))
    expected = weiszfeld(clipped(vectors), iterations, nu_q16 / WEIGHT_ONE)
    # Lengths are known to 2^-16 of the median; here no distance is below a fifth of it, so nothing is amplified much.
    assert np.abs(weights / WEIGHT_ONE - expected).max() < 2.0**-13
    assert WEIGHT_ONE - 2 * count <= weights.sum() <= WEIGHT_ONE


def test_many_steps_reach_the_minimum() -> None:
    vectors = colluding_duplicates(15)
    points = clipped(vectors)
    best = minimize(lambda z: np.linalg.norm(z - points, axis=1).sum(), points.mean(axis=0)).x
    weights = np.array(geometric_median(gram_of(vectors), iterations=64, nu_q16=1)) / WEIGHT_ONE
    assert np.linalg.norm(weights @ points - best) < 1e-2


def test_more_than_half_in_one_place_are_the_median() -> None:
    vectors = peers(9)
    vectors[:5] = vectors[0]
    weights = np.array(geometric_median(gram_of(vectors), iterations=64, nu_q16=1)) / WEIGHT_ONE
    assert weights[:5].sum() > 0.99


def test_parameters_out_of_range_are_refused_with_their_numbers() -> None:
    for name, complaint in [
        ("geometric-median(iterations=0)", "iterations = 0 must be between 1 and 64"),
        ("geometric-median(iterations=65)", "iterations = 65 must be between 1 and 64"),
        ("geometric-median(nu_q16=0)", "nu_q16 = 0 must be between 1 and 65536"),
        ("geometric-median(iterations=8)", "not canonical, write 'geometric-median'"),
    ]:
        with pytest.raises(RuleError, match=complaint):
            parse_rule(name)

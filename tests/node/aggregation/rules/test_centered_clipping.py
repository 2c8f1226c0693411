"""Centered clipping against its definition on vectors."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.centered_clipping import centered_clipping
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import Float64, clipped, gram_of


def centre(vectors: Float64, tau: float, iterations: int) -> Float64:
    """v <- v + mean of (x_i - v) min(1, tau / |x_i - v|), from zero."""
    v = np.zeros(vectors.shape[1])
    for _ in range(iterations):
        pulls = vectors - v
        v = v + np.mean(pulls * np.minimum(1, tau / np.linalg.norm(pulls, axis=1, keepdims=True)), axis=0)
    return np.asarray(v)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("tau_q16", "iterations"), [(65536, 1), (65536, 3), (32768, 8), (6554, 30), (1 << 20, 2)])
@pytest.mark.parametrize("count", [2, 9, 40])
def test_the_centre_is_that_of_the_definition(count: int, tau_q16: int, iterations: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    weights = np.array(centered_clipping(gram_of(vectors), tau_q16=tau_q16, iterations=iterations)) / WEIGHT_ONE
    points = clipped(vectors)
    # Each weight is rounded down by less than 2^-16, lengths are known to 2^-16, and no step amplifies an error.
    assert np.linalg.norm(weights @ points - centre(points, tau_q16 / WEIGHT_ONE, iterations)) < (count + 8) * 2.0**-16
    assert 0 < weights.sum() <= 1


def test_one_step_with_a_large_tau_is_the_clipped_mean() -> None:
    weights = centered_clipping(gram_of(peers(8)), tau_q16=1 << 20, iterations=1)
    assert weights == (WEIGHT_ONE // 8,) * 8


def test_a_small_tau_draws_the_centre_away_from_colluders() -> None:
    vectors = peers(15, noise=0.3)
    vectors[9:] = -vectors[:9].mean(axis=0)
    points, known = clipped(vectors), gram_of(vectors)
    honest = points[:9].mean(axis=0)

    def miss(tau_q16: int, iterations: int) -> float:
        weights = np.array(centered_clipping(known, tau_q16=tau_q16, iterations=iterations)) / WEIGHT_ONE
        return float(np.linalg.norm(weights @ points - honest))

    assert miss(6554, 40) < miss(1 << 20, 1) / 2


def test_parameters_out_of_range_are_refused_with_their_numbers() -> None:
    for name, complaint in [
        ("centered-clipping(tau_q16=0)", "tau_q16 = 0 must be between 1 and 1048576"),
        ("centered-clipping(iterations=65)", "iterations = 65 must be between 1 and 64"),
    ]:
        with pytest.raises(RuleError, match=complaint):
            parse_rule(name)

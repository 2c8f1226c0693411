"""Bounds against published figures and against the definition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from verifier.calibration import statistics


# Sample sizes that support a claim at 95%, by how many failures are seen; at 99% the last.
@pytest.mark.parametrize(
    ("claim", "failures", "confidence", "trials"),
    [
        (0.000267, 0, 0.95, 11_219),
        (0.000267, 1, 0.95, 17_766),
        (0.000267, 10, 0.95, 63_526),
        (0.0011, 0, 0.95, 2_722),
        (0.0011, 2, 0.95, 5_722),
        (0.0011, 10, 0.95, 15_417),
        (1e-4, 0, 0.95, 29_956),
        (1e-4, 5, 0.95, 105_128),
        (0.000267, 0, 0.99, 17_246),
    ],
)
def test_trials_needed_are_the_published_ones(claim: float, failures: int, confidence: float, trials: int) -> None:
    assert statistics.trials_needed(claim, failures, confidence) == trials
    assert statistics.upper_bound(failures, trials, confidence) < claim
    assert statistics.upper_bound(failures, trials - 1, confidence) >= claim


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_quantiles_of_the_beta_distribution(counted: tuple[int, int]) -> None:
    failures, trials = counted
    upper = 1.0 if failures == trials else beta.ppf(0.95, failures + 1, trials - failures)
    lower = 0.0 if failures == 0 else beta.ppf(0.05, failures, trials - failures + 1)
    assert statistics.upper_bound(failures, trials) == pytest.approx(upper, rel=1e-6)
    wide = statistics.interval(failures, trials)
    assert wide[0] <= lower + 1e-12
    assert wide[1] >= upper - 1e-12


def test_a_two_sided_interval_is_the_published_one() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 5.
    assert statistics.interval(1, 29) == pytest.approx((0.0009, 0.1776), abs=5e-5)


@pytest.mark.parametrize(("failures", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(failures: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{failures} failures of {trials} trials"):
        statistics.upper_bound(failures, trials)


@pytest.mark.parametrize(("claim", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.5, 1.0)])
def test_claims_that_no_trials_can_support_are_refused(claim: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        statistics.trials_needed(claim, 0, confidence)


@pytest.mark.parametrize(("distances", "threshold"), [([0, 0], 2), ([0, 1], 2), ([2, 0], 4), ([3], 6)])
def test_the_threshold_leaves_room_above_every_distance(distances: list[int], threshold: int) -> None:
    assert statistics.twice_the_largest(distances) == threshold


def test_the_tail_of_random_hashes_is_exact() -> None:
    assert statistics.random_tail(2, 1) == Fraction(3, 4)
    assert 9e-10 < statistics.random_tail(256, 80) < 1e-9
    assert statistics.random_tail(256, 81) > 1e-9


def test_the_bootstrap_is_wider_than_the_bound_that_ignores_shared_images() -> None:
    # One image that collides with fourteen others: all of it hangs on whether that image is drawn.
    pairs = np.array([[0, other] for other in range(1, 15)])
    found = statistics.bootstrap_upper(pairs, [60, 60], seed=1)
    naive = statistics.upper_bound(len(pairs), 2 * 60 * 59 // 2)
    assert found > naive
    assert found == statistics.bootstrap_upper(pairs, [60, 60], seed=1)


def test_the_bootstrap_without_a_collision_says_nothing() -> None:
    assert statistics.bootstrap_upper(np.empty((0, 2), dtype=np.int64), [5, 5], seed=1) == 0.0

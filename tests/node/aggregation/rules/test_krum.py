"""Krum against its definition in floats."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances

from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.krum import krum
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import Float64, clipped, gram_of


def scores(vectors: Float64, f: int) -> Float64:
    """Sum of squared distances to the n - f - 2 nearest others."""
    distances = np.sort(euclidean_distances(clipped(vectors), squared=True), axis=1)
    return np.asarray(distances[:, 1 : 1 + len(vectors) - f - 2].sum(axis=1))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("count", "f"), [(3, 0), (9, 3), (15, 4), (15, 6)])
def test_krum_chooses_as_floats_do(count: int, f: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    weights = krum(gram_of(vectors), f=f)
    assert sorted(weights) == [0] * (count - 1) + [WEIGHT_ONE]
    expected = scores(vectors, f)
    # Lengths are known to 2^-16 of the median, squared distances to 2^-14 of its square.
    assert expected[weights.index(WEIGHT_ONE)] <= expected.min() + (count - f) * 2.0**-14


def test_the_middle_of_a_line_wins() -> None:
    assert krum(gram_of(np.array([[8, 0], [8, 1], [8, 2], [8, 3], [8, 4]])), f=0).index(WEIGHT_ONE) == 2


def test_bounds_are_refused_with_their_numbers() -> None:
    rule = parse_rule("krum(f=2)")
    rule.check_seats(7)
    with pytest.raises(RuleError, match=r"needs n >= 2 f \+ 3 = 7 seats, got 6: with 6 seats f is at most 1"):
        rule.check_seats(6)
    with pytest.raises(RuleError, match=r"needs n >= 2 f \+ 3 = 7 seats, got 2$"):
        rule.check_seats(2)

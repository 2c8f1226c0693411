"""Bulyan: its picks against float64 distances, its means against the definition.

Shape legend: n = vectors, d = coordinates.
"""

from __future__ import annotations

import statistics
from fractions import Fraction
from math import floor

import numpy as np
import pytest

from node.aggregation.rules import WEIGHT_ONE
from node.aggregation.rules.base import identity
from node.aggregation.rules.bulyan import Bulyan, picked
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import identical, peers
from tests.node.aggregation.vectors import Float64, clipped, context_of, gram_of


def picks(vectors: Float64, f: int) -> list[int]:
    """n - 2 f Krum winners in float64, each among those left."""
    points = clipped(vectors)
    left = list(range(len(points)))
    while len(left) > 2 * f:
        m = len(left)
        squares = np.sort(((points[left][:, None] - points[left][None]) ** 2).sum(axis=2), axis=1)
        neighbours = m - f - 2 if m >= 2 * f + 3 else m - f - 1
        left.pop(int(np.argmin(squares[:, 1 : 1 + neighbours].sum(axis=1))))
    return sorted(set(range(len(points))) - set(left))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("count", "f"), [(1, 0), (3, 0), (7, 1), (15, 3), (20, 4), (20, 2)])
def test_picks_are_those_of_the_definition(count: int, f: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    assert list(picked(gram_of(vectors), f=f)) == picks(vectors, f)


def test_those_picked_are_paid_alike_and_seen_as_they_are() -> None:
    gram = gram_of(peers(15))
    chosen = picks(peers(15), 3)
    assert len(chosen) == 9
    weights = Bulyan(3).weights(gram, context_of(15))
    assert weights == tuple(WEIGHT_ONE // 9 if i in chosen else 0 for i in range(15))
    assert Bulyan(3).mixing(gram, context_of(15)) == tuple(identity(15)[i] for i in chosen)


def test_of_identical_updates_the_first_are_picked() -> None:
    assert picked(gram_of(identical(11)), f=2) == tuple(range(7))


def test_colluders_far_away_are_not_picked() -> None:
    vectors = peers(127, noise=0.3)
    vectors[:20] = -vectors[:20]
    assert set(picked(gram_of(vectors), f=31)) <= set(range(20, 127))


def test_colluders_that_are_picked_stay_within_what_the_others_say() -> None:
    honest = np.random.default_rng(5).integers(-50, 51, size=(6, 200))
    for sign in (-1, 1):
        combined = Bulyan(3).combine(np.concatenate([honest, np.full((3, 200), sign << 47)]))
        assert (honest.min(axis=0) <= combined).all()
        assert (combined <= honest.max(axis=0)).all()


@pytest.mark.parametrize("f", [0, 1, 3])
def test_each_coordinate_is_the_mean_of_those_nearest_to_the_median(f: int) -> None:
    theta = 2 * f + 5
    values = np.random.default_rng(f).integers(-50, 51, size=(theta, 400))
    expected = []
    for column in values.T.tolist():
        middle = Fraction(statistics.median(map(Fraction, column)))
        nearest = sorted(column, key=lambda value: (abs(value - middle), value))[: theta - 2 * f]
        expected.append(floor(Fraction(sum(nearest), len(nearest)) + Fraction(1, 2)))
    combined = Bulyan(f).combine(values)
    assert combined.tolist() == expected
    assert np.array_equal(Bulyan(f).combine(values[::-1]), combined)


def test_bounds_are_refused_with_their_numbers() -> None:
    Bulyan(3).check_seats(15)
    with pytest.raises(
        RuleError, match=r"bulyan\(f=3\) needs n >= 4 f \+ 3 = 15 seats, got 14: with 14 seats f is at most 2"
    ):
        Bulyan(3).check_seats(14)
    for asked in (
        lambda: Bulyan(3).weights(gram_of(peers(14)), context_of(14)),
        lambda: Bulyan(3).mixing(gram_of(peers(14)), context_of(14)),
        lambda: Bulyan(3).combine(np.zeros((8, 2), dtype=np.int64)),
    ):
        with pytest.raises(RuleError, match=r"bulyan\(f=3\) needs at least 15 inputs, got 14"):
            asked()

"""Minimum-diameter averaging against all subsets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances

from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.mda import mda
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import Float64, clipped, gram_of


def diameter(distances: Float64, subset: tuple[int, ...]) -> float:
    """Largest distance within a subset."""
    return float(distances[np.ix_(subset, subset)].max())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("count", "f"), [(1, 0), (3, 1), (7, 2), (9, 4), (12, 3)])
def test_no_subset_has_a_smaller_diameter(count: int, f: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    weights = mda(gram_of(vectors), f=f)
    chosen = tuple(i for i, weight in enumerate(weights) if weight)
    assert set(weights) <= {0, WEIGHT_ONE // (count - f)}
    assert len(chosen) == count - f
    distances = euclidean_distances(clipped(vectors), squared=True)
    smallest = min(diameter(distances, subset) for subset in combinations(range(count), count - f))
    # Lengths are known to 2^-16 of the median, squared distances to 2^-14 of its square.
    assert diameter(distances, chosen) <= smallest + 2.0**-14


@pytest.mark.parametrize("seed", range(8))
def test_equal_diameters_are_decided_by_closeness_and_then_by_index(seed: int) -> None:
    count, f = 10, 4
    # Whole numbers of two values in four coordinates: distances tie all the time.
    vectors = np.random.default_rng(seed).choice([-1.0, 1.0], size=(count, 4))
    known = gram_of(vectors)
    distances = known.squared_distances_q30
    spread = [sum(sorted(row)[: count - f]) for row in distances]
    order = sorted(range(count), key=lambda i: (spread[i], i))
    subsets = list(combinations(order, count - f))  # lexicographic in `order`
    smallest = min(subsets, key=lambda subset: max(distances[i][j] for i in subset for j in subset))
    assert {i for i, weight in enumerate(mda(known, f=f)) if weight} == set(smallest)


def test_far_coalitions_are_left_out_whatever_their_number() -> None:
    vectors = peers(65, noise=0.1)
    vectors[33:] = -vectors[:32]
    assert {i for i, weight in enumerate(mda(gram_of(vectors), f=32)) if weight} == set(range(33))


def test_bounds_are_refused_with_their_numbers() -> None:
    parse_rule("mda(f=32)").check_seats(65)
    with pytest.raises(RuleError, match="f = 33 must be between 0 and 32"):
        parse_rule("mda(f=33)")
    with pytest.raises(RuleError, match=r"needs n >= 2 f \+ 1 = 5 seats, got 4: with 4 seats f is at most 1"):
        parse_rule("mda(f=2)").check_seats(4)

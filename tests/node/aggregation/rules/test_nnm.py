"""Nearest-neighbour mixing against the mixtures themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances

from node.aggregation.fixed_point import Q16_ONE, Q30_ONE
from node.aggregation.rules.nnm import Nnm, nearest_neighbours
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import identical, peers
from tests.node.aggregation.vectors import clipped, context_of, gram_of


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("count", "f"), [(1, 0), (5, 2), (15, 3), (15, 7)])
def test_mixtures_are_those_of_the_definition(count: int, f: int, seed: int) -> None:
    vectors = peers(count, seed) * np.random.default_rng(seed).uniform(0.3, 2, size=(count, 1))
    points = clipped(vectors)
    nearest = np.argsort(euclidean_distances(points), axis=1)[:, : count - f]
    mixtures = points[nearest].mean(axis=1)
    known = Nnm(f).apply(gram_of(vectors), context_of(count)).gram
    lengths = np.linalg.norm(mixtures, axis=1)
    cosines = mixtures @ mixtures.T / np.outer(lengths, lengths)
    # 2^16 // (n - f) loses up to (n - f) / 2^16 of a mixture's length.
    assert np.abs(np.array(known.norms_q16) / Q16_ONE - np.minimum(1, lengths)).max() < (count + 2) * 2.0**-16
    assert np.abs(np.array(known.cosines_q30) / Q30_ONE - cosines).max() < 2.0**-13


def test_an_update_is_always_part_of_its_own_mixture() -> None:
    matrix = nearest_neighbours(gram_of(identical(5)), f=2)
    third = Q16_ONE // 3
    assert matrix[4] == (third, third, 0, 0, third)
    assert matrix[0] == (third, third, third, 0, 0)


def test_histories_are_mixed_alike() -> None:
    vectors = peers(7)
    mixture = Nnm(2).apply(gram_of(vectors), context_of(7, histories=vectors))
    assert mixture.context.histories == mixture.gram
    assert mixture.context.seats == tuple(range(1, 8))


def test_bounds_are_refused_with_their_numbers() -> None:
    Nnm(2).check_seats(5)
    with pytest.raises(
        RuleError, match=r"nnm\(f=2\) needs n >= 2 f \+ 1 = 5 seats, got 4: with 4 seats f is at most 1"
    ):
        Nnm(2).check_seats(4)
    with pytest.raises(RuleError, match=r"nnm\(f=2\) needs at least 5 inputs, got 4"):
        Nnm(2).apply(gram_of(peers(4)), context_of(4))

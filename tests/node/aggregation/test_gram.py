"""The Gram that rules see: products, distances and mixtures, exact in the extremes."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest

from node.aggregation.fixed_point import Q16_ONE, Q30_ONE
from node.aggregation.gram import Gram
from tests.node.aggregation.vectors import Float64, clipped, gram_of


def vectors_of(count: int, seed: int) -> Float64:
    draw = np.random.default_rng([11, seed])
    return draw.normal(size=(count, 6)) * draw.uniform(0.2, 3, size=(count, 1))


@pytest.mark.parametrize("seed", range(4))
def test_products_and_distances_are_those_of_the_clipped_vectors(seed: int) -> None:
    vectors = vectors_of(9, seed)
    points, known = clipped(vectors), gram_of(vectors)
    distances = np.square(points[:, None] - points[None]).sum(axis=2)
    # Both lengths of a product are rounded down by less than 2^-16.
    assert np.abs(np.array(known.products_q30) / Q30_ONE - points @ points.T).max() < 2.0**-14.9
    assert np.abs(np.array(known.squared_distances_q30) / Q30_ONE - distances).max() < 2.0**-12.9


def test_equal_vectors_are_at_no_distance_and_opposed_ones_at_two_medians() -> None:
    known = gram_of(np.array([[3, 4], [3, 4], [-3, -4]]))
    assert known.squared_distances_q30 == ((0, 0, 4 << 30), (0, 0, 4 << 30), (4 << 30, 4 << 30, 0))


def test_a_vector_however_long_is_clipped_and_keeps_its_direction() -> None:
    known = gram_of(np.array([[1.0, 0.0], [0.0, 1.0], [1e9, 1e9]]))
    assert known.norms_q16 == (Q16_ONE,) * 3
    assert known.cosines_q30[2][:2] == (isqrt(Q30_ONE**2 // 2),) * 2


@pytest.mark.parametrize("seed", range(4))
def test_mixtures_are_exact(seed: int) -> None:
    known = gram_of(vectors_of(7, seed))
    shares = np.random.default_rng(seed).dirichlet(np.ones(7), size=4)
    matrix = [[int(share * Q16_ONE) for share in row] for row in shares]
    products = known.products_q30
    mixed = [
        [sum(a * products[i][j] * b for i, a in enumerate(row) for j, b in enumerate(other)) for other in matrix]
        for row in matrix
    ]
    norms = [min(Q16_ONE, isqrt(max(0, mixed[i][i])) >> 15) for i in range(4)]
    assert known.mixed(matrix) == Gram.of_products(mixed, norms)


def test_mixtures_do_not_overflow_where_all_vectors_are_one() -> None:
    known = gram_of(np.ones((128, 3)))
    matrix = [[Q16_ONE // 128] * 128] * 128
    assert known.mixed(matrix) == known
    assert gram_of(np.array([[1, 0], [-1, 0]])).mixed([[Q16_ONE // 2] * 2]).norms_q16 == (0,)


def test_opposites_shorter_than_the_median_mix_to_a_vector_without_direction() -> None:
    # 40001^2 is odd: the product of the two is rounded away from their squares, and that of their mean falls below 0.
    products = ((Q30_ONE, -Q30_ONE, 0), (-Q30_ONE, Q30_ONE, 0), (0, 0, Q30_ONE))
    known = Gram(products, (40001, 40001, Q16_ONE), (0, 0, 0))
    mixed = known.mixed([[Q16_ONE // 2, Q16_ONE // 2, 0], [0, 0, Q16_ONE]])
    assert mixed.norms_q16 == (0, Q16_ONE)
    assert mixed.cosines_q30 == ((0, 0), (0, Q30_ONE))


def test_a_zero_vector_has_no_direction() -> None:
    known = gram_of(np.array([[1, 0], [0, 2], [0, 0]]), previous=np.array([0, -5]))
    assert known.norms_q16[2] == 0
    assert known.cosines_q30[2] == (0, 0, 0)
    assert known.previous_cosines_q30 == (0, -Q30_ONE, 0)

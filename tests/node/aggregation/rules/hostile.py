"""Vectors that a rule must answer exactly, whoever sent them: shared by the tests of all rules.

Shape legend: n = vectors, d = coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tests.node.aggregation.vectors import Float64

COORDINATES = 24


def peers(count: int, seed: int = 0, *, noise: float = 1.0) -> Float64:
    """Vectors (count, d) that share a direction, with noise of `noise` times its length."""
    draw = np.random.default_rng([7, seed])
    common = draw.normal(size=COORDINATES)
    return common + noise * draw.normal(size=(count, COORDINATES))


def identical(count: int) -> Float64:
    """The same vector n times."""
    return np.tile(peers(1), (count, 1))


def one_huge(count: int) -> Float64:
    """One vector a thousand million times as long as the others."""
    vectors = peers(count)
    vectors[count // 2] *= 1e9
    return vectors


def one_tiny(count: int) -> Float64:
    """One vector too short for its length in Q16 not to be 0."""
    vectors = peers(count)
    vectors[count // 2] *= 1e-9
    return vectors


def shrinking(count: int) -> Float64:
    """Each vector half as long as the one before."""
    return np.asarray(peers(count) * 0.5 ** np.minimum(np.arange(count), 40)[:, None], dtype=np.float64)


def colluding_duplicates(count: int) -> Float64:
    """Two in five send the same, opposed to the others' mean."""
    vectors = peers(count)
    first = count - 2 * count // 5
    vectors[first:] = -vectors[:first].mean(axis=0)
    return vectors


def opposed_pairs(count: int) -> Float64:
    """Each second vector is the opposite of the one before: their mean is nothing."""
    vectors = peers(count)
    vectors[1::2] = -vectors[: count - 1 : 2]
    return vectors


def short_opposed_pairs(count: int) -> Float64:
    """The same in lengths of their own, half of which the clip leaves as they are."""
    vectors = opposed_pairs(count)
    lengths = np.repeat(np.linspace(0.3, 1.7, (count + 1) // 2), 2)[:count]
    return np.asarray(vectors * lengths[:, None], dtype=np.float64)


def orthogonal(count: int) -> Float64:
    """As many directions as vectors."""
    return np.eye(count)


HOSTILE: Mapping[str, Callable[[int], Float64]] = {
    "peers": peers,
    "identical": identical,
    "one huge": one_huge,
    "one tiny": one_tiny,
    "shrinking": shrinking,
    "colluding duplicates": colluding_duplicates,
    "opposed pairs": opposed_pairs,
    "short opposed pairs": short_opposed_pairs,
    "orthogonal": orthogonal,
}

"""Grams of plain vectors: what tests of rules start from.

Floats are read on a grid of 2^-60, and every product from there on is an exact Python integer, so that a vector 10^9
times as long as another loses nothing. Norms are clipped at the lower median, as `node.aggregation.screen` does.

Shape legend: n = vectors, d = coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import cosine_q30, lower_median, relative_norms_q16
from node.aggregation.gram import Gram
from node.aggregation.rules.base import RoundContext

Vectors = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]

_GRID = 2.0**60


def gram_of(vectors: Vectors, previous: Vectors | None = None) -> Gram:
    """Gram of `vectors` (n, d), float64 or integer; `previous` (d,): the previous aggregate. Zero vectors are fine."""
    rows = _integers(vectors)
    products = (rows @ rows.T).tolist()
    squares = [row[i] for i, row in enumerate(products)]
    limit = max(1, lower_median(squares))
    along: list[int] = []
    if previous is not None:
        other = _integers(previous)
        square = int(other @ other)
        along = [cosine_q30(int(row @ other), squares[i], square) for i, row in enumerate(rows)]
    return Gram.of_products(products, relative_norms_q16(squares, limit), along)


def context_of(count: int, *, histories: Vectors | None = None, ages: int = 8, seed: bytes = bytes(32)) -> RoundContext:
    """Round 1 with seats 1 to `count`; with the Gram of `histories` (count, d) as both memories, of `ages` messages."""
    seats = tuple(range(1, count + 1))
    if histories is None:
        return RoundContext(1, seats, seed)
    return RoundContext(1, seats, seed, gram_of(histories), gram_of(histories), (ages,) * count)


def clipped(vectors: Vectors) -> Float64:
    """`vectors` (n, d) clipped at the lower median of their norms, in units of it: what a rule's weights are on."""
    norms = np.linalg.norm(vectors, axis=1)
    limit = np.sort(norms)[(len(norms) - 1) // 2]
    return np.asarray(vectors / np.maximum(norms, limit)[:, None], dtype=np.float64)


def _integers(vectors: Vectors) -> npt.NDArray[np.object_]:
    """Nearest grid points as Python integers, same shape."""
    grid = np.rint(np.asarray(vectors, dtype=np.float64) * _GRID)
    return np.asarray(np.frompyfunc(int, 1, 1)(grid), dtype=np.object_)

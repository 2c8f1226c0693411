"""The Gram matrix as rules see it: n vectors known only by their lengths and the angles between them.

Lengths are those after the norm clip at the median, so nothing here is longer than the median. Angles come from exact
integer products (`products`), and stay exact however short a vector is.

Shape legend: n = vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

from node.aggregation.fixed_point import Q16_ONE, cosine_q30

Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Gram:
    """Cosines and clipped norms of n vectors. All exact Python integers.

    `cosines_q30` (n, n): symmetric, 2^30 on the diagonal, 0 for a zero vector. `norms_q16` (n,): in parts of the median
    norm, at most 2^16. `previous_cosines_q30` (n,): with the previous aggregate; zeros when there was none.
    """

    cosines_q30: Matrix
    norms_q16: tuple[int, ...]
    previous_cosines_q30: tuple[int, ...]

    @classmethod
    def of_products(
        cls, products: Sequence[Sequence[int]], norms_q16: Sequence[int], previous_cosines_q30: Sequence[int] = ()
    ) -> Gram:
        """Build it from inner products (n, n), symmetric, on any one scale a vector."""
        squares = [row[i] for i, row in enumerate(products)]
        half = [[cosine_q30(row[j], squares[i], squares[j]) for j in range(i + 1)] for i, row in enumerate(products)]
        cosines = tuple((*row, *(other[i] for other in half[i + 1 :])) for i, row in enumerate(half))
        return cls(cosines, tuple(norms_q16), tuple(previous_cosines_q30) or (0,) * len(squares))

    def __len__(self) -> int:
        return len(self.norms_q16)

    @cached_property
    def products_q30(self) -> Matrix:
        """(n, n) inner products of the clipped vectors, in squared median norms, Q30 rounded down."""
        norms = self.norms_q16
        return tuple(
            tuple((norms[i] * norms[j] * cosine) >> 32 for j, cosine in enumerate(row))
            for i, row in enumerate(self.cosines_q30)
        )

    @cached_property
    def squared_distances_q30(self) -> Matrix:
        """(n, n) squared distances between the clipped vectors, in squared median norms, Q30; never negative."""
        products = self.products_q30
        return tuple(
            tuple(max(0, products[i][i] + products[j][j] - 2 * product) for j, product in enumerate(row))
            for i, row in enumerate(products)
        )

    def mixed(self, matrix: Sequence[Sequence[int]]) -> Gram:
        """Gram of the vectors that the rows of `matrix` (n', n), Q16, mix from these: K' = W K W^T.

        Their norms stay in parts of the same median, held at most 2^16. Their cosines with the previous aggregate are
        not known and read 0.
        """
        # Products are at most 2^30 and a row's weights add up to at most 2^16: everything is at most 2^62.
        rows = np.array(matrix, dtype=np.int64)
        mixed = (rows @ np.array(self.products_q30, dtype=np.int64) @ rows.T).tolist()
        norms = [min(Q16_ONE, _root_q16(mixed[i][i])) for i in range(len(matrix))]
        return Gram.of_products(mixed, norms)


def _root_q16(square_q62: int) -> int:
    """Square root of a Q62 number in Q16, rounded down; 0 for what rounding made negative."""
    return isqrt(max(0, square_q62)) >> 15

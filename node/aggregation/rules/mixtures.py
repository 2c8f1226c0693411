"""Mixtures of updates: where they lie, and their histories. What stages and rules that move a point ask for.

Shape legend: n = updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isqrt

from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import RoundContext


def distances_q30(gram: Gram, coefficients: Sequence[int]) -> tuple[int, ...]:
    """Distances (n,) of each clipped update x_i to z = sum of c_i x_i, in median norms, Q30 rounded down.

    `coefficients` (n,) Q30. |z - x_i|^2 = c^T K c - 2 (K c)_i + K_ii, in Q90; what rounding makes negative is 0.
    """
    products = gram.products_q30
    along = [sum(c * product for c, product in zip(coefficients, row, strict=True)) for row in products]
    square = sum(c * product for c, product in zip(coefficients, along, strict=True))
    return tuple(isqrt(max(0, square - (along[i] << 31) + (row[i] << 60)) >> 30) for i, row in enumerate(products))


def with_mixed_histories(context: RoundContext, matrix: Matrix) -> RoundContext:
    """The context with its histories mixed as the updates are, by rows (n', n) in Q16."""
    return replace(
        context,
        histories=None if context.histories is None else context.histories.mixed(matrix),
        lasting=None if context.lasting is None else context.lasting.mixed(matrix),
    )

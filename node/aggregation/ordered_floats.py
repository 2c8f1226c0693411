"""Sums, products and roots of small float64 matrices with one answer on every machine.

Every number comes from one of + - x / sqrt on two numbers, in an order that the code fixes: numpy's elementwise
functions on whole rows, never `@`, `sum` or `dot`, whose order depends on the processor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def ordered_product(left: Float64, right: Float64) -> Float64:
    """The matrix product (m, n) of float64 (m, k) and (k, n): terms added from the first to the last."""
    total = np.zeros((left.shape[0], right.shape[1]))
    term = np.empty_like(total)
    for i in range(left.shape[1]):
        np.multiply(left[:, i : i + 1], right[i], out=term)
        total += term
    return total


def ordered_row_sums(matrix: Float64) -> Float64:
    """The sum (m,) of each row of float64 (m, k): terms added from the first to the last."""
    total = np.zeros(matrix.shape[0])
    for i in range(matrix.shape[1]):
        total += matrix[:, i]
    return total


def cholesky(matrix: Float64) -> Float64:
    """Lower triangular L (n, n) with L L^T = `matrix`, float64, symmetric and positive definite (not checked).

    Golub and Van Loan, Matrix Computations, 4th edition, algorithm 4.2.2, by outer products.
    """
    rest, lower = matrix.copy(), np.zeros_like(matrix)
    for i in range(len(matrix)):
        lower[i:, i] = rest[i:, i] / np.sqrt(rest[i, i])
        rest[i + 1 :, i + 1 :] -= lower[i + 1 :, i : i + 1] * lower[i + 1 :, i]
    return lower

"""Eigenvalues and eigenvectors of a small symmetric matrix, the same bits on every machine.

Jacobi's method (Golub and Van Loan, Matrix Computations, 4th edition, section 8.5) in binary64, in the round-robin
order: a round rotates n / 2 pairs that share no index, n - 1 rounds meet every pair once and make a sweep. The order is
fixed, and every number comes from one of + - x / sqrt on two numbers, which IEEE 754 rounds in one way only. No BLAS,
no libm, no reduction and no fused multiply-add: numpy's elementwise functions do one operation each.

Shape legend: n = rows, h = pairs of a round.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

MOST_SWEEPS: Final = 20  # 6 to 15 were needed in all that was tried, up to n = 128
NEGLIGIBLE: Final = 2.0**-48  # couplings below it, with the largest entry between 1/2 and 1, are left alone


def symmetric_eigen(matrix: Float64) -> tuple[Float64, Float64]:
    """Eigenvalues (n,), largest first, and unit eigenvectors, column k (n, n) belonging to value k.

    `matrix`: float64 (n, n), symmetric bit for bit, finite. Equal values stay in the order the method leaves them in;
    of each vector the first component of largest magnitude is positive. Raises ValueError for other input.
    """
    n = len(matrix)
    if matrix.shape != (n, n) or not np.isfinite(matrix).all() or not (matrix == matrix.T).all():
        raise ValueError(
            f"a matrix of shape {matrix.shape} that is not square, finite and symmetric has no such values"
        )
    if n == 0:
        return np.zeros(0), np.zeros((0, 0))
    exponent = math.frexp(float(np.abs(matrix).max()))[1]
    diagonal, rows = _diagonalised(np.ldexp(matrix, -exponent))
    order = np.argsort(-diagonal, kind="stable")
    vectors = rows[order].T
    largest = np.argmax(np.abs(vectors), axis=0)
    signs = np.where(vectors[largest, np.arange(n)] < 0, -1.0, 1.0)
    return np.ldexp(diagonal[order], exponent), vectors * signs


def top_eigenvector(matrix: Float64) -> Float64:
    """The unit eigenvector (n,) of the largest eigenvalue; see `symmetric_eigen`. Raises ValueError for n = 0."""
    if len(matrix) == 0:
        raise ValueError("a matrix without rows has no eigenvector")
    return np.ascontiguousarray(symmetric_eigen(matrix)[1][:, 0])


def _diagonalised(matrix: Float64) -> tuple[Float64, Float64]:
    """Diagonal (n,) and, as rows (n, n), the vectors."""
    n = len(matrix)
    size = n + n % 2  # an index without partner gets one of zeros, with which it never rotates
    # Rows, then columns, of the matrix are rotated as rows, so that memory is read in order; the vectors go along.
    both = np.zeros((size, 2 * size))
    both[:n, :n] = matrix
    both[:, size:] = np.eye(size)
    after, first, second = np.empty_like(both), *_places(size // 2)
    turned = np.empty((size, size))
    for _ in range(MOST_SWEEPS):
        if _is_diagonal(both[:, :size]):
            break
        for _ in range(size - 1):
            cosines, sines = _rotations(both[:, :size])
            _rotate_rows(both, cosines, sines, after)
            _rotate_rows(np.ascontiguousarray(after[:, :size].T), cosines, sines, turned)
            turned[first, second] = turned[second, first] = 0.0
            after[:, :size] = turned
            both, after = after, both
    return both.diagonal()[:n].copy(), both[:n, size : size + n].copy()


def _is_diagonal(matrix: Float64) -> bool:
    """Whether another sweep would rotate nothing."""
    couplings = np.abs(matrix)
    np.fill_diagonal(couplings, 0.0)
    return bool((couplings < NEGLIGIBLE).all())


def _rotations(matrix: Float64) -> tuple[Float64, Float64]:
    """Cosines and sines (h, 1) of the rotations that clear the entries between rows i and i + h."""
    pairs = len(matrix) // 2
    diagonal = matrix.diagonal()
    between = matrix.diagonal(pairs)[:pairs]
    coupled = np.abs(between) >= NEGLIGIBLE
    cotangent = (diagonal[pairs:] - diagonal[:pairs]) / (2.0 * np.where(coupled, between, 1.0))  # of the double angle
    tangent = 1.0 / (np.abs(cotangent) + np.sqrt(cotangent * cotangent + 1.0))
    tangent = np.where(coupled, np.where(cotangent < 0, -tangent, tangent), 0.0)
    cosines = 1.0 / np.sqrt(tangent * tangent + 1.0)
    return cosines[:, None], (tangent * cosines)[:, None]


def _rotate_rows(rows: Float64, cosines: Float64, sines: Float64, into: Float64) -> None:
    """Rotate row i with row i + h, and seat the results for the next round.

    Round-robin: row 0 stays, all others move one place round the table 1, 2, ... h - 1, 2 h - 1, ... h + 1, h, 1.
    After n - 1 rounds everybody is back.
    """
    h = len(rows) // 2
    upper, lower = rows[:h], rows[h:]
    ahead, across = cosines * upper, sines * lower
    np.subtract(ahead[:1], across[:1], out=into[:1])
    np.subtract(ahead[1 : h - 1], across[1 : h - 1], out=into[2:h])
    last = into[2 * h - 1 :] if h > 1 else into[:0]
    np.subtract(ahead[h - 1 : h][: len(last)], across[h - 1 : h][: len(last)], out=last)
    np.multiply(sines, upper, out=ahead)
    np.multiply(cosines, lower, out=across)
    np.add(ahead[:1], across[:1], out=into[1:2])
    np.add(ahead[1:], across[1:], out=into[h : 2 * h - 1])


def _places(h: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where `_rotate_rows` seats rows 0 to h - 1, and rows h to 2 h - 1."""
    if h == 1:
        return np.array([0]), np.array([1])
    return np.array([0, *range(2, h), 2 * h - 1]), np.array([1, *range(h, 2 * h - 1)])

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
    now, after = _Table(size), _Table(size)
    now.matrix[:n, :n] = matrix
    now.vectors[:] = np.eye(size)
    turn = _Turn(size)
    for _ in range(MOST_SWEEPS):
        if _is_diagonal(now.matrix):
            break
        for _ in range(size - 1):
            turn.rotate(now, after)
            now, after = after, now
    return now.diagonal[:n].copy(), now.vectors[:n, :n].copy()


def _is_diagonal(matrix: Float64) -> bool:
    """Whether another sweep would rotate nothing."""
    couplings = np.abs(matrix)
    np.fill_diagonal(couplings, 0.0)
    return bool((couplings < NEGLIGIBLE).all())


class _Table:
    """The matrix with the vectors beside it, so that both are rotated at once; row i meets row i + h.

    Made once, the views cost nothing in a round.
    """

    def __init__(self, size: int) -> None:
        h = size // 2
        self.both = np.zeros((size, 2 * size))
        self.matrix, self.vectors = self.both[:, :size], self.both[:, size:]
        self.diagonal = self.matrix.diagonal()
        self.upper, self.lower = self.diagonal[:h], self.diagonal[h:]
        self.between = self.matrix.diagonal(h)
        self.partners = self.both.reshape(2, h, 2 * size)[::-1]
        self.flat = self.both.reshape(-1)


class _Turn:
    """A round: every row rotates with its partner, then every column, then all but row 0 move one place.

    Round-robin: row 0 stays, all others move round the table 1, 2, ... h - 1, 2 h - 1, ... h + 1, h, 1. After n - 1
    rounds everybody is back.
    """

    def __init__(self, size: int) -> None:
        h = size // 2
        first, second = _places(h)
        self._seated = np.argsort(np.concatenate((first, second)))
        # Where the couplings that a round clears lie afterwards.
        self._cleared = np.concatenate((first * 2 * size + second, second * 2 * size + first))
        self._cosines, self._sines = np.empty((size, 1)), np.empty((size, 1))
        self._halves = tuple(part.reshape(2, h) for part in (self._cosines, self._sines))
        self._rows, self._columns = np.empty((2, size, 2 * size)), np.empty((2, size, size))
        self._flipped = np.empty((size, size))  # columns as rows, so that memory is read in order
        self._flipped_partners = self._flipped.reshape(2, h, size)[::-1]

    def rotate(self, now: _Table, after: _Table) -> None:
        """Read `now`, write `after`."""
        cosines, sines = _rotations(now)
        self._halves[0][:] = cosines
        self._halves[1][1] = sines
        np.negative(sines, out=self._halves[1][0])
        # c u - s l and s u + c l, each product and each sum rounded once.
        self._combine(now.both, now.partners, self._rows).take(self._seated, axis=0, out=after.both, mode="clip")
        self._flipped[:] = after.matrix.T
        columns = self._combine(self._flipped, self._flipped_partners, self._columns)
        after.matrix[:] = columns.take(self._seated, axis=0)
        after.flat[self._cleared] = 0.0

    def _combine(self, rows: Float64, partners: Float64, work: Float64) -> Float64:
        own: Float64 = work[0]
        other: Float64 = work[1]
        np.multiply(self._cosines, rows, out=own)
        np.multiply(self._sines.reshape(2, -1, 1), partners, out=other.reshape(partners.shape))
        own += other
        return own


def _rotations(table: _Table) -> tuple[Float64, Float64]:
    """Cosines and sines (h,) of the rotations that clear the entries between rows i and i + h."""
    coupled = np.abs(table.between) >= NEGLIGIBLE
    cotangent = (table.lower - table.upper) / (2.0 * np.where(coupled, table.between, 1.0))  # of the double angle
    tangent = 1.0 / (np.abs(cotangent) + np.sqrt(cotangent * cotangent + 1.0))
    tangent = np.where(coupled, np.where(cotangent < 0, -tangent, tangent), 0.0)
    cosines = 1.0 / np.sqrt(tangent * tangent + 1.0)
    return cosines, tangent * cosines


def _places(h: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where a round seats rows 0 to h - 1, and rows h to 2 h - 1."""
    if h == 1:
        return np.array([0]), np.array([1])
    return np.array([0, *range(2, h), 2 * h - 1]), np.array([1, *range(h, 2 * h - 1)])

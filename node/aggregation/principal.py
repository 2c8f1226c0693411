"""The direction that most of a set of vectors share, from their cosines alone: power iteration in integers.

Rules that ask again after every seat they drop need many of these; at n = 128 one takes 2 ms where a full
diagonalisation takes 170. A fixed number of steps makes the answer a definition, not an approximation of one: where two
directions are nearly as strong as each other it is a mixture of both.

Shape legend: n = vectors.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

STEPS: Final = 48
UNIT_BITS: Final = 20  # cosines and vectors are Q20 here: a step stays below 2^40 n


def principal(cosines_q20: Int64, start: Int64) -> Int64:
    """48 steps of u <- C u from `start` (n,), its largest entry 2^20 in magnitude; zeros if it vanishes.

    `cosines_q20`: positive semidefinite up to rounding, int64 (n, n), |c| <= 2^20, n up to 2^14.
    """
    vector = _scaled(start)
    for _ in range(STEPS):
        vector = _scaled(cosines_q20 @ vector >> UNIT_BITS)
    return vector


def centred(cosines_q20: Int64) -> Int64:
    """Inner products after the mean of the n vectors is taken from each: (I - J) C (I - J), rounded toward -inf."""
    n = len(cosines_q20)
    rows = cosines_q20.sum(axis=1)
    products: Int64 = cosines_q20 - (rows[:, None] + rows[None, :]) // n + int(rows.sum()) // (n * n)
    return products


def principal_difference(cosines_q20: Int64) -> Int64:
    """The direction in which n vectors differ most: `principal` of the centred products, (n,).

    It starts from the vectors weighted by their squared distances from the mean. Zeros where that is nothing, as when
    all lie equally far off in directions of their own, and where these squares are 2^-10 on average or less: there
    rounding would speak.
    """
    products = centred(cosines_q20)
    away = products.diagonal()
    if int(away.sum()) <= len(away) << UNIT_BITS - 10:
        return np.zeros(len(away), dtype=np.int64)
    start: Int64 = products @ away
    if int(np.abs(start).max()) < len(away) << UNIT_BITS + 2:
        return np.zeros(len(away), dtype=np.int64)
    return principal(products, start >> UNIT_BITS)


def _scaled(vector: Int64) -> Int64:
    largest = int(np.abs(vector).max())
    return vector if largest == 0 else (np.abs(vector) << UNIT_BITS) // largest * np.sign(vector)

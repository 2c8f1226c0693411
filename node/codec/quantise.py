"""From floats to mantissas and shifts: value = q * 2^(s - 40). Floats end here.

Values are first rounded to the grid 2^-40; sums are then exact integers, so that the same vector gives the same bytes
on every machine. Roundings are to the nearest, halves away from zero. A chunk whose scale would pass the largest one
takes the largest one: the nearest that a message can say.

Shape legend: N = chunks, L = length of a chunk, k = entries kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.codec.update import DENSE_MANTISSA_MAXIMUM, MANTISSA_MAXIMUM, SHIFT_MAXIMUM, VALUE_BITS

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scales:
    """Mantissas of N chunks and which entry takes which: `low`, `high`, `shifts` uint8 (N,); `levels` bool (N, k).

    An entry with its level set has the magnitude `high`, else `low`. Where one mantissa is enough, high = low and no
    level is set.
    """

    low: UInt8
    high: UInt8
    shifts: UInt8
    levels: npt.NDArray[np.bool_]


def grid_magnitudes(values: npt.NDArray[np.float32]) -> Int64:
    """|values| * 2^40 to the nearest integer, int64 of the same shape. |values| must be below 2^17."""
    return np.rint(np.abs(values).astype(np.float64) * float(1 << VALUE_BITS)).astype(np.int64)


def one_scale(magnitudes: Int64) -> Scales:
    """One mantissa a chunk: the mean of `magnitudes` (N, k), which has the least squared error."""
    total, count = magnitudes.sum(axis=1), magnitudes.shape[1]
    shifts = _smallest_shifts(total, count, MANTISSA_MAXIMUM)
    mantissas = _rounded(total, np.int64(count), shifts, MANTISSA_MAXIMUM)
    return Scales(
        mantissas.astype(np.uint8),
        mantissas.astype(np.uint8),
        shifts.astype(np.uint8),
        np.zeros(magnitudes.shape, bool),
    )


def two_scales(magnitudes: Int64) -> Scales:
    """Two mantissas a chunk: the two means that split `magnitudes` (N, k) with the least squared error."""
    lower_count, lower_total, upper_count, upper_total = _best_split(magnitudes)
    shifts = _smallest_shifts(upper_total, upper_count, MANTISSA_MAXIMUM)
    low = _rounded(lower_total, lower_count, shifts, MANTISSA_MAXIMUM)
    high = _rounded(upper_total, upper_count, shifts, MANTISSA_MAXIMUM)
    to_low = np.abs(magnitudes - (low << shifts)[:, np.newaxis])
    to_high = np.abs(magnitudes - (high << shifts)[:, np.newaxis])
    levels = to_high < to_low
    # One form for one meaning: a mantissa that no entry takes is not written.
    low = np.where(levels.all(axis=1), high, low)
    high = np.where(levels.any(axis=1), high, low)
    levels &= (low < high)[:, np.newaxis]
    return Scales(low.astype(np.uint8), high.astype(np.uint8), shifts.astype(np.uint8), levels)


def dense(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], UInt8]:
    """Mantissas int8 (N, L), at most 127, and shifts uint8 (N,) of `values` (N, L): the finest shift that fits."""
    magnitudes = grid_magnitudes(values)
    shifts = _smallest_shifts(magnitudes.max(axis=1), 1, DENSE_MANTISSA_MAXIMUM)
    mantissas = _rounded(magnitudes, np.int64(1), shifts[:, np.newaxis], DENSE_MANTISSA_MAXIMUM)
    return np.where(values < 0, -mantissas, mantissas).astype(np.int8), shifts.astype(np.uint8)


def _rounded(totals: Int64, counts: Int64 | np.int64, shifts: Int64, maximum: int) -> Int64:
    """totals / counts / 2^shifts to the nearest integer, halves upward, at most `maximum`."""
    divisors = counts << shifts
    quotients: Int64 = (2 * totals + divisors) // (2 * divisors)
    return np.minimum(quotients, maximum)


def _smallest_shifts(totals: Int64, counts: Int64 | int, maximum: int) -> Int64:
    """The smallest shift, int64 (N,), with which totals / counts rounds to `maximum` or less; else the largest."""
    shifts = np.full(totals.shape, SHIFT_MAXIMUM, dtype=np.int64)
    for shift in range(SHIFT_MAXIMUM - 1, -1, -1):
        # rounds to at most `maximum` <=> totals / counts < (maximum + 1/2) * 2^shift
        fits = 2 * totals < ((2 * maximum + 1) * np.int64(counts) << shift)
        if not fits.any():  # nor will it with a smaller shift
            break
        shifts[fits] = shift
    return shifts


def _best_split(magnitudes: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """Count and total of the lower and of the upper part of each row, int64 (N,) each.

    Least squared error is the largest S1^2 / n1 + S2^2 / n2 over the cuts of the sorted row (1-D 2-means); the first
    such cut wins. A row of one entry has both parts equal.
    """
    rows, count = magnitudes.shape
    if count == 1:
        ones = np.ones(rows, dtype=np.int64)
        return ones, magnitudes[:, 0], ones, magnitudes[:, 0]
    sums = np.cumsum(np.sort(magnitudes, axis=1), axis=1)
    total, lower = sums[:, -1], sums[:, :-1]
    sizes = np.arange(1, count, dtype=np.int64)
    upper = total[:, np.newaxis] - lower
    low, high = lower.astype(np.float64), upper.astype(np.float64)
    gain = low * low / sizes + high * high / (count - sizes)
    cut = gain.argmax(axis=1)
    lower_total = np.take_along_axis(lower, cut[:, np.newaxis], axis=1)[:, 0]
    return cut + 1, lower_total, count - 1 - cut, total - lower_total

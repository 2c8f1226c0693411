"""The k largest magnitudes of each chunk, exactly, ties to the lower index.

Sorting or partitioning whole chunks costs four times as much as this: the maxima of small groups give a lower bound on
the k-th largest magnitude, few elements reach it (87 of 4096 for k = 64 on Gaussian input), and only those are sorted.

Magnitudes are compared as the bits of float32 without the sign, which order like the numbers themselves.

Shape legend: N = chunks, L = length of a chunk, k = entries kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_MAGNITUDE_MASK: Final = np.int32(0x7FFFFFFF)
_MAGNITUDE_BITS: Final = 31
_INDEX_BITS: Final = 12  # an index in a chunk of up to 4096
_BLOCK_CHUNKS: Final = 64  # 1 MiB of float32: stays in the cache between the passes


def magnitude_bits(values: Float32) -> Int32:
    """Bits of |values|, int32 of the same shape. Infinity is 0x7F800000, NaN is larger."""
    return np.bitwise_and(values.view(np.int32), _MAGNITUDE_MASK)


def largest(values: Float32, count: int) -> tuple[Int64, Float32]:
    """The `count` entries of largest magnitude in each row of `values` (N, L): indices, ascending, and values.

    int64 (N, count) and float32 (N, count). L is at most 4096 and 1 <= count <= L.
    """
    rows, length = values.shape
    if count == length:
        return np.broadcast_to(np.arange(length, dtype=np.int64), (rows, length)), values
    indices = np.empty((rows, count), dtype=np.int64)
    survivors = np.empty((rows, count), dtype=np.float32)
    for start in range(0, rows, _BLOCK_CHUNKS):
        block, part = values[start : start + _BLOCK_CHUNKS], slice(start, start + _BLOCK_CHUNKS)
        indices[part] = _largest_of_block(magnitude_bits(block), count)
        survivors[part] = np.take_along_axis(block, indices[part], axis=1)
    return indices, survivors


def _largest_of_block(bits: Int32, count: int) -> Int64:
    rows, length = bits.shape
    bound = _lower_bounds(bits, count)
    candidates = np.flatnonzero(bits >= bound[:, np.newaxis])
    starts = np.searchsorted(candidates, np.arange(rows + 1) * length)
    row = np.repeat(np.arange(rows), np.diff(starts))
    # One integer a candidate that sorts by row, then falling magnitude, then rising index.
    falling = _MAGNITUDE_MASK - bits.ravel()[candidates]
    keys = (row << _MAGNITUDE_BITS | falling) << _INDEX_BITS | (candidates - row * length)
    keys.sort()
    kept: Int64 = keys[starts[:-1, np.newaxis] + np.arange(count)] & ((1 << _INDEX_BITS) - 1)
    kept.sort(axis=1)
    return kept


def _lower_bounds(bits: Int32, count: int) -> Int32:
    """For each row a value that at least `count` elements reach: the count-th largest of maxima of disjoint groups."""
    rows, length = bits.shape
    group = 1
    while length % (2 * group) == 0 and length // (2 * group) >= 2 * count:
        group *= 2
    maxima = bits.reshape(rows, group, length // group).max(axis=1)
    at = maxima.shape[1] - count
    bounds: Int32 = np.partition(maxima, at, axis=1)[:, at]
    return bounds

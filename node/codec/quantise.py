"""Where floats end: a sign and one scale a chunk (two with 2 bits), or int8 for dense tensors.

A scale is a mantissa M in [0, 255] and a shift s in [0, 28]; the value is M * 2^(s-40). Survivors of a 64 of 4,096 cut
have nearly equal magnitudes, so one scale loses about 1% of their energy. What saturates stays in the error feedback.

Shape legend: m = entries, N = chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.codec.update import MAXIMUM_DENSE_MANTISSA, MAXIMUM_MANTISSA, MAXIMUM_SHIFT, VALUE_GRID_BITS

LLOYD_STEPS = 4

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Quantised:
    """Entries of one tensor. `low`, `high` uint8 (N,) scales, equal with 1 bit; `shifts` uint8 (N,).

    `negative`, `upper` bool (m,): the sign, and which of the two scales.
    """

    low: npt.NDArray[np.uint8]
    high: npt.NDArray[np.uint8]
    shifts: npt.NDArray[np.uint8]
    negative: npt.NDArray[np.bool_]
    upper: npt.NDArray[np.bool_]


def quantise_sparse(values: npt.NDArray[np.float32], counts: npt.NDArray[np.int64], bits: int) -> Quantised:
    """Quantise the entries of one tensor: `values` finite float32 (m,), chunk by chunk, `counts` int64 (N,) of each."""
    magnitudes = np.abs(values.astype(np.float64))
    starts = np.cumsum(counts) - counts
    mean = np.add.reduceat(magnitudes, starts) / counts
    upper = np.zeros(len(values), dtype=np.bool_)
    low = high = mean
    if bits == 2:
        low, high, upper = _two_levels(magnitudes, starts, counts, mean)
    shifts = _shifts(high, MAXIMUM_MANTISSA)
    return Quantised(
        low=_mantissas(low, shifts, MAXIMUM_MANTISSA).astype(np.uint8),
        high=_mantissas(high, shifts, MAXIMUM_MANTISSA).astype(np.uint8),
        shifts=shifts,
        negative=values < 0,
        upper=upper,
    )


def quantise_dense(
    values: npt.NDArray[np.float32], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
    """Mantissas int8 (m,) within +-127 and shifts uint8 (N,) for a dense tensor."""
    exact = values.astype(np.float64)
    shifts = _shifts(np.maximum.reduceat(np.abs(exact), np.cumsum(counts) - counts), MAXIMUM_DENSE_MANTISSA)
    scaled = np.ldexp(exact, VALUE_GRID_BITS - np.repeat(shifts.astype(np.int32), counts))
    return np.clip(np.rint(scaled), -MAXIMUM_DENSE_MANTISSA, MAXIMUM_DENSE_MANTISSA).astype(np.int8), shifts


def _two_levels(
    magnitudes: Floats, starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], mean: Floats
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Lloyd's algorithm with two levels in every chunk: level values and which entries take the upper one."""
    threshold = mean
    low = high = mean
    upper = np.zeros(len(magnitudes), dtype=np.bool_)
    total = np.add.reduceat(magnitudes, starts)
    for _ in range(LLOYD_STEPS):
        upper = magnitudes > np.repeat(threshold, counts)
        above = np.add.reduceat(upper.astype(np.int64), starts)
        sum_above = np.add.reduceat(np.where(upper, magnitudes, 0.0), starts)
        high = np.where(above > 0, sum_above / np.maximum(above, 1), mean)
        low = np.where(above < counts, (total - sum_above) / np.maximum(counts - above, 1), mean)
        threshold = (low + high) / 2
    return low, high, upper


def _shifts(scales: Floats, largest: int) -> npt.NDArray[np.uint8]:
    """The smallest shift with which each scale fits a mantissa of at most `largest`, at most 28."""
    # frexp: scale * 2^40 / largest = f * 2^e with f in [0.5, 1), so that 2^e is the first power of two above it.
    _, exponents = np.frexp(np.ldexp(scales, VALUE_GRID_BITS) / largest)
    return np.clip(exponents, 0, MAXIMUM_SHIFT).astype(np.uint8)


def _mantissas(scales: Floats, shifts: npt.NDArray[np.uint8], largest: int) -> npt.NDArray[np.int64]:
    scaled = np.ldexp(scales, VALUE_GRID_BITS - shifts.astype(np.int32))
    return np.minimum(np.rint(scaled), largest).astype(np.int64)

"""A message once parsed: integers only. From here on, all peers hold the same numbers.

Shape legend: d = parameters, m = entries, N = chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.codec.header import MessageHeader
from node.manifest import Layout

VALUE_BITS: Final = 40  # values lie on the grid 2^-40
MANTISSA_MAXIMUM: Final = 255
DENSE_MANTISSA_MAXIMUM: Final = 127
# The largest shift that keeps |q << s| below 2^40, on which the aggregator's bound |A| <= 2^56 rests. The largest value
# is then 255 * 2^-8, just under 1; with error feedback, honest updates reach 0.15, above 255 * 2^-12 (shift 28).
SHIFT_MAXIMUM: Final = 32


@dataclass(frozen=True, eq=False)
class Update:
    """One peer's update: entry j says `mantissas[j] * 2^(shift of its chunk - 40)` at flat coordinate `positions[j]`.

    `positions` int64 (m,) strictly increasing; `mantissas` int16 (m,), |q| <= 255, in dense tensors <= 127; `shifts`
    uint8 (N,), at most 32. Chunk c has `layout.chunk_counts[c]` entries. The arrays cannot be written to.
    """

    header: MessageHeader
    positions: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int16]
    shifts: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        for array in (self.positions, self.mantissas, self.shifts):
            array.setflags(write=False)


def decode(update: Update, layout: Layout) -> npt.NDArray[np.float32]:
    """The update as a float32 vector (d,), exactly: a mantissa has 8 bits and the scale is a power of two."""
    scales = np.ldexp(np.float32(1), update.shifts.astype(np.int32) - VALUE_BITS)
    vector = np.zeros(layout.parameter_count, dtype=np.float32)
    vector[update.positions] = update.mantissas * np.repeat(scales, layout.chunk_counts)
    return vector

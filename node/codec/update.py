"""An update as integers: what a message says, whatever wire form it came in.

Shape legend: m = entries, N = chunks, d = parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.manifest import Layout

VALUE_GRID_BITS = 40
MAXIMUM_SHIFT = 28
MAXIMUM_MANTISSA = 255
MAXIMUM_DENSE_MANTISSA = 127


@dataclass(frozen=True)
class MessageHeader:
    """Which update this is. `run_id`, `base_digest` and `manifest_digest` are 32 bytes, round and seat 32 bits."""

    run_id: bytes
    round: int
    seat: int
    base_digest: bytes
    manifest_digest: bytes


@dataclass(frozen=True, eq=False)
class Update:
    """A valid message. Entry e changes parameter `positions[e]` by mantissas[e] * 2^(shifts[its chunk] - 40).

    `positions` int64 (m,), strictly increasing; `mantissas` int16 (m,), |q| <= 255; `shifts` uint8 (N,), <= 28.
    """

    header: MessageHeader
    positions: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int16]
    shifts: npt.NDArray[np.uint8]


def decode(update: Update, layout: Layout) -> npt.NDArray[np.float32]:
    """The vector an update stands for, float32 (d,); every value is exact."""
    exponents = np.repeat(update.shifts.astype(np.int32), layout.chunk_counts) - VALUE_GRID_BITS
    vector = np.zeros(layout.parameter_count, dtype=np.float32)
    vector[update.positions] = np.ldexp(update.mantissas.astype(np.float32), exponents)
    return vector

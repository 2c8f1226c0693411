"""Histories: how far each peer's model has moved since the start they all share, as a few hundred integers.

SybilWall adds up the differences between successive models of a peer; that sum telescopes to the newest model minus the
first. A CountSketch is linear, so the sketch of this one difference is the exact sketch of the whole sum, and nothing
older has to be kept. The common start is taken out: what no peer did makes no peer alike.

A sketch is narrowed to 16 bits for the wire by a shift that its largest entry decides. Cosines do not feel the scale,
equal models keep equal histories, and whoever has the model can compute the history bit for bit.

Shape legend: n = peers, d = parameters, B = buckets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import cosine_q30
from node.aggregation.sketch import CountSketch
from node.manifest import Layout

History = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]

_MAGNITUDE_BITS: Final = 15


def history_of(theta: Int32, start: Int32, layout: Layout, sketch: CountSketch) -> History:
    """Narrowed sketch int16 (B,) of theta - start, both int32 (d,) on the manifest's grids."""
    moved = np.subtract(theta, start, dtype=np.int64)
    coarsest = min(tensor.grid_bits for tensor in layout.tensors)
    for index, tensor in enumerate(layout.tensors):
        # Down to the coarsest grid, never up: |moved| < 2^32 and d <= 2^31 keep the sum of magnitudes below 2^63.
        moved[layout.tensor_starts[index] : layout.tensor_starts[index + 1]] >>= tensor.grid_bits - coarsest
    return narrowed(sketch.of_entries(np.arange(len(moved), dtype=np.int64), moved))


def narrowed(sketch: npt.NDArray[np.int64]) -> History:
    """sign(s) * (|s| >> shift) with the least shift that brings every magnitude below 2^15."""
    magnitudes = np.abs(sketch)
    shift = max(0, int(magnitudes.max(initial=0)).bit_length() - _MAGNITUDE_BITS)
    narrow: npt.NDArray[Any] = np.sign(sketch) * (magnitudes >> shift)
    return narrow.astype(np.int16)


def cosines_q30(histories: Sequence[History]) -> list[list[int]]:
    """(n, n) cosines in Q30 between histories of one length; 0 where one of them is all zero."""
    if not histories:
        return []
    stacked = np.stack(histories).astype(np.float64)
    # Integers below 2^15 in at most 2^16 buckets: every partial sum is below 2^46, so the product is exact anywhere.
    products = (stacked @ stacked.T).astype(np.int64).tolist()
    squares = [row[a] for a, row in enumerate(products)]
    cosines = [[0] * len(products) for _ in products]
    for a, row in enumerate(products):
        for b in range(a + 1):
            cosines[a][b] = cosines[b][a] = cosine_q30(row[b], squares[a], squares[b])
    return cosines

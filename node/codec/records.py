"""An update laid out for fraud proofs: one record a chunk, so that a contract can open a chunk of every input.

A record is a head of 32 bytes and the chunk's entries, zero-padded to whole 32-byte words; numbers are big-endian:

    head   tensor id u32, chunk of the tensor u32, count u16, shift u8, kind u8 (0 sparse, 1 dense), low u8, high u8
    entry  sparse u16: bit 15 negative, bit 14 upper scale, bits 0-11 index in the chunk; dense: int8

The data root of an update is the root of `node.merkle.PositionTree` over these records.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from node.codec.update import Update
from node.manifest import Layout

WORD_BYTES = 32
_HEAD = struct.Struct(">IIHBBBB18x")
_SPARSE, _DENSE = 0, 1


def data_leaves(update: Update, layout: Layout) -> list[bytes]:
    """One record a chunk, in layout order."""
    ends = np.cumsum(layout.chunk_counts)
    starts = ends - layout.chunk_counts
    magnitudes = np.abs(update.mantissas)
    low = np.minimum.reduceat(magnitudes, starts)
    high = np.maximum.reduceat(magnitudes, starts)
    sparse = _sparse_entries(update, layout, magnitudes, low, high).tobytes()
    dense = update.mantissas.astype(np.int8).tobytes()
    leaves = []
    for chunk in range(layout.chunk_count):
        tensor = int(layout.chunk_tensors[chunk])
        start, end = int(starts[chunk]), int(ends[chunk])
        is_dense = layout.tensors[tensor].entries_per_chunk == 0
        scales = (0, 0) if is_dense else (int(low[chunk]), int(high[chunk]))
        head = _HEAD.pack(
            tensor,
            chunk - int(layout.tensor_chunks[tensor]),
            end - start,
            int(update.shifts[chunk]),
            _DENSE if is_dense else _SPARSE,
            *scales,
        )
        entries = dense[start:end] if is_dense else sparse[2 * start : 2 * end]
        leaves.append(head + entries.ljust(-(-len(entries) // WORD_BYTES) * WORD_BYTES, b"\0"))
    return leaves


def _sparse_entries(
    update: Update,
    layout: Layout,
    magnitudes: npt.NDArray[np.int16],
    low: npt.NDArray[np.int16],
    high: npt.NDArray[np.int16],
) -> npt.NDArray[np.uint16]:
    index = update.positions - np.repeat(layout.chunk_starts[:-1], layout.chunk_counts)
    upper = (magnitudes == np.repeat(high, layout.chunk_counts)) & np.repeat(low < high, layout.chunk_counts)
    entries = index | (update.mantissas < 0).astype(np.int64) << 15 | upper.astype(np.int64) << 14
    packed: npt.NDArray[np.uint16] = entries.astype(">u2")
    return packed

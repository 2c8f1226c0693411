"""A message as records that a contract can open one by one: the leaves of the data tree.

The data root, committed on-chain with the update, is `node.merkle.PositionTree(data_leaves(update, layout)).root`;
leaf i is chunk i of the flat vector. To show what a message says about a coordinate, open the one leaf of its chunk.

A record is a whole number of 32-byte words. Numbers are big-endian, as the EVM reads them:

    bytes  0..3   tensor, its place in the manifest
           4..7   chunk, counted within the tensor
           8..15  flat coordinate of the chunk's first element
          16..19  length of the chunk
          20..23  number of entries
          24      bits an entry: 1, 2, or 8 for a dense chunk
          25      shift s
          26      low mantissa    (0 in a dense chunk)
          27      high mantissa   (0 in a dense chunk; the low one again where one is enough)
          28..31  zero
          32..    entries of 16 bits, then zeros up to a whole word

Entry of a sparse chunk: bit 15 sign (1 = minus), bit 14 level (1 = high mantissa), bits 11..0 index in the chunk; the
indices rise strictly. Entry of a dense chunk: the mantissa in two's complement; entry i is element i. A value is its
mantissa * 2^(s - 40).

Shape legend: N = chunks, m = entries.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from node.codec.section import section_bits
from node.codec.update import Update
from node.manifest import Layout

WORD_BYTES: Final = 32
SIGN_BIT: Final = 15
LEVEL_BIT: Final = 14
_HEAD: Final = np.dtype(
    [
        ("tensor", ">u4"),
        ("chunk", ">u4"),
        ("start", ">u8"),
        ("length", ">u4"),
        ("count", ">u4"),
        ("bits", "u1"),
        ("shift", "u1"),
        ("low", "u1"),
        ("high", "u1"),
        ("zero", ">u4"),
    ]
)


def data_leaves(update: Update, layout: Layout) -> list[bytes]:
    """One record a chunk, N in all, each a multiple of 32 bytes."""
    ends = np.cumsum(layout.chunk_counts)
    firsts = ends - layout.chunk_counts
    magnitudes = np.abs(update.mantissas)
    low, high = np.minimum.reduceat(magnitudes, firsts), np.maximum.reduceat(magnitudes, firsts)
    dense = np.array([tensor.entries_per_chunk == 0 for tensor in layout.tensors])[layout.chunk_tensors]
    heads = _heads(update, layout, np.where(dense, 0, low), np.where(dense, 0, high)).tobytes()
    entries = _entries(update, layout, low, dense).astype(">u2").tobytes()
    leaves = []
    for chunk, (first, end) in enumerate(zip((2 * firsts).tolist(), (2 * ends).tolist(), strict=True)):
        padding = bytes(-(end - first) % WORD_BYTES)
        leaves.append(heads[WORD_BYTES * chunk : WORD_BYTES * (chunk + 1)] + entries[first:end] + padding)
    return leaves


def _heads(
    update: Update, layout: Layout, low: npt.NDArray[np.int16], high: npt.NDArray[np.int16]
) -> npt.NDArray[np.void]:
    heads = np.zeros(layout.chunk_count, dtype=_HEAD)
    heads["tensor"] = layout.chunk_tensors
    heads["chunk"] = np.arange(layout.chunk_count) - layout.tensor_chunks[layout.chunk_tensors]
    heads["start"] = layout.chunk_starts[:-1]
    heads["length"] = np.diff(layout.chunk_starts)
    heads["count"] = layout.chunk_counts
    heads["bits"] = np.array([section_bits(tensor) for tensor in layout.tensors])[layout.chunk_tensors]
    heads["shift"], heads["low"], heads["high"] = update.shifts, low, high
    return heads


def _entries(
    update: Update, layout: Layout, low: npt.NDArray[np.int16], dense: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint16]:
    """The 16-bit entries of all chunks, uint16 (m,)."""
    counts = layout.chunk_counts
    index = update.positions - np.repeat(layout.chunk_starts[:-1], counts)
    level = np.abs(update.mantissas) > np.repeat(low, counts)
    sparse = (
        index.astype(np.uint16)
        | (update.mantissas < 0).astype(np.uint16) << SIGN_BIT
        | level.astype(np.uint16) << LEVEL_BIT
    )
    return np.where(np.repeat(dense, counts), update.mantissas.view(np.uint16), sparse)

"""One tensor's part of a message: the bytes around the payloads, shared by writer and parser.

Section: tensor id (varint), format (1 byte), k (varint), number of chunks N (varint); then for a sparse tensor the
length of the index payload (varint), low mantissas (N bytes), high mantissas (N bytes, 2-bit only), shifts (N bytes),
index payload, signs (1 bit an entry), levels (1 bit an entry, 2-bit only); for a dense tensor shifts (N bytes) and
mantissas (int8, 1 byte an element). Bitmaps fill bytes from the lowest bit and end with zeros; a set sign is minus.

Format: bits an entry (1, 2 or 8) in the high half, index codec in the low half (0 when dense).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from node.codec.header import HEADER_BYTES
from node.codec.indices import IndexCodec, payload_limit
from node.manifest import Layout, TensorSpec

DENSE_BITS: Final = 8
_VARINTS_LIMIT_BYTES: Final = 5 + 1 + 2 + 5 + 5


def format_byte(bits: int, codec: IndexCodec | None) -> int:
    """The format of a section; no codec for a dense one."""
    return bits << 4 | (0 if codec is None else codec)


def section_bits(tensor: TensorSpec) -> int:
    """Bits an entry that the manifest asks for."""
    return tensor.bits if tensor.entries_per_chunk else DENSE_BITS


def bitmap_bytes(count: int) -> int:
    """Length of a bitmap of `count` bits."""
    return -(-count // 8)


def message_limit_bytes(layout: Layout) -> int:
    """No valid message of this layout is longer. Known before a byte of it is fetched."""
    entries = np.add.reduceat(layout.chunk_counts, layout.tensor_chunks[:-1])
    limit = HEADER_BYTES + _VARINTS_LIMIT_BYTES
    for tensor, count, chunks in zip(
        layout.tensors, entries.tolist(), np.diff(layout.tensor_chunks).tolist(), strict=True
    ):
        limit += _VARINTS_LIMIT_BYTES
        if tensor.entries_per_chunk == 0:
            limit += chunks + count
        else:
            limit += (tensor.bits + 1) * chunks + payload_limit(count) + tensor.bits * bitmap_bytes(count)
    return limit

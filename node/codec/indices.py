"""Indices of a tensor's kept coordinates as gaps, in whichever code is shorter.

A gap is the number of coordinates left out before a kept one, counted anew in every chunk; it is below 4096.

Shape legend: N = chunks of the tensor, m = entries of the tensor.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from node.codec import buckets, rice
from node.errors import MalformedMessage

Int64 = npt.NDArray[np.int64]


class IndexCodec(IntEnum):
    """How a payload is written. The numbers are on the wire."""

    RICE = 0
    BUCKETS = 1


def payload_limit(count: int) -> int:
    """No payload of `count` indices is longer in either code: a longer one than Rice is never sent."""
    return rice.payload_limit(count)


def encode(indices: Int64, counts: Int64) -> tuple[IndexCodec, bytes]:
    """The shorter payload, Rice when equal.

    `indices` int64 (m,): in the chunk, ascending; chunk c has `counts[c]` of them, int64 (N,).
    """
    gaps = np.diff(indices, prepend=-1) - 1
    first = np.cumsum(counts)[:-1]
    gaps[first] = indices[first]
    gaps_u16 = gaps.astype(np.uint16)
    candidates = [
        (IndexCodec.RICE, rice.encode(gaps_u16)),
        (IndexCodec.BUCKETS, buckets.encode(gaps_u16)),
    ]
    return min(candidates, key=lambda candidate: len(candidate[1]))


def decode(codec: IndexCodec, payload: memoryview, counts: Int64, lengths: Int64) -> Int64:
    """Indices int64 (m,) inside chunks of `lengths` (N,) that carry `counts` (N,) entries. Raises MalformedMessage."""
    total = int(counts.sum())
    if len(payload) > payload_limit(total):
        raise MalformedMessage(f"index payload of {len(payload)} bytes for {total} indices")
    read = rice.decode if codec is IndexCodec.RICE else buckets.decode
    # Gaps cannot be negative, so indices rise strictly; only the last of each chunk can lie outside.
    indices = read(payload, total).astype(np.int64)
    indices += 1
    np.cumsum(indices, out=indices)
    last = np.cumsum(counts) - 1
    base = np.concatenate((np.ones(1, dtype=np.int64), indices[last[:-1]] + 1))
    indices -= np.repeat(base, counts)
    outside = np.flatnonzero(indices[last] >= lengths)
    if len(outside):
        chunk = int(outside[0])
        raise MalformedMessage(f"index {indices[last[chunk]]} in chunk {chunk} of length {lengths[chunk]}")
    return indices

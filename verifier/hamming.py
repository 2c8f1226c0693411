"""Distances between digests in bits, many at once.

Digests of 64, 128, ... bits are rows of 64-bit words. Everything here is numpy, in blocks that stay in the cache;
`pair_histogram` counts all pairs faster than it can list them, and `neighbours_by_faiss` finds the close ones with
faiss, which is an extra.

Shape legend: N, M = digests, W = words of a digest, K = pairs found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import HashError

WORD_BITS: Final = 64
_BLOCK_ROWS: Final = 16
_BLOCK_COLUMNS: Final = 4096

Digests = npt.NDArray[np.uint64]
Distances = npt.NDArray[np.uint16]


def pack(digests: Sequence[int], *, bits: int) -> Digests:
    """Digests as rows (N, W), the most significant word first. Raises HashError for one that does not fit."""
    if bits <= 0 or bits % WORD_BITS:
        raise HashError(f"{bits} bits, expected a multiple of {WORD_BITS}")
    try:
        data = b"".join(digest.to_bytes(bits // 8, "big") for digest in digests)
    except OverflowError as error:
        raise HashError(f"a digest that does not fit {bits} bits") from error
    return np.frombuffer(data, dtype=">u8").astype(np.uint64).reshape(len(digests), bits // WORD_BITS)


def distances(left: Digests, right: Digests) -> Distances:
    """Bits in which each digest of (N, W) differs from each of (M, W): uint16 (N, M). Raises HashError."""
    require_alike(left, right)
    found = np.zeros((len(left), len(right)), dtype=np.uint16)
    for word, column in enumerate(np.ascontiguousarray(right.T)):
        found += np.bitwise_count(left[:, word, None] ^ column)
    return found


def distance_blocks(left: Digests, right: Digests) -> Iterator[tuple[int, int, Distances]]:
    """The same in pieces: first row, first column, distances from there on. Raises HashError."""
    for row in range(0, len(left), _BLOCK_ROWS):
        for column in range(0, len(right), _BLOCK_COLUMNS):
            yield row, column, distances(left[row : row + _BLOCK_ROWS], right[column : column + _BLOCK_COLUMNS])


def neighbours(left: Digests, right: Digests, threshold: int) -> npt.NDArray[np.int64]:
    """Pairs (row of left, row of right) at most `threshold` bits apart: (K, 2), ascending. Raises HashError."""
    near = [
        np.add(np.argwhere(block <= threshold), (row, column)) for row, column, block in distance_blocks(left, right)
    ]
    return _ascending(np.concatenate([np.zeros((0, 2), dtype=np.int64), *near]))


def neighbours_by_faiss(left: Digests, right: Digests, threshold: int) -> npt.NDArray[np.int64]:
    """What `neighbours` finds, by faiss's range search. Raises HashError, and ImportError without the extra `faiss`."""
    import faiss

    require_alike(left, right)
    index = faiss.IndexBinaryFlat(left.shape[1] * WORD_BITS)
    index.add(right.view(np.uint8))
    # faiss searches below a radius, not up to it.
    limits, _, columns = index.range_search(left.view(np.uint8), threshold + 1)
    ends = limits.astype(np.int64)
    rows = np.repeat(np.arange(len(left)), ends[1:] - ends[:-1])
    return _ascending(np.column_stack((rows, columns.astype(np.int64))))


def require_alike(*arrays: Digests) -> None:
    """Raise HashError unless all are uint64 (N, W) with one W."""
    for array in arrays:
        if array.dtype != np.uint64 or array.ndim != 2 or array.shape[1] == 0:
            raise HashError(f"digests: {array.dtype} of shape {array.shape}, expected uint64 (N, W)")
    if len({array.shape[1] for array in arrays}) > 1:
        raise HashError(f"digests of {' and '.join(str(array.shape[1] * WORD_BITS) for array in arrays)} bits")


def _ascending(pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]

"""Choosing what to send: the k largest magnitudes of every chunk, ties to the lower index.

Shape legend: R = rows (chunks of equal length), L = length of a chunk, m = entries, d = parameters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.manifest import CHUNK_LENGTH, Layout

# Chunks handled at once: 1 MiB of float32, so that a block stays in the cache between the passes over it.
ROWS_AT_ONCE = 64


def select(vector: npt.NDArray[np.float32], layout: Layout) -> npt.NDArray[np.int64]:
    """Positions of the entries to send, int64 (m,) ascending; `vector` is finite float32 (d,).

    Chunk c contributes exactly layout.chunk_counts[c] positions.
    """
    parts: list[npt.NDArray[np.int64]] = []
    for index, tensor in enumerate(layout.tensors):
        start, end = int(layout.tensor_starts[index]), int(layout.tensor_starts[index + 1])
        if tensor.entries_per_chunk == 0:
            parts.append(np.arange(start, end, dtype=np.int64))
            continue
        whole = (end - start) // CHUNK_LENGTH
        for row in range(0, whole, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, whole - row)
            first = start + row * CHUNK_LENGTH
            block = vector[first : first + rows * CHUNK_LENGTH].reshape(rows, CHUNK_LENGTH)
            parts.append(first + _largest(block, tensor.entries_per_chunk))
        rest = start + whole * CHUNK_LENGTH
        if rest < end:
            count = int(layout.chunk_counts[layout.tensor_chunks[index + 1] - 1])
            parts.append(rest + _largest(vector[rest:end].reshape(1, -1), count))
    return np.concatenate(parts)


def _largest(block_RL: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
    """Flat positions of the `count` largest magnitudes of each row, ascending."""
    # Bit patterns of non-negative floats are ordered like the floats, and integer partition is the faster one.
    bits_RL = block_RL.view(np.uint32) & np.uint32(0x7FFFFFFF)
    length = bits_RL.shape[1]
    if count == length:
        return np.arange(bits_RL.size, dtype=np.int64)
    threshold_R = np.partition(bits_RL, length - count, axis=1)[:, length - count, None]
    chosen_RL = bits_RL >= threshold_R
    for row in np.flatnonzero(chosen_RL.sum(axis=1) > count):
        ties = np.flatnonzero(bits_RL[row] == threshold_R[row])
        surplus = int(chosen_RL[row].sum()) - count
        chosen_RL[row, ties[len(ties) - surplus :]] = False
    return np.flatnonzero(chosen_RL)

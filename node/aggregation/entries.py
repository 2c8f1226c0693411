"""Messages side by side, block by block: what both passes over a round's messages read.

Every message of a manifest carries the same number of entries for the same chunk, so one slice finds a block in all of
them and nothing is ever searched. A block lies inside one tensor; memory stays at one block of integers a message.

Shape legend: n = messages, m = entries of a message, N = chunks, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse

from node.manifest import Layout

# 1 MiB of int64: small enough that an allocator reuses the memory of the block before. 64 chunks took 1.5 to 3 times as
# long where every block went back to the system.
BLOCK_CHUNKS: Final = 32

Int64 = npt.NDArray[np.int64]
Numbers = TypeVar("Numbers", npt.NDArray[np.int64], npt.NDArray[np.float64])


class Entries(Protocol):
    """What aggregation needs of a message (`node.codec.Update` has it). value = q * 2^(shift - 40).

    `positions` int64 (m,) strictly increasing; `mantissas` int16 (m,), |q| <= 255; `shifts` uint8 (N,), <= 32.
    """

    @property
    def positions(self) -> npt.NDArray[np.int64]: ...

    @property
    def mantissas(self) -> npt.NDArray[np.int16]: ...

    @property
    def shifts(self) -> npt.NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Block:
    """Consecutive chunks of one tensor. Offsets of chunks, of coordinates and of entries, ends excluded."""

    tensor: int
    chunks: slice
    coordinates: slice
    entries: slice

    @property
    def width(self) -> int:
        """b, the number of coordinates."""
        return int(self.coordinates.stop - self.coordinates.start)

    @property
    def is_dense(self) -> bool:
        """Whether every message carries every coordinate here: positions rise strictly."""
        return self.entry_count == self.width

    @property
    def entry_count(self) -> int:
        """Entries that each message carries here."""
        return int(self.entries.stop - self.entries.start)


@dataclass(frozen=True, eq=False)
class Stack:
    """The messages of a round in seat order, ready to be read in blocks."""

    layout: Layout
    messages: Sequence[Entries]

    @cached_property
    def entry_starts(self) -> Int64:
        """int64 (N+1,): where each chunk's entries begin, in every message."""
        return np.concatenate(([0], np.cumsum(self.layout.chunk_counts)))

    def blocks(self, chunks: int = BLOCK_CHUNKS) -> Iterator[Block]:
        """Cut all coordinates into blocks of up to `chunks` chunks."""
        bounds = self.layout.tensor_chunks.tolist()
        for tensor in range(len(self.layout.tensors)):
            for first in range(bounds[tensor], bounds[tensor + 1], chunks):
                last = min(bounds[tensor + 1], first + chunks)
                coordinates = slice(int(self.layout.chunk_starts[first]), int(self.layout.chunk_starts[last]))
                entries = slice(int(self.entry_starts[first]), int(self.entry_starts[last]))
                yield Block(tensor, slice(first, last), coordinates, entries)

    def peak(self, index: int) -> int:
        """The largest |q << s| of a message, below 2^40."""
        message, starts = self.messages[index], self.entry_starts[:-1]
        highest = np.maximum.reduceat(message.mantissas, starts).astype(np.int64)
        lowest = np.minimum.reduceat(message.mantissas, starts).astype(np.int64)
        return int((np.maximum(highest, -lowest) << message.shifts.astype(np.int64)).max())

    def mantissas(self, block: Block, members: Sequence[int]) -> npt.NDArray[np.int16]:
        """Mantissas (len(members), m of the block) of these messages in a block."""
        return np.stack([self.messages[i].mantissas[block.entries] for i in members])

    def shifts(self, block: Block, members: Sequence[int]) -> Int64:
        """Shifts (len(members), chunks of the block) of these messages in a block."""
        return np.stack([self.messages[i].shifts[block.chunks] for i in members]).astype(np.int64)

    def per_entry(self, block: Block, per_chunk: Numbers) -> Numbers:
        """Repeat values (..., chunks) of this block's chunks over the chunks' entries, (..., m of the block)."""
        counts = self.layout.chunk_counts[block.chunks]
        if counts[0] == counts[-1]:  # only the last chunk of a tensor can be shorter, and a block is within one
            return np.repeat(per_chunk, int(counts[0]), axis=-1)
        return np.repeat(per_chunk, counts, axis=-1)

    def columns(self, block: Block, members: Sequence[int]) -> Int64:
        """Where in the block the entries of these messages are, int64 (len(members), m of the block)."""
        found = np.empty((len(members), block.entry_count), dtype=np.int64)
        for row, i in zip(found, members, strict=True):
            np.subtract(self.messages[i].positions[block.entries], block.coordinates.start, out=row)
        return found


def sparse_matrix(rows: Numbers, columns: Int64, width: int) -> Any:
    """Sparse matrix (n, width) with `rows` (n, m) in `columns` (n, m)."""
    n, m = rows.shape
    bounds = np.arange(n + 1, dtype=np.int32) * m
    return scipy.sparse.csr_array((rows.ravel(), columns.ravel().astype(np.int32), bounds), shape=(n, width))

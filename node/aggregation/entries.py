"""Messages side by side, block by block: what both passes over a round's messages read.

Every message of a manifest carries the same number of entries for the same chunk, so one slice finds a block in all of
them and nothing is ever searched. A block lies inside one tensor; memory stays at one block of integers a message.

Shape legend: n = messages, m = entries of a message, N = chunks, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse

from node.manifest import Layout

# 1 MiB of int64: small enough that an allocator reuses the memory of the block before. 64 chunks took 1.5 to 3 times as
# long where every block went back to the system.
BLOCK_CHUNKS: Final = 32

Int64 = npt.NDArray[np.int64]


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
        message = self.messages[index]
        magnitudes = np.abs(message.mantissas).astype(np.int64)
        per_chunk = np.maximum.reduceat(magnitudes, self.entry_starts[:-1]) << message.shifts.astype(np.int64)
        return int(per_chunk.max())

    def per_entry(self, block: Block, per_chunk: Int64) -> Int64:
        """Repeat a value a chunk (of this block) over the chunk's entries."""
        return np.repeat(per_chunk, self.layout.chunk_counts[block.chunks])

    def matrix(self, block: Block, rows: Sequence[Int64], members: Sequence[int]) -> Any:
        """Sparse int64 matrix (len(members), b) with `rows[i]` as the entries of message `members[i]`."""
        start = block.coordinates.start
        columns = np.concatenate([self.messages[i].positions[block.entries] - start for i in members])
        bounds = np.arange(len(members) + 1, dtype=np.int32) * block.entry_count
        return scipy.sparse.csr_array(
            (np.concatenate(rows), columns.astype(np.int32), bounds), shape=(len(members), block.width)
        )

"""Exact squared norms and inner products of messages, in one pass: all that is ever read of them to judge them.

Norms are exact. Products are taken between directions: r = sign(q) * ((|q| << s) >> shift) with one shift a message, so
that |r| < 2^11; truncation is toward zero, hence r(-v) = -r(v). That is trunc(q * 2^(s - shift)) in float64, where a
product with a power of two is exact. Every product of directions is below 2^22 and every sum of a block below 2^53, so
float64, in any order, with or without GEMM, on any machine, gives the same integers.

Shape legend: n = messages, N = chunks, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.entries import BLOCK_CHUNKS, Block, Entries, Int64, Stack, sparse_matrix
from node.aggregation.fixed_point import cosine_q30
from node.aggregation.gram import Gram
from node.aggregation.screen import Clipping, clip_at_median
from node.manifest import Layout

DIRECTION_BITS: Final = 11
Float64 = npt.NDArray[np.float64]

COMMON_GRID_BITS: Final = 30  # the finest grid a tensor of the state may have
# Measured: where messages carry more than one coordinate in so many, a dense matrix is the fastest.
DENSE_FRACTION: Final = 8
# And a dense matrix of the shared coordinates while these are up to so many times a message's entries.
SHARED_FACTOR: Final = 8
_PORTION_ENTRIES: Final = 1 << 18  # 1 MiB of int32


@dataclass(frozen=True)
class Products:
    """What is known of n messages. All exact Python integers.

    `products` (n, n): inner products of directions. `squared_norms` (n,): of the values, in units of 2^-80.
    `previous` (n,): product of each direction with that of the previous aggregate; `previous_square`: its own.
    Both are zero when there was no previous aggregate.
    """

    products: tuple[tuple[int, ...], ...]
    squared_norms: tuple[int, ...]
    previous: tuple[int, ...]
    previous_square: int

    def __len__(self) -> int:
        return len(self.squared_norms)

    @cached_property
    def clipping(self) -> Clipping:
        """Norm clip at the median. Raises ValueError when a message is zero."""
        return clip_at_median(self.squared_norms)

    @cached_property
    def gram(self) -> Gram:
        """What a rule sees of the messages, norms clipped at the median."""
        squares = [self.products[i][i] for i in range(len(self))]
        along = [cosine_q30(product, squares[i], self.previous_square) for i, product in enumerate(self.previous)]
        return Gram.of_products(self.products, self.clipping.norms, tuple(along))


def squared_norm(message: Entries, layout: Layout) -> int:
    """Exact squared norm of a message's values in units of 2^-80."""
    portion = max(1, _PORTION_ENTRIES // int(layout.chunk_counts.max()))
    ends = np.cumsum(layout.chunk_counts)
    parts = []
    for first in range(0, layout.chunk_count, portion):
        counts = layout.chunk_counts[first : first + portion]
        start = int(ends[first] - counts[0])
        parts.append(_squares(message.mantissas[start : start + int(counts.sum())], counts))
    per_chunk = np.concatenate(parts)
    # Sums of whole numbers: exact in float64 up to 2^53, which takes 10^11 entries.
    by_shift = np.bincount(message.shifts, weights=per_chunk).tolist()
    return sum(int(square) << 2 * shift for shift, square in enumerate(by_shift))


def inner_products(
    messages: Sequence[Entries],
    layout: Layout,
    *,
    squared_norms: Sequence[int] | None = None,
    previous: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None = None,
    block_chunks: int = BLOCK_CHUNKS,
) -> Products:
    """Multiply n messages with one another in one pass over blocks.

    `previous`: the state before the round's base and the base itself, int32 (d,) each; their difference is the previous
    aggregate. `squared_norms`: of the same messages when they are known already. `block_chunks` changes memory and
    speed only.
    """
    stack = Stack(layout, messages)
    # The shift that brings the largest magnitude of a message below 2^11.
    shifts = [max(0, stack.peak(i).bit_length() - DIRECTION_BITS) for i in range(len(messages))]
    aggregate = None if previous is None else _PreviousAggregate(layout, *previous)
    n = len(messages)
    products = np.zeros((n, n), dtype=np.int64)
    along = np.zeros(n, dtype=np.int64)
    along_square = 0
    for block in stack.blocks(block_chunks):
        other = None if aggregate is None else aggregate.direction(block).astype(np.float64)
        if other is not None:
            along_square += int(np.dot(other, other))
        if n == 0:
            continue
        rows = _directions(stack, block, shifts)
        if block.is_dense:
            products += (rows @ rows.T).astype(np.int64)
            if other is not None:
                along += (rows @ other).astype(np.int64)
        else:
            columns = stack.columns(block, range(n))
            products += _sparse_products(rows, columns, block.width).astype(np.int64)
            if other is not None:
                along += np.einsum("ij,ij->i", rows, other[columns]).astype(np.int64)
    norms = [squared_norm(message, layout) for message in messages] if squared_norms is None else squared_norms
    return Products(tuple(map(tuple, products.tolist())), tuple(norms), tuple(along.tolist()), along_square)


def _squares(mantissas: npt.NDArray[np.int16], counts: Int64) -> Int64:
    """Sum of q^2 of each of the chunks that have `counts` entries. At most 4,096 times 255^2, which fits int32."""
    wide = mantissas.astype(np.int32)
    if (counts == counts[0]).all():
        rows = wide.reshape(len(counts), int(counts[0]))
        wide = np.einsum("ij,ij->i", rows, rows)
    else:
        wide = np.add.reduceat(wide * wide, np.cumsum(counts) - counts)
    return wide.astype(np.int64)


def _directions(stack: Stack, block: Block, shifts: Sequence[int]) -> Float64:
    """Directions of all messages' entries in a block, float64 (n, m of the block) of integers."""
    members = range(len(shifts))
    net = stack.shifts(block, members) - np.array(shifts, dtype=np.int64)[:, None]
    directions: Float64 = stack.per_entry(block, np.ldexp(1.0, net))
    directions *= stack.mantissas(block, members)
    np.trunc(directions, out=directions)
    return directions


def _sparse_products(rows: Float64, columns: Int64, width: int) -> Float64:
    """Inner products (n, n) of integers `rows` (n, m) that stand in `columns` (n, m) of `width` coordinates.

    A coordinate that one message has alone adds to nothing but its square. Without those, and most are, what is left is
    small enough for a dense matrix; if not, a sparse one is faster.
    """
    n, m = rows.shape
    if m * DENSE_FRACTION > width:
        dense: Float64 = sparse_matrix(rows, columns, width).toarray()
        return dense @ dense.T
    shared = np.bincount(columns.ravel(), minlength=width) > 1
    places = np.flatnonzero(shared)
    if len(places) > SHARED_FACTOR * m:
        matrix = sparse_matrix(rows, columns, width)
        return np.asarray((matrix @ matrix.T).toarray())
    order = np.empty(width, dtype=np.int64)  # only shared places of it are ever read
    order[places] = np.arange(len(places))
    entries = np.flatnonzero(shared.take(columns))
    into = order.take(columns.ravel().take(entries))
    into += entries // m * len(places)
    dense = np.zeros((n, len(places)))
    dense.ravel()[into] = rows.ravel().take(entries)
    products = dense @ dense.T
    np.fill_diagonal(products, np.einsum("ij,ij->i", rows, rows))
    return products


class _PreviousAggregate:
    """The step between two states, read as directions block by block."""

    def __init__(self, layout: Layout, before: npt.NDArray[np.int32], after: npt.NDArray[np.int32]) -> None:
        self._layout, self._before, self._after = layout, before, after
        largest = 0
        for block in Stack(layout, ()).blocks():
            step = self._step(block)
            largest = max(largest, int(step.max()), -int(step.min()))
        self._shift = max(0, largest.bit_length() - DIRECTION_BITS)

    def direction(self, block: Block) -> Int64:
        """Direction of the aggregate in a block, int64 (b,): what was subtracted from the state."""
        return _shift_toward_zero(self._step(block), np.int64(self._shift))

    def _step(self, block: Block) -> Int64:
        """before - after on the common grid: int32 differences are below 2^33 and grids differ by at most 2^22."""
        up = COMMON_GRID_BITS - self._layout.tensors[block.tensor].grid_bits
        step = np.subtract(self._before[block.coordinates], self._after[block.coordinates], dtype=np.int64)
        step <<= up
        return step


def _shift_toward_zero(values: Int64, bits: Int64 | np.int64) -> Int64:
    """sign(v) * (|v| >> bits), in place. An arithmetic shift rounds down, so negative values are first raised."""
    raised = values >> 63
    raised &= (1 << bits) - 1
    values += raised
    values >>= bits
    return values

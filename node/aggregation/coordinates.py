"""From values to the next state, coordinate by coordinate: what a `CoordinateRule` asks for. One block at a time.

A row of the mixture, c_j in Q16, times messages v_j = q << s, is sum of c_j * v_j on the grid 2^-56; what the rule sees
is that, rshift_round by 8, on the grid 2^-48. What the rule answers goes back up by 8 bits and into the same step as
every other aggregate.

Bounds: |v_j| <= 255 << 32 < 2^40 and sum of |c_j| <= 2^16 however many messages there are, so a sum is below 2^56 and
what the rule sees below 2^48. Rows that mix several messages are a float64 GEMM of exact integers: chunks whose shifts
are less than 30 apart are divided by 2^(the smallest), which leaves |v_j| < 2^37 and every sum of products below 2^53,
so nothing is rounded in whatever order. Shifts up to 32 take at most two such products, honest ones take one.

A coordinate that a message does not carry is zero. Where messages carry few of them, most values are zero, and so is
the median: these rules are for dense tensors.

Shape legend: n = messages, n' = rows of the mixture, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.aggregate import step
from node.aggregation.entries import Block, Entries, Int64, Stack
from node.aggregation.fixed_point import AGGREGATE_BITS, Q16_ONE, rshift_round_in_place
from node.manifest import Manifest

VALUE_BITS: Final = 48
# 16,384 coordinates: 20 rows of them stay in the cache, and are long enough that numpy's calls cost little beside them.
BLOCK_CHUNKS: Final = 4
_WINDOW: Final = 30

Rows = Sequence[Sequence[int]]
Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]


def next_theta_by_coordinates(
    theta: npt.NDArray[np.int32],
    messages: Sequence[Entries],
    rows_q16: Rows,
    combine: Callable[[Int64], Int64],
    manifest: Manifest,
    *,
    block_chunks: int = BLOCK_CHUNKS,
) -> npt.NDArray[np.int32]:
    """Apply what `combine` makes of n messages to a state (d,) and return the next one.

    `rows_q16` (n', n): the rule's mixture times the norm clip; magnitudes of a row sum to at most 2^16. `combine`:
    int64 (n', b) on the grid 2^-48, |v| < 2^48, to int64 (b,) on the same grid, |v| <= 2^48, an array of its own.
    `block_chunks` changes memory and speed only. Without rows or with nothing but zeros in them the state stays. Raises
    ValueError for rows that do not fit the messages or are out of range.
    """
    _check(rows_q16, messages)
    following = theta.copy()
    if not any(any(row) for row in rows_q16):
        return following
    stack = Stack(manifest.layout, messages)
    for block in stack.blocks(block_chunks):
        aggregate = combine(block_values(stack, block, rows_q16))
        aggregate <<= AGGREGATE_BITS - VALUE_BITS
        grid_bits = manifest.tensors[block.tensor].grid_bits
        following[block.coordinates] = step(theta[block.coordinates], aggregate, grid_bits, manifest.alpha_q16)
    return following


def clipped_rows(rows_q16: Rows, factors_q16: Sequence[int]) -> Rows:
    """The rows (n', n) of a mixture of clipped updates as rows on the updates as sent. `factors_q16`: the norm clip."""
    return [[weight * factor >> 16 for weight, factor in zip(row, factors_q16, strict=True)] for row in rows_q16]


def block_values(stack: Stack, block: Block, rows_q16: Rows) -> Int64:
    """What a rule sees of one block, int64 (n', b) on the grid 2^-48."""
    members = [[i for i, weight in enumerate(row) if weight != 0] for row in rows_q16]
    if any(len(indices) > 1 for indices in members):
        values = _mixed(stack, block, rows_q16)
    else:
        values = np.zeros((len(rows_q16), block.width), dtype=np.int64)
        for out, row, indices in zip(values, rows_q16, members, strict=True):
            for i in indices:
                _write(stack, block, i, row[i] << stack.messages[i].shifts[block.chunks].astype(np.int64), out)
    rshift_round_in_place(values, AGGREGATE_BITS - VALUE_BITS)
    return values


def _mixed(stack: Stack, block: Block, rows_q16: Rows) -> Int64:
    """Mixtures on the grid 2^-56, int64 (n', b): one GEMM for all chunks whose shifts lie within a window."""
    shifts = [message.shifts[block.chunks].astype(np.int64) for message in stack.messages]
    mixture = np.array(rows_q16, dtype=np.float64)
    mixed = np.zeros((len(rows_q16), block.width), dtype=np.int64)
    for lowest in range(int(np.min(shifts)), int(np.max(shifts)) + 1, _WINDOW):
        values = np.zeros((len(shifts), block.width), dtype=np.float64)
        for i, out in enumerate(values):
            above = shifts[i] - lowest
            within = (above >= 0) & (above < _WINDOW)
            _write(stack, block, i, np.where(within, np.left_shift(1, np.maximum(above, 0)), 0), out)
        mixed += (mixture @ values).astype(np.int64) << lowest
    return mixed


def _write(stack: Stack, block: Block, index: int, factors: Int64, out: Values) -> None:
    """Write mantissas times a factor a chunk of one message's entries in a block to their coordinates, (b,)."""
    message = stack.messages[index]
    mantissas, per_entry = message.mantissas[block.entries], stack.per_entry(block, factors)
    if block.entry_count == block.width:  # strictly increasing positions: all of them
        np.multiply(mantissas, per_entry, out=out)
    else:
        out[message.positions[block.entries] - block.coordinates.start] = mantissas * per_entry


def _check(rows_q16: Rows, messages: Sequence[Entries]) -> None:
    for row in rows_q16:
        if len(row) != len(messages):
            raise ValueError(f"a row of {len(row)} weights for {len(messages)} messages")
        reached = sum(abs(weight) for weight in row)
        if reached > Q16_ONE:
            raise ValueError(f"row {list(row)}: magnitudes sum to {reached}, at most {Q16_ONE}")

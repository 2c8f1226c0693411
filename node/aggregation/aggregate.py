"""From integer weights to the next state: one pass over the messages, in int64.

A[j] = sum of w_i * (q << s) over the messages that carry j. Integer addition is associative, so order, threads and
blocks cannot matter. Then B = rshift_round(A, 56 - G - 8), U = rshift_round(B * alpha, 24), theta -= U, saturating.

Bounds: |q << s| < 2^40 and sum of w <= 2^16, so |A| < 2^56; G <= 30, so |B| <= 2^38; alpha <= 2^22, so all fits int64.

Shape legend: n = messages, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from node.aggregation.entries import BLOCK_CHUNKS, Block, Entries, Int64, Stack
from node.aggregation.fixed_point import (
    AGGREGATE_BITS,
    GUARD_BITS,
    Q16_ONE,
    THETA_MAXIMUM,
    THETA_MINIMUM,
    rshift_round_in_place,
)
from node.manifest import Manifest


def next_theta(
    theta: npt.NDArray[np.int32],
    messages: Sequence[Entries],
    weights: Sequence[int],
    manifest: Manifest,
    *,
    unclipped: Sequence[int] | None = None,
    block_chunks: int = BLOCK_CHUNKS,
) -> npt.NDArray[np.int32]:
    """Apply n weighted messages to a state (d,) and return the next one.

    `weights`: Q16 integers >= 0 with a sum of at most 2^16. `unclipped`: the same weights before norm clipping, what
    the contributor mean divides by (default: `weights`). `block_chunks` changes memory and speed only. Raises
    ValueError for weights out of range.
    """
    _check(weights, len(messages))
    stack = Stack(manifest.layout, messages)
    following = theta.copy()
    for block in stack.blocks(block_chunks):
        total = aggregate_block(stack, block, weights, manifest, unclipped=unclipped)
        if total is not None:
            grid_bits = manifest.tensors[block.tensor].grid_bits
            following[block.coordinates] = step(theta[block.coordinates], total, grid_bits, manifest.alpha_q16)
    return following


def aggregate_block(
    stack: Stack,
    block: Block,
    weights: Sequence[int],
    manifest: Manifest,
    *,
    unclipped: Sequence[int] | None = None,
) -> Int64 | None:
    """The aggregate A of one block, int64 (b,) on the grid 2^-56; None when no message has weight."""
    members = [i for i, weight in enumerate(weights) if weight > 0]
    if not members:
        return None
    rows = [_values(stack, block, i) for i in members]
    matrix = stack.matrix(block, rows, members)
    total: Int64 = matrix.T @ np.array([weights[i] for i in members], dtype=np.int64)
    if manifest.mean == "plain":
        return total
    matrix.data = np.ones_like(matrix.data)
    divisors = weights if unclipped is None else unclipped
    present: Int64 = matrix.T @ np.array([divisors[i] for i in members], dtype=np.int64)
    support: Int64 = matrix.T @ np.ones(len(members), dtype=np.int64)
    return _contributor_mean(total, present, support, manifest.minimum_support)


def step(theta: npt.NDArray[np.int32], total: Int64, grid_bits: int, alpha_q16: int) -> npt.NDArray[np.int32]:
    """Subtract an aggregate (b,) times the outer learning rate from a state (b,), saturating at int32.

    `total` is used up: working in it takes half the time of one new array an operation.
    """
    rshift_round_in_place(total, AGGREGATE_BITS - grid_bits - GUARD_BITS)
    total *= alpha_q16
    rshift_round_in_place(total, 16 + GUARD_BITS)
    np.subtract(theta, total, out=total)
    np.clip(total, THETA_MINIMUM, THETA_MAXIMUM, out=total)
    return total.astype(np.int32)


def _contributor_mean(total: Int64, present: Int64, support: Int64, minimum_support: int) -> Int64:
    """Mean over the weight present at each coordinate, halves upward, on the scale of a full weight of 2^16.

    Dividing by the weight *before* clipping is what keeps the norm clip in force: divided by its own clipped weight, a
    lone message would come through unclipped.
    """
    divisor = np.maximum(present, 1)
    mean = (2 * total + divisor) // (2 * divisor) << 16
    return np.where(support >= minimum_support, mean, 0)


def _values(stack: Stack, block: Block, index: int) -> Int64:
    """q << s of one message's entries in a block, int64."""
    message = stack.messages[index]
    factors = np.left_shift(1, message.shifts[block.chunks].astype(np.int64))
    return message.mantissas[block.entries] * stack.per_entry(block, factors)


def _check(weights: Sequence[int], count: int) -> None:
    if len(weights) != count:
        raise ValueError(f"{len(weights)} weights for {count} messages")
    if any(weight < 0 for weight in weights) or sum(weights) > Q16_ONE:
        raise ValueError(f"weights {list(weights)} must not be negative nor sum above {Q16_ONE}")

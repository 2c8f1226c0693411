"""From integer weights to the next state: one pass over the messages, in int64.

A[j] = sum of w_i * (q << s) over the messages that carry j. Integer addition is associative, so order, threads and
blocks cannot matter. Then B = rshift_round(A, 56 - G - 8), U = rshift_round(B * alpha, 24), theta -= U, saturating.

Bounds: |A| <= sum of |w_i| peak_i <= 2^58, peak_i the largest |q << s| of a message (with weights that sum to 2^16 it
is below 2^56); G <= 30, so |B| <= 2^40; alpha <= 2^22, so all fits int64.

Shape legend: n = messages, d = parameters, b = coordinates of a block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from node.aggregation.entries import BLOCK_CHUNKS, Block, Entries, Int64, Stack, sparse_matrix
from node.aggregation.fixed_point import (
    AGGREGATE_BITS,
    AGGREGATE_MAXIMUM,
    GUARD_BITS,
    Q16_ONE,
    THETA_MAXIMUM,
    THETA_MINIMUM,
    rshift_round_in_place,
)
from node.manifest import Manifest

_VALUE_BITS = 40  # |q << s| is below 2^40


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

    `weights`: Q16 integers within the bound above; negative ones only with the plain mean. `unclipped`: the same
    weights before norm clipping (`votes`), what the contributor mean divides by (default: `weights`).
    `block_chunks` changes memory and speed only. Raises ValueError for weights out of range.
    """
    stack = Stack(manifest.layout, messages)
    _check(weights, stack, manifest)
    following = theta.copy()
    for block in stack.blocks(block_chunks):
        total = aggregate_block(stack, block, weights, manifest, unclipped=unclipped)
        if total is not None:
            grid_bits = manifest.tensors[block.tensor].grid_bits
            before, after = theta[block.coordinates], following[block.coordinates]
            if block.is_dense:
                after[:] = step(before, total, grid_bits, manifest.alpha_q16)
            else:  # an aggregate of zero changes nothing, and most are
                touched = np.flatnonzero(total != 0)  # of booleans in a sixth of the time
                after[touched] = step(before[touched], total[touched], grid_bits, manifest.alpha_q16)
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
    members = [i for i, weight in enumerate(weights) if weight != 0]
    if not members:
        return None
    if manifest.mean == "plain":
        return _weighted_sum(stack, block, members, weights)
    rows = _values(stack, block, members, [1] * len(members))
    matrix = sparse_matrix(rows, stack.columns(block, members), block.width)
    total: Int64 = matrix.T @ np.array([weights[i] for i in members], dtype=np.int64)
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
    mean = (2 * total + divisor) // (2 * divisor)
    # A vote can be less than a weight, of an update that was lifted: then the quotient has no bound of its own.
    np.clip(mean, -(AGGREGATE_MAXIMUM >> 16), AGGREGATE_MAXIMUM >> 16, out=mean)
    return np.where(support >= minimum_support, mean << 16, 0)


def _weighted_sum(stack: Stack, block: Block, members: Sequence[int], weights: Sequence[int]) -> Int64:
    """Sum of w * (q << s), int64 (b,)."""
    total = np.zeros(block.width, dtype=np.int64)
    if block.is_dense:
        for i in members:
            total += _values(stack, block, [i], [weights[i]])[0]
    else:
        values = _values(stack, block, members, [weights[i] for i in members])
        np.add.at(total, stack.columns(block, members).ravel(), values.ravel())
    return total


def _values(stack: Stack, block: Block, members: Sequence[int], weights: Sequence[int]) -> Int64:
    """w * (q << s) of these messages' entries in a block, int64 (len(members), m of the block).

    A factor w << s is at most 2^58 too: a chunk that reaches a peak has a mantissa of 1 or more. Where all of a chunk's
    mantissas are zero the factor may wrap around; zero times it is zero.
    """
    factors = np.array(weights, dtype=np.int64)[:, None] << stack.shifts(block, members)
    values = stack.per_entry(block, factors)
    values *= stack.mantissas(block, members)
    return values


def peak_bounds(weights: Sequence[int], stack: Stack) -> list[int]:
    """What |q << s| of each message is at most: the format's limit, and only where A may pass its bound the largest."""
    if sum(map(abs, weights)) << _VALUE_BITS <= AGGREGATE_MAXIMUM:
        return [1 << _VALUE_BITS] * len(weights)
    return [stack.peak(i) for i in range(len(weights))]


def within_bounds(weights: Sequence[int], peaks: Sequence[int]) -> tuple[int, ...]:
    """The weights, halved (toward zero) as often as the bound of A asks for. `peaks`: largest |q << s| a message.

    Only a rule that lifts short updates can get there, and only if the median update is longer than the grid's one.
    """
    bounded = tuple(weights)
    while sum(abs(w) * peak for w, peak in zip(bounded, peaks, strict=True)) > AGGREGATE_MAXIMUM:
        bounded = tuple(abs(w) // 2 * (1 if w > 0 else -1) for w in bounded)
    return bounded


def votes(weights: Sequence[int], norms_q16: Sequence[int]) -> tuple[int, ...]:
    """What each update counts as where the contributor mean divides. `weights`: a rule's, before norm clipping.

    That is its weight, unless the rule lifts a short update: then as much as the length it is lifted to, at least an
    equal share. Otherwise an update of almost no length, lifted a thousandfold, would outvote everybody wherever it
    sends something, with next to nothing.
    """
    share = Q16_ONE // max(1, sum(weight > 0 for weight in weights))
    return tuple(
        max(0, min(weight, max(share, weight * norm >> 16))) for weight, norm in zip(weights, norms_q16, strict=True)
    )


def _check(weights: Sequence[int], stack: Stack, manifest: Manifest) -> None:
    if len(weights) != len(stack.messages):
        raise ValueError(f"{len(weights)} weights for {len(stack.messages)} messages")
    if manifest.mean == "contributor" and any(weight < 0 for weight in weights):
        raise ValueError(f"weights {list(weights)}: the contributor mean cannot divide by negative ones")
    reached = sum(abs(w) * peak for w, peak in zip(weights, peak_bounds(weights, stack), strict=True))
    if reached > AGGREGATE_MAXIMUM:
        raise ValueError(f"weights {list(weights)} let the aggregate reach {reached}, at most {AGGREGATE_MAXIMUM}")

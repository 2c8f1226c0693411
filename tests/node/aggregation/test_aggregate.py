"""The next state: equal to the definition at every extreme, in every order and in every block size."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.aggregate import aggregate_block, next_theta, step, votes, within_bounds
from node.aggregation.entries import Stack
from node.manifest import Mean, TensorSpec
from tests.node.aggregation import reference, torch_path
from tests.node.aggregation.messages import Message, manifest, random_message, round_messages, state

MANIFEST = manifest()
LAYOUT = MANIFEST.layout
WEIGHTS = [0, 16384, 9999, 1, 39152]
UNCLIPPED = [0, 16384, 10000, 1, 39151]


@pytest.mark.parametrize("mean", ["plain", "contributor"])
@pytest.mark.parametrize("minimum_support", [1, 2])
def test_next_theta_equals_the_reference(mean: Mean, minimum_support: int) -> None:
    m = manifest(mean=mean, minimum_support=minimum_support)
    messages = [random_message(LAYOUT, f"reference{i}", shifts=(12, 20)) for i in range(5)]
    theta = state(LAYOUT, "theta", bound=1 << 31)
    following = next_theta(theta, messages, WEIGHTS, m, unclipped=UNCLIPPED)
    assert following.tolist() == reference.next_theta(theta.tolist(), messages, WEIGHTS, UNCLIPPED, m)
    assert following.dtype == np.int32


@settings(max_examples=60, deadline=None)
@given(
    st.integers(8, 30),
    st.integers(1, 64 << 16),
    st.lists(
        st.tuples(st.sampled_from([-255, -1, 0, 1, 255]), st.sampled_from([0, 1, 31, 32])), min_size=1, max_size=6
    ),
    st.sampled_from([-(1 << 31), -1, 0, 1, (1 << 31) - 1]),
    st.booleans(),
    st.sampled_from(["plain", "contributor"]),
)
def test_no_extreme_overflows(
    grid_bits: int, alpha_q16: int, entries: list[tuple[int, int]], theta: int, alone: bool, mean: Mean
) -> None:
    m = manifest(tensors=(TensorSpec("w", (1,), 0, grid_bits=grid_bits),), alpha_q16=alpha_q16, mean=mean)
    messages = [Message(np.arange(1), np.array([q], dtype=np.int16), np.array([s], dtype=np.uint8)) for q, s in entries]
    n = len(messages)
    weights = [1 << 16] + [0] * (n - 1) if alone else [(1 << 16) // n] * n
    following = next_theta(np.array([theta], dtype=np.int32), messages, weights, m)
    assert following.tolist() == reference.next_theta([theta], messages, weights, weights, m)


def test_the_largest_aggregate_is_exact() -> None:
    m = manifest(tensors=(TensorSpec("w", (4096,), 0),))
    full = Message(np.arange(4096), np.full(4096, 255, dtype=np.int16), np.array([32], dtype=np.uint8))
    stack = Stack(m.layout, [full] * 4)
    (block,) = stack.blocks()
    total = aggregate_block(stack, block, [1 << 14] * 4, m)
    assert total is not None
    assert set(total.tolist()) == {(255 << 32) << 16}


def test_saturation_holds_at_both_ends() -> None:
    theta = np.array([(1 << 31) - 1, -(1 << 31), 0, 0], dtype=np.int32)
    total = np.array([-(1 << 56), 1 << 56, -(1 << 56), 1 << 56], dtype=np.int64)
    following = step(theta, total, 30, 64 << 16)
    assert following.tolist() == [(1 << 31) - 1, -(1 << 31), (1 << 31) - 1, -(1 << 31)]


@pytest.mark.parametrize("mean", ["plain", "contributor"])
def test_order_and_blocks_do_not_matter(mean: Mean) -> None:
    m = manifest(mean=mean)
    messages = round_messages(LAYOUT, "order", 5)
    theta = state(LAYOUT, "start")
    expected = next_theta(theta, messages, WEIGHTS, m)
    for order in itertools.islice(itertools.permutations(range(5)), 0, 120, 13):
        moved = next_theta(
            theta, [messages[i] for i in order], [WEIGHTS[i] for i in order], m, block_chunks=order[0] + 1
        )
        assert np.array_equal(moved, expected)


def test_torch_computes_the_same_state() -> None:
    messages = round_messages(LAYOUT, "torch", 5)
    theta = state(LAYOUT, "torch", bound=1 << 31)
    assert np.array_equal(
        torch_path.next_theta(theta, messages, WEIGHTS, MANIFEST), next_theta(theta, messages, WEIGHTS, MANIFEST)
    )


def test_messages_are_subtracted_on_the_scale_of_their_values() -> None:
    m = manifest(tensors=(TensorSpec("w", (1,), 0),), alpha_q16=1 << 16)
    message = Message(np.arange(1), np.array([128], dtype=np.int16), np.array([20], dtype=np.uint8))
    (after,) = next_theta(np.array([0], dtype=np.int32), [message], [1 << 16], m).tolist()
    assert after / 2**26 == -128 * 2.0**-20


def test_without_weight_the_state_stays() -> None:
    theta = state(LAYOUT, "stay")
    messages = round_messages(LAYOUT, "stay", 3)
    assert np.array_equal(next_theta(theta, messages, [0, 0, 0], MANIFEST), theta)
    assert np.array_equal(next_theta(theta, [], [], MANIFEST), theta)


def test_the_state_given_is_not_changed() -> None:
    theta = state(LAYOUT, "input")
    copy = theta.copy()
    next_theta(theta, round_messages(LAYOUT, "input", 3), [1000, 2000, 3000], MANIFEST)
    assert np.array_equal(theta, copy)


def test_contributor_mean_divides_by_the_weight_present_only() -> None:
    m = manifest(tensors=(TensorSpec("w", (4096,), 1),), mean="contributor", alpha_q16=1 << 16)
    alone, other = (
        Message(np.array([at]), np.array([100], dtype=np.int16), np.array([20], dtype=np.uint8)) for at in (5, 9)
    )
    theta = np.zeros(4096, dtype=np.int32)
    together = next_theta(theta, [alone, other], [1 << 15, 1 << 15], m)
    assert together[5] == together[9] == next_theta(theta, [alone], [1 << 16], m)[5]
    supported = next_theta(theta, [alone, other], [1 << 15, 1 << 15], replace(m, minimum_support=2))
    assert not supported.any()


def test_contributor_mean_keeps_the_norm_clip_of_a_lone_message() -> None:
    m = manifest(tensors=(TensorSpec("w", (4096,), 1),), mean="contributor", alpha_q16=1 << 16)
    loud = Message(np.array([5]), np.array([255], dtype=np.int16), np.array([24], dtype=np.uint8))
    quiet = Message(np.array([9]), np.array([255], dtype=np.int16), np.array([20], dtype=np.uint8))
    clipped = next_theta(np.zeros(4096, dtype=np.int32), [loud, quiet], [1 << 11, 1 << 15], m, unclipped=[1 << 15] * 2)
    assert clipped[5] == clipped[9]


def test_a_lifted_update_votes_with_its_length_and_at_least_an_equal_share() -> None:
    one = 1 << 16
    assert votes([one // 4] * 4, [one, one, one // 2, 1]) == (one // 4,) * 4
    assert votes([one // 2, one // 2, 0, -5], [one, one // 9, one, one]) == (one // 2, one // 2, 0, 0)
    # Lifted to the median's length, or lifted as far as goes and still short.
    assert votes([one // 4, one // 2, one << 8, one << 8], [one, one // 2, one >> 10, 1]) == (one // 4,) * 4
    # Most of the weight, and nobody was lifted.
    assert votes([3 * one // 4, one // 8, one // 8], [one, one, one]) == (3 * one // 4, one // 8, one // 8)


def test_the_mean_of_a_lifted_message_stays_within_the_bound_of_the_aggregate() -> None:
    m = manifest(tensors=(TensorSpec("w", (4096,), 1),), mean="contributor", alpha_q16=1 << 16)
    message = Message(np.array([5]), np.array([255], dtype=np.int16), np.array([32], dtype=np.uint8))
    stack = Stack(m.layout, [message])
    (block,) = stack.blocks()
    total = aggregate_block(stack, block, [1 << 18], m, unclipped=[1])
    assert total is not None
    assert total[5] == 1 << 58


@pytest.mark.parametrize("weights", [[1 << 40, 0], [1]])
def test_weights_out_of_range_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        next_theta(state(LAYOUT, "w"), round_messages(LAYOUT, "w", 2), weights, MANIFEST)


def test_the_contributor_mean_refuses_negative_weights() -> None:
    m = manifest(mean="contributor")
    with pytest.raises(ValueError, match="cannot divide by negative"):
        next_theta(state(m.layout, "w"), round_messages(m.layout, "w", 2), [-1, 2], m)


def test_a_negative_weight_adds_what_a_positive_one_takes_away() -> None:
    theta = np.zeros(LAYOUT.parameter_count, dtype=np.int32)
    message = round_messages(LAYOUT, "sign", 1)
    away, back = (next_theta(theta, message, [weight], MANIFEST) for weight in (1 << 15, -(1 << 15)))
    assert np.abs(away + back).max() <= 1, "halves are rounded upward"


def test_weights_that_reach_beyond_int64_are_halved_until_they_fit() -> None:
    assert within_bounds([1 << 20, -3], [1 << 40, 1]) == (1 << 18, 0)
    assert within_bounds([1 << 18, -3], [1 << 40, 0]) == (1 << 18, -3)

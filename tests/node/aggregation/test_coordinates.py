"""Values to the next state: equal to the definition at every extreme, in every order and in every block size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.coordinates import block_values, clipped_rows, next_theta_by_coordinates
from node.aggregation.entries import Stack
from node.aggregation.history import Histories
from node.aggregation.judgement import JudgedInput, State, judge
from node.aggregation.rules import CoordinateRule, parse_rule
from node.aggregation.rules.median import median
from node.manifest import Manifest, TensorSpec
from tests.node.aggregation import reference
from tests.node.aggregation.messages import Message, manifest, random_message, round_messages, state
from tests.support.memory import peak_bytes

MANIFEST = manifest()
LAYOUT = MANIFEST.layout
DENSE = manifest(tensors=(TensorSpec("w", (3, 4096), 0), TensorSpec("b", (77,), 0, grid_bits=30)))
MIXED = [[16384, 0, 16384, 16384, 16384], [0, 65536, 0, 0, 0], [1, 2, 3, 4, 65526], [0, 0, 0, 0, 0], [9, -9, 9, -9, 9]]
CLIPPED = [[0, 65536, 0, 0, 0], [40001, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 65535]]


def middle(values: list[int]) -> int:
    """Median, the mean of two rounded halves upward."""
    ordered = sorted(values)
    return (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2] + 1) // 2 if values else 0


def trimmed(values: list[int], f: int) -> int:
    """Trimmed mean, rounded halves upward."""
    kept = sorted(values)[f : len(values) - f]
    return (2 * sum(kept) + len(kept)) // (2 * len(kept))


@pytest.mark.parametrize("m", [MANIFEST, DENSE], ids=["sparse", "dense"])
@pytest.mark.parametrize("rows", [MIXED, CLIPPED], ids=["mixed", "clipped"])
@pytest.mark.parametrize("shifts", [(0, 32), (12, 20)])
def test_next_theta_equals_the_reference(m: Manifest, rows: list[list[int]], shifts: tuple[int, int]) -> None:
    messages = [random_message(m.layout, f"reference{i}", shifts=shifts) for i in range(5)]
    theta = state(m.layout, "theta", bound=1 << 31)
    following = next_theta_by_coordinates(theta, messages, rows, median, m)
    assert following.tolist() == reference.next_theta_by_coordinates(theta.tolist(), messages, rows, middle, m)
    assert following.dtype == np.int32


def inputs_of(messages: Sequence[Message]) -> list[JudgedInput]:
    """One a seat, each with its own content."""
    return [JudgedInput(seat, seat, bytes([seat]) * 32, message) for seat, message in enumerate(messages, start=1)]


@pytest.mark.parametrize("name", ["median", "trimmed-mean(f=2)", "nnm(f=2)+trimmed-mean(f=2)"])
@pytest.mark.parametrize("mean", ["plain", "contributor"])
def test_a_whole_round_equals_the_reference(name: str, mean: str) -> None:
    m = manifest(tensors=(TensorSpec("w", (30, 20), 0), TensorSpec("v", (50, 100), 400)), rule=name, mean=mean)
    messages = round_messages(m.layout, "round", 6)
    messages = [*messages, random_message(m.layout, "loud")]
    before, theta = state(m.layout, "before"), state(m.layout, "theta")
    judgement = judge(
        m,
        round=2,
        seed=bytes(32),
        state=State(theta, Histories.empty(m)),
        previous_theta=before,
        inputs=inputs_of(messages),
    )
    known = reference.products(messages, m, (before.tolist(), theta.tolist()))
    factors, norms = reference.clip(known.squared_norms)
    n = len(messages)
    rows = [[65536 * (i == j) for j in range(n)] for i in range(n)]
    if "nnm" in name:
        rows = reference.nearest_neighbours(known, 2)
    chosen = [sum(65536 // n * row[i] for row in rows) // 2**16 for i in range(n)]
    counted = [weight * factor // 2**16 for weight, factor in zip(chosen, factors, strict=True)]
    rows = [[weight * factor // 2**16 for weight, factor in zip(row, factors, strict=True)] for row in rows]
    expected = reference.next_theta_by_coordinates(
        theta.tolist(), messages, rows, middle if name == "median" else lambda values: trimmed(values, 2), m
    )
    assert judgement.state.theta.tolist() == expected
    assert list(judgement.weights) == counted
    paid = [weight * (count > 0) for weight, count in zip(chosen, counted, strict=True)]
    expected_scores, merits = reference.contributions(known, paid, norms, [0] * n, 2)
    assert list(judgement.scores) == expected_scores
    assert list(judgement.state.histories.merits) == merits


@pytest.mark.parametrize("rows", [MIXED, CLIPPED], ids=["mixed", "clipped"])
def test_order_and_blocks_do_not_matter(rows: list[list[int]]) -> None:
    for m in (MANIFEST, DENSE):
        messages = [random_message(m.layout, f"order{i}") for i in range(5)]
        theta = state(m.layout, "start")
        expected = next_theta_by_coordinates(theta, messages, rows, median, m)
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(5).tolist()
            moved = next_theta_by_coordinates(
                theta,
                [messages[i] for i in order],
                [[row[i] for i in order] for row in rows[::-1]],
                median,
                m,
                block_chunks=seed + 1,
            )
            assert np.array_equal(moved, expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([-255, -1, 0, 1, 255]), st.sampled_from([0, 1, 2, 29, 30, 31, 32])),
        min_size=1,
        max_size=6,
    ),
    st.integers(8, 30),
    st.sampled_from([1, 1 << 16, 64 << 16]),
    st.booleans(),
)
def test_no_extreme_overflows(entries: list[tuple[int, int]], grid_bits: int, alpha_q16: int, alone: bool) -> None:
    m = manifest(tensors=(TensorSpec("w", (1,), 0, grid_bits=grid_bits),), alpha_q16=alpha_q16)
    messages = [Message(np.arange(1), np.array([q], dtype=np.int16), np.array([s], dtype=np.uint8)) for q, s in entries]
    n = len(messages)
    rows = [[65536 if i == j else 0 for j in range(n)] for i in range(n)] if alone else [[65536 // n] * n] * n
    following = next_theta_by_coordinates(np.zeros(1, dtype=np.int32), messages, rows, median, m)
    assert following.tolist() == reference.next_theta_by_coordinates([0], messages, rows, middle, m)


@pytest.mark.parametrize(
    "name", ["median", "trimmed-mean(f=31)", "meamed(f=31)", "phocas(f=31)", "bulyan(f=31)", "nnm(f=31)+median"]
)
def test_128_of_the_largest_messages_are_exact(name: str) -> None:
    rule = parse_rule(name)
    assert isinstance(rule, CoordinateRule)
    values = np.full((128 if "bulyan" not in name else 66, 4), 255 << 40, dtype=np.int64)
    assert set(rule.combine(values).tolist()) == {255 << 40}
    m = manifest(tensors=(TensorSpec("w", (4096,), 0),))
    largest = Message(np.arange(4096), np.full(4096, -255, dtype=np.int16), np.array([32], dtype=np.uint8))
    stack = Stack(m.layout, [largest] * 128)
    (block,) = stack.blocks()
    assert set(block_values(stack, block, [[512] * 128]).ravel().tolist()) == {-255 << 40}
    assert set(block_values(stack, block, [[65536] + [0] * 127]).ravel().tolist()) == {-255 << 40}


def test_without_weight_the_state_stays() -> None:
    theta = state(LAYOUT, "stay")
    messages = round_messages(LAYOUT, "stay", 3)
    for rows, given_messages in (([[0, 0, 0]] * 3, messages), ([], messages), ([], [])):
        assert np.array_equal(next_theta_by_coordinates(theta, given_messages, rows, median, MANIFEST), theta)


def test_zero_updates_leave_a_median_of_zero() -> None:
    theta = state(DENSE.layout, "zero")
    loud = random_message(DENSE.layout, "loud")
    zero = Message(loud.positions, np.zeros_like(loud.mantissas), loud.shifts)
    rows = [[65536 if i == j else 0 for j in range(3)] for i in range(3)]
    assert np.array_equal(next_theta_by_coordinates(theta, [zero, loud, zero], rows, median, DENSE), theta)


def test_on_sparse_messages_the_median_is_zero_almost_everywhere() -> None:
    m = manifest(tensors=(TensorSpec("w", (8, 4096), 64),))
    messages = [random_message(m.layout, f"sparse{i}") for i in range(9)]
    theta = np.zeros(m.layout.parameter_count, dtype=np.int32)
    rows = [[65536 if i == j else 0 for j in range(9)] for i in range(9)]
    assert np.count_nonzero(next_theta_by_coordinates(theta, messages, rows, median, m)) == 0


def test_the_state_given_is_not_changed() -> None:
    theta = state(LAYOUT, "input")
    copy = theta.copy()
    next_theta_by_coordinates(theta, round_messages(LAYOUT, "input", 5), MIXED, median, MANIFEST)
    assert np.array_equal(theta, copy)


def test_the_norm_clip_is_part_of_the_rows() -> None:
    assert clipped_rows([[65536, 0], [32768, 32768]], [65536, 3]) == [[65536, 0], [32768, 1]]


def test_memory_is_one_block_and_never_all_values() -> None:
    m = manifest(tensors=(TensorSpec("w", (250, 4096), 0),))
    one = random_message(m.layout, "memory", shifts=(12, 16))
    rows = [[65536 if i == j else 0 for j in range(20)] for i in range(20)]
    theta = np.zeros(m.layout.parameter_count, dtype=np.int32)
    peak = peak_bytes(lambda: next_theta_by_coordinates(theta, [one] * 20, rows, median, m))
    assert peak < 20 << 20  # all values as int64 would be 164 MB


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[65536]], "a row of 1 weights for 2 messages"),
        ([[0, 0], [65536, 1]], "magnitudes sum to 65537, at most 65536"),
        ([[-65536, 1]], "magnitudes sum to 65537, at most 65536"),
    ],
)
def test_rows_out_of_range_are_refused(rows: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next_theta_by_coordinates(state(LAYOUT, "w"), round_messages(LAYOUT, "w", 2), rows, median, MANIFEST)

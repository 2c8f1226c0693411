"""Products of messages: exact whatever path computes it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.gram import Gram
from node.aggregation.products import inner_products, squared_norm
from node.manifest import TensorSpec
from tests.node.aggregation import reference, torch_path
from tests.node.aggregation.messages import Message, manifest, random_message, round_messages, state

MANIFEST = manifest()
LAYOUT = MANIFEST.layout


@pytest.mark.parametrize("seed", ["a", "b"])
def test_gram_equals_the_reference(seed: str) -> None:
    messages = [random_message(LAYOUT, f"{seed}{i}") for i in range(4)] + list(round_messages(LAYOUT, seed, 3))
    before, after = state(LAYOUT, f"{seed} before"), state(LAYOUT, f"{seed} after")
    known = inner_products(messages, LAYOUT, previous=(before, after))
    expected = reference.products(messages, MANIFEST, (before.tolist(), after.tolist()))
    assert [list(row) for row in known.products] == expected.products
    assert list(known.squared_norms) == expected.squared_norms
    assert list(known.previous) == expected.previous
    assert known.previous_square == expected.previous_square


@pytest.mark.parametrize("shifts", [(0, 0), (32, 32), (0, 32), (12, 15)])
@pytest.mark.parametrize("largest", [1, 127, 255])
def test_gram_is_exact_over_the_whole_range_of_a_message(shifts: tuple[int, int], largest: int) -> None:
    messages = [random_message(LAYOUT, f"{shifts}{largest}{i}", largest=largest, shifts=shifts) for i in range(3)]
    known = inner_products(messages, LAYOUT)
    expected = reference.products(messages, MANIFEST, None)
    assert [list(row) for row in known.products] == expected.products
    assert list(known.squared_norms) == expected.squared_norms
    assert set(known.previous) == {0}


@pytest.mark.parametrize(("count", "kept"), [(1, 64), (3, 64), (80, 64), (3, 500), (3, 1024)])
def test_few_and_many_messages_with_few_and_many_entries_give_plain_products(count: int, kept: int) -> None:
    layout = manifest(tensors=(TensorSpec("w", (2, 4000), kept),)).layout
    messages = [random_message(layout, f"{kept} {i}", shifts=(9, 13)) for i in range(count)]
    plain = np.zeros((count, layout.parameter_count), dtype=np.int64)
    for row, message in zip(plain, messages, strict=True):
        values = message.mantissas.astype(np.int64) << np.repeat(message.shifts.astype(np.int64), layout.chunk_counts)
        shift = max(0, int(np.abs(values).max()).bit_length() - 11)
        row[message.positions] = np.sign(values) * (np.abs(values) >> shift)
    assert (np.array(inner_products(messages, layout).products) == plain @ plain.T).all()


def test_blocks_do_not_matter() -> None:
    messages = round_messages(LAYOUT, "blocks", 6)
    previous = (state(LAYOUT, "x"), state(LAYOUT, "y"))
    whole = inner_products(messages, LAYOUT, previous=previous, block_chunks=1 << 20)
    for chunks in (1, 2, 64):
        assert inner_products(messages, LAYOUT, previous=previous, block_chunks=chunks) == whole


def test_order_of_messages_only_permutes() -> None:
    messages = round_messages(LAYOUT, "order", 5)
    known = inner_products(messages, LAYOUT)
    for order in itertools.islice(itertools.permutations(range(5)), 0, 120, 17):
        other = inner_products([messages[i] for i in order], LAYOUT)
        assert all(
            other.products[a][b] == known.products[i][j] for a, i in enumerate(order) for b, j in enumerate(order)
        )


def test_torch_computes_the_same_gram() -> None:
    messages = round_messages(LAYOUT, "torch", 6)
    assert [list(row) for row in inner_products(messages, LAYOUT).products] == torch_path.gram(messages, LAYOUT)


def test_a_negated_message_has_the_negated_direction() -> None:
    message = random_message(LAYOUT, "sign")
    negated = Message(message.positions, -message.mantissas, message.shifts)
    known = inner_products([message, negated], LAYOUT)
    assert known.products[0][1] == -known.products[0][0]
    assert known.gram.cosines_q30[0][1] == -Q30_ONE


def test_largest_products_of_a_dense_model_stay_exact() -> None:
    wide = manifest(tensors=(TensorSpec("w", (600, 1000), 0),))
    count = wide.layout.parameter_count
    message = Message(
        np.arange(count), np.full(count, 255, dtype=np.int16), np.full(wide.layout.chunk_count, 32, dtype=np.uint8)
    )
    known = inner_products([message, message], wide.layout)
    assert known.products[0][1] == count * 2040**2
    assert known.squared_norms[0] == count * (255 << 32) ** 2


def test_the_largest_step_of_the_state_fits() -> None:
    low, high = np.full(LAYOUT.parameter_count, -(1 << 31)), np.full(LAYOUT.parameter_count, (1 << 31) - 1)
    known = inner_products(
        round_messages(LAYOUT, "edge", 2), LAYOUT, previous=(low.astype(np.int32), high.astype(np.int32))
    )
    expected = reference.products(round_messages(LAYOUT, "edge", 2), MANIFEST, (low.tolist(), high.tolist()))
    assert (list(known.previous), known.previous_square) == (expected.previous, expected.previous_square)


def test_an_unmoved_state_has_no_direction() -> None:
    theta = state(LAYOUT, "still")
    known = inner_products(round_messages(LAYOUT, "still", 3), LAYOUT, previous=(theta, theta))
    assert known.previous_square == 0
    assert known.gram.previous_cosines_q30 == (0, 0, 0)


def test_zero_messages_have_zero_norm_and_no_direction() -> None:
    zero = random_message(LAYOUT, "zero", largest=0)
    assert squared_norm(zero, LAYOUT) == 0
    known = inner_products([zero, random_message(LAYOUT, "other")], LAYOUT)
    assert known.products[0] == (0, 0)
    assert Gram.of_products(known.products, (0, 1 << 16)).cosines_q30[0] == (0, 0)


def test_no_messages_make_an_empty_gram() -> None:
    assert len(inner_products([], LAYOUT)) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 255), st.integers(0, 32), st.integers(0, 255), st.integers(0, 32))
def test_truncation_is_toward_zero_and_below_two_to_the_eleven(q0: int, s0: int, q1: int, s1: int) -> None:
    two = manifest(tensors=(TensorSpec("a", (1,), 0), TensorSpec("b", (1,), 0)))
    message = Message(np.arange(2), np.array([q0, -q1], dtype=np.int16), np.array([s0, s1], dtype=np.uint8))
    divisor = 1
    while max(q0 << s0, q1 << s1) // divisor >= 2048:
        divisor *= 2
    expected = ((q0 << s0) // divisor) ** 2 + ((q1 << s1) // divisor) ** 2
    assert inner_products([message], two.layout).products[0][0] == expected

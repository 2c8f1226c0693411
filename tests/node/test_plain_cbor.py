"""The reader for CBOR of strangers: it reads what we write, and nothing that a general decoder would run."""

from __future__ import annotations

import contextlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.plain_cbor import NotPlainCbor, load, load_first

LEAVES = st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=40) | st.text(max_size=40)
PAIRS = st.lists(LEAVES, max_size=4) | st.dictionaries(st.text(max_size=4), LEAVES, max_size=4)
VALUES = (
    LEAVES | st.lists(LEAVES | PAIRS, max_size=4) | st.dictionaries(st.text(max_size=4), LEAVES | PAIRS, max_size=4)
)


@given(VALUES)
def test_reads_what_an_encoder_writes(value: object) -> None:
    assert load(cbor2.dumps(value, canonical=True)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotPlainCbor):
        load(data)


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("d81c81d81d00", "tag 28"),  # a list that contains itself
        ("d81cd5d81d00cf1d42", "tag 28"),  # ends a process that decodes and encodes it again
        ("c11b7fffffffffffffff", "tag 1"),
        ("c4823b7fffffffffffffff01", "tag 4"),
        ("c249ffffffffffffffffff", "tag 2"),
        ("fb3ff8000000000000", "a float or a simple value"),
        ("f5", "a float or a simple value"),
        ("f7", "a float or a simple value"),
        ("9f01ff", "a length that is not given"),
        ("9bffffffffffffffff", "cut short"),
        ("5bffffffffffffffff", "cut short"),
        ("a10102", "a key that is not text"),
        ("a1a00002", "a key that is not text"),
        ("a2616101616102", "a key twice"),
        ("61ff", "text that is not UTF-8"),
        ("81" * 4000, "nested deeper than 8"),
        ("0000", "1 bytes too many"),
        ("", "cut short"),
    ],
)
def test_whatever_a_stranger_could_run_is_refused(encoded: str, reason: str) -> None:
    with pytest.raises(NotPlainCbor, match=reason):
        load(bytes.fromhex(encoded))


def test_a_tag_is_read_where_it_is_allowed() -> None:
    assert load(bytes.fromhex("d82a4100"), tags=(42,)) == cbor2.CBORTag(42, b"\x00")


def test_the_first_item_may_be_read_alone() -> None:
    assert load_first(bytes.fromhex("8101ff")) == ([1], 2)

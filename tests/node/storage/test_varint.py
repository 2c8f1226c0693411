"""Varints: one number, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage import varint


@given(st.integers(min_value=0, max_value=(1 << 63) - 1), st.binary(max_size=4))
def test_reads_back_what_it_wrote(value: int, rest: bytes) -> None:
    encoded = varint.encode(value)
    assert varint.decode(encoded + rest) == (value, len(encoded))


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (16384, "808001")]
)
def test_equals_the_published_examples(value: int, encoded: str) -> None:
    assert varint.encode(value).hex() == encoded


@given(st.binary(max_size=12))
def test_whatever_it_reads_was_minimal(data: bytes) -> None:
    try:
        value, end = varint.decode(data)
    except ValueError:
        return
    assert varint.encode(value) == data[:end]


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\x80" * 9 + b"\x01", b"\xff" * 400])
def test_refuses_what_is_cut_short_padded_or_endless(data: bytes) -> None:
    with pytest.raises(ValueError, match="varint"):
        varint.decode(data)


@pytest.mark.parametrize("value", [-1, 1 << 63])
def test_refuses_numbers_beyond_63_bits(value: int) -> None:
    with pytest.raises(ValueError, match="63 bits"):
        varint.encode(value)

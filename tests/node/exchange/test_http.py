"""Ranges and entity tags, as RFC 9110 has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.exchange.http import ByteRange, RangeUnsatisfiable, etag_matches, parse_range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-499", (0, 500)),
        ("bytes=500-999", (500, 1000)),
        ("bytes=-500", (9500, 10000)),
        ("bytes=9500-", (9500, 10000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=-1", (9999, 10000)),
        ("bytes=-99999", (0, 10000)),
        ("bytes=9999-99999", (9999, 10000)),
    ],
)
def test_reads_the_examples_of_the_rfc(value: str, expected: tuple[int, int]) -> None:
    part = parse_range(value, 10000)
    assert part == ByteRange(*expected, 10000)


@pytest.mark.parametrize(
    "value", [None, "", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=1-2", "bytes=x-y"]
)
def test_ignores_what_may_be_ignored(value: str | None) -> None:
    assert parse_range(value, 10000) is None


@pytest.mark.parametrize(
    ("value", "size"), [("bytes=10000-", 10000), ("bytes=10000-10001", 10000), ("bytes=-0", 5), ("bytes=0-", 0)]
)
def test_refuses_what_starts_behind_the_end(value: str, size: int) -> None:
    with pytest.raises(RangeUnsatisfiable) as caught:
        parse_range(value, size)
    assert caught.value.size == size


@given(st.text(max_size=60), st.integers(0, 1 << 40))
def test_any_header_gives_a_part_inside_or_none(value: str, size: int) -> None:
    try:
        part = parse_range(value, size)
    except RangeUnsatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= size


@pytest.mark.parametrize(
    ("value", "matches"),
    [(None, False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_compares_tags_weakly(value: str | None, matches: bool) -> None:
    assert etag_matches(value, '"a"') is matches
    assert etag_matches(value, 'W/"a"') is matches

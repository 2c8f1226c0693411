"""Amounts of tokens as people type them."""

from __future__ import annotations

import pytest
import typer

from frontend_api.command_line import wei


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", 1500000000000000000),
        ("0", 0),
        ("1e-18", 1),
        ("12345678901.123456789012345678", 12345678901123456789012345678),
        ("115792089237316195423570985008687907853269984665640564039457.584007913129639935", (1 << 256) - 1),
    ],
)
def test_an_amount_is_exact(text: str, expected: int) -> None:
    assert wei(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("many", "not an amount of tokens"),
        ("snan", "not an amount of tokens"),
        ("nan", "not a whole, non-negative number of wei"),
        ("-1", "not a whole, non-negative number of wei"),
        ("-inf", "not a whole, non-negative number of wei"),
        ("1e-19", "not a whole, non-negative number of wei"),
        ("0." + "1" * 300, "not a whole, non-negative number of wei"),
        ("115792089237316195423570985008687907853269984665640564039457.584007913129639936", "more than any token has"),
        ("1e999999", "more than any token has"),
        ("1e9999999", "more than any token has"),
        ("inf", "more than any token has"),
    ],
)
def test_what_no_account_can_have_is_refused(text: str, words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words):
        wei(text)

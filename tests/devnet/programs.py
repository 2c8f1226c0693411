"""Contracts of a few opcodes each, so that the tests need no compiler."""

from __future__ import annotations

# CALLDATACOPY everything to memory, then RETURN or REVERT it.
ECHO = "365f5f37365ff3"
REVERT_WITH_INPUT = "365f5f37365ffd"
# LOG1: topic = first word of the input, data = second word.
LOG_INPUT = "602060205f375f3560205fa100"
# SSTORE: slot = first word of the input, value = second word.
STORE_INPUT = "6020355f355500"
# TIMESTAMP, NUMBER, CHAINID, PREVRANDAO as four words.
CONTEXT = "425f5243602052466040524460605260805ff3"
# CALL itself with all gas, until none is left or the machine's depth is reached.
CALL_ITSELF = "5f5f5f5f5f305af100"
LOOP_FOREVER = "5b5f56"
INVALID_OPCODE = "fe"
# REVERT unless more than 100,000 gas is left; uses almost nothing.
WANTS_GAS = "620186a05a10600a57005b5f5ffd"


def creation_code(program: str) -> str:
    """Init code that returns the program as runtime code."""
    length = len(program) // 2
    return f"0x61{length:04x}600c5f3961{length:04x}5ff3{program}"


def word(value: int) -> str:
    """32 bytes without prefix."""
    return f"{value:064x}"

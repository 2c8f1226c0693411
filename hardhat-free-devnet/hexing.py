"""JSON-RPC's two hexadecimal forms, out and in.

A quantity is 0x and the shortest hexadecimal digits of an integer; data is 0x and two digits a byte.
Source: https://ethereum.org/en/developers/docs/apis/json-rpc/#hex-encoding
"""

from __future__ import annotations

import re

from devnet.errors import InvalidParams

HEXADECIMAL = re.compile("[0-9a-fA-F]*")
MAXIMUM_DIGITS = 128
UINT256_MAXIMUM = (1 << 256) - 1


def quantity(value: int) -> str:
    """Encode an integer."""
    return hex(value)


def data(value: bytes) -> str:
    """Encode bytes."""
    return "0x" + value.hex()


def parse_quantity(value: object, name: str, *, maximum: int = UINT256_MAXIMUM) -> int:
    """Read a quantity; a plain JSON integer is accepted too, as other development chains do.

    Raises InvalidParams.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidParams(f"{name}: expected a hexadecimal quantity, got {_shown(value)}")
    if isinstance(value, str):
        digits = value.removeprefix("0x")
        if digits == value or not digits or len(digits) > MAXIMUM_DIGITS or not _is_hexadecimal(digits):
            raise InvalidParams(f"{name}: expected a hexadecimal quantity, got {_shown(value)}")
        value = int(digits, 16)
    if not 0 <= value <= maximum:
        raise InvalidParams(f"{name}: {_shown(hex(value))} is out of range")
    return value


def parse_data(value: object, name: str, *, length: int | None = None) -> bytes:
    """Read data, of `length` bytes when given. Raises InvalidParams."""
    if not isinstance(value, str) or not value.startswith("0x") or not _is_hexadecimal(value[2:]):
        raise InvalidParams(f"{name}: expected 0x-prefixed hexadecimal data, got {_shown(value)}")
    if len(value) % 2:
        raise InvalidParams(f"{name}: hexadecimal data of odd length")
    if length is not None and len(value) != 2 + 2 * length:
        raise InvalidParams(f"{name}: expected {length} bytes, got {len(value) // 2 - 1}")
    return bytes.fromhex(value[2:])


def parse_address(value: object, name: str = "address") -> bytes:
    """Read a 20-byte address; capital letters are not checked as a checksum. Raises InvalidParams."""
    return parse_data(value, name, length=20)


def _is_hexadecimal(digits: str) -> bool:
    return HEXADECIMAL.fullmatch(digits) is not None


def _shown(value: object) -> str:
    """The value for a message, cut short."""
    if isinstance(value, list | dict):
        return f"a JSON {'list' if isinstance(value, list) else 'object'}"
    text = repr(value[:80]) if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

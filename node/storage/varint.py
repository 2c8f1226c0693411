"""Unsigned varints (LEB128) as multiformats and protobuf write them: minimal, at most nine bytes.

Source: https://github.com/multiformats/unsigned-varint
"""

from __future__ import annotations

MAXIMUM_LENGTH = 9  # 63 bits: a longer one is an attack or garbage


def encode(value: int) -> bytes:
    """Return the minimal varint of `value` (0 <= value < 2^63)."""
    if not 0 <= value < 1 << 63:
        raise ValueError(f"{value} does not fit a varint of 63 bits")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Read one varint at `offset`; return (value, offset after it).

    Raises ValueError when it is cut short, longer than nine bytes or not minimal.
    """
    value = 0
    for index in range(MAXIMUM_LENGTH):
        if offset + index >= len(data):
            raise ValueError("the varint is cut short")
        byte = data[offset + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if byte == 0 and index > 0:
                raise ValueError("the varint is not minimal")
            return value, offset + index + 1
    raise ValueError(f"the varint is longer than {MAXIMUM_LENGTH} bytes")

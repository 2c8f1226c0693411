"""Bit flip: send a message with some bits wrong, as a broken disk or line would."""

from __future__ import annotations

from node.attacks.base import Attack

STRIDE_BYTES = 256


class BitFlip(Attack):
    """Commit to bytes that no parser takes: one flipped bit in the format's name, and one in every 256 bytes."""

    name = "bit-flip"

    def poison_message(self, data: bytes) -> bytes:
        """`data` with bits flipped in bytes 0, 256, 512, ..."""
        flipped = bytearray(data)
        for number, place in enumerate(range(0, len(flipped), STRIDE_BYTES)):
            flipped[place] ^= 1 << number % 8
        return bytes(flipped)

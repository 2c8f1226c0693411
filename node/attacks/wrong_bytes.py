"""Wrong bytes: answer every request with something else than what the content identifier names."""

from __future__ import annotations

from node.attacks.base import Attack


class WrongBytes(Attack):
    """Serve blocks of the right length with their last byte changed: only the hash gives it away."""

    name = "wrong-bytes"

    def serve(self, requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        """`data` with the last byte inverted; a single byte for an empty block."""
        return data[:-1] + bytes([data[-1] ^ 0xFF]) if data else b"\x00"

"""The first 141 bytes of a message: whose update it is, of what, for which round.

Layout, little-endian: magic "FXW1" 4, version 1, run id 32, round 4, seat 4, base digest 32, manifest digest 32,
trace root 32.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import Final

from node.errors import MalformedMessage

MAGIC: Final = b"FXW1"
VERSION: Final = 2
DIGEST_BYTES: Final = 32
_LAYOUT: Final = struct.Struct("<4sB32sII32s32s32s")
NO_TRACE: Final = bytes(DIGEST_BYTES)
HEADER_BYTES: Final = _LAYOUT.size


@dataclass(frozen=True)
class MessageHeader:
    """What a message is bound to.

    `run_id`: keccak256(abi.encode(chain id, project)), made by the caller. `base_digest`: of the checkpoint trained
    from. `manifest_digest`: sha2-256 of the manifest. `round` and `seat` are uint32. `trace_root`: digest of the trace
    of the training behind the update (`node.checks.trace`), zeros without one. Raises ValueError out of range.
    """

    run_id: bytes
    round: int
    seat: int
    base_digest: bytes
    manifest_digest: bytes
    trace_root: bytes = NO_TRACE

    def __post_init__(self) -> None:
        for name in ("run_id", "base_digest", "manifest_digest", "trace_root"):
            if len(getattr(self, name)) != DIGEST_BYTES:
                raise ValueError(f"{name} has {len(getattr(self, name))} bytes, expected {DIGEST_BYTES}")
        for name in ("round", "seat"):
            if not 0 <= getattr(self, name) < 1 << 32:
                raise ValueError(f"{name} = {getattr(self, name)} does not fit 32 bits")

    def to_bytes(self) -> bytes:
        """The 141 bytes on the wire."""
        numbers = (self.round, self.seat)
        return _LAYOUT.pack(
            MAGIC, VERSION, self.run_id, *numbers, self.base_digest, self.manifest_digest, self.trace_root
        )

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> MessageHeader:
        """Read the first 141 bytes of `data`. Raises MalformedMessage."""
        if len(data) < HEADER_BYTES:
            raise MalformedMessage(f"{len(data)} bytes, the header alone has {HEADER_BYTES}")
        magic, version, *values = _LAYOUT.unpack_from(data)
        if magic != MAGIC:
            raise MalformedMessage(f"magic {magic!r}, expected {MAGIC!r}")
        if version != VERSION:
            raise MalformedMessage(f"version {version}, expected {VERSION}")
        return cls(*values)


def expect_header(found: MessageHeader, expected: MessageHeader) -> None:
    """Raise MalformedMessage, naming the first field that differs, unless a message is bound to what was expected."""
    for item in fields(MessageHeader):
        ours, theirs = getattr(expected, item.name), getattr(found, item.name)
        if ours != theirs:
            raise MalformedMessage(f"{item.name} is {_text(theirs)}, expected {_text(ours)}")


def _text(value: bytes | int) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)

"""Content identifiers: the sha2-256 digest of a block and the codec that says how to read it.

We write CIDv1 in base32 and read CIDv1 in base32 or base58btc and CIDv0. The chain holds the 32-byte digest alone;
`node.storage.unixfs_reader.root_cid` tells the codec from the block.

Source: https://github.com/multiformats/cid
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from node.storage import varint
from node.storage.errors import BadCid

RAW: Final = 0x55
DAG_PB: Final = 0x70
DIGEST_BYTES: Final = 32
MAXIMUM_TEXT_LENGTH: Final = 128

_SHA2_256 = b"\x12\x20"  # multihash prefix: code 0x12, length 32
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def sha2_256(data: bytes) -> bytes:
    """Return the 32-byte sha2-256 digest of `data`."""
    return hashlib.sha256(data).digest()


@dataclass(frozen=True, order=True)
class Cid:
    """A content identifier. `codec` is RAW or DAG_PB, `digest` the sha2-256 of the block (32 bytes)."""

    codec: int
    digest: bytes

    def __post_init__(self) -> None:
        if self.codec not in (RAW, DAG_PB):
            raise BadCid(self.digest.hex(), f"codec {self.codec:#x} is neither raw nor dag-pb")
        if len(self.digest) != DIGEST_BYTES:
            raise BadCid(self.digest.hex(), f"the digest has {len(self.digest)} bytes, expected {DIGEST_BYTES}")

    def __str__(self) -> str:
        return "b" + base64.b32encode(self.to_bytes()).decode("ascii").rstrip("=").lower()

    def to_bytes(self, version: int = 1) -> bytes:
        """Return the binary form: 36 bytes of CIDv1, or 34 bytes of CIDv0 (dag-pb only)."""
        if version == 1:
            return bytes((1, self.codec)) + _SHA2_256 + self.digest
        if self.codec != DAG_PB:
            raise BadCid(str(self), "a CIDv0 is always dag-pb")
        return _SHA2_256 + self.digest

    @classmethod
    def of(cls, codec: int, block: bytes) -> Cid:
        """Return the identifier of `block`."""
        return cls(codec, sha2_256(block))

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Read CIDv1 in base32 ("b...") or base58btc ("z..."), or CIDv0 ("Qm..."). Raises BadCid."""
        if not 0 < len(text) <= MAXIMUM_TEXT_LENGTH:
            raise BadCid(text, f"{len(text)} characters, expected 1 to {MAXIMUM_TEXT_LENGTH}")
        if text.startswith("Qm") and len(text) == 46:
            binary = _base58_decode(text, text)
        elif text.startswith("b"):
            binary = _base32_decode(text)
        elif text.startswith("z"):
            binary = _base58_decode(text[1:], text)
        else:
            raise BadCid(text, "expected base32 (b...), base58btc (z...) or version 0 (Qm...)")
        try:
            cid, end = cls.read(binary)
        except BadCid as error:
            raise BadCid(text, error.reason) from None
        if end != len(binary):
            raise BadCid(text, f"{len(binary) - end} bytes after its end")
        return cid

    @classmethod
    def read(cls, data: bytes, offset: int = 0) -> tuple[Cid, int]:
        """Read a binary CID (version 0 or 1) at `offset`; return it and the offset after it. Raises BadCid."""
        shown = data[offset : offset + 40].hex()
        if data[offset : offset + 2] == _SHA2_256:
            codec = DAG_PB
        else:
            try:
                version, offset = varint.decode(data, offset)
                codec, offset = varint.decode(data, offset)
            except ValueError as error:
                raise BadCid(shown, str(error)) from None
            if version != 1:
                raise BadCid(shown, f"version {version}, expected 0 or 1")
            if data[offset : offset + 2] != _SHA2_256:
                raise BadCid(shown, "the hash is not a 32-byte sha2-256")
        end = offset + 2 + DIGEST_BYTES
        if end > len(data):
            raise BadCid(shown, "cut short")
        return cls(codec, data[offset + 2 : end]), end


def _base32_decode(text: str) -> bytes:
    body = text[1:].upper()
    try:
        binary = base64.b32decode(body + "=" * (-len(body) % 8))
    except ValueError:
        raise BadCid(text, "not base32") from None
    # b32decode ignores the spare bits of the last character; one identifier must have one spelling.
    if text[1:] != base64.b32encode(binary).decode("ascii").rstrip("=").lower():
        raise BadCid(text, "not canonical base32")
    return binary


def _base58_decode(body: str, text: str) -> bytes:
    value = 0
    for character in body:
        digit = _BASE58.find(character)
        if digit < 0:
            raise BadCid(text, f"{character!r} is not a base58 character")
        value = value * 58 + digit
    leading_zeros = len(body) - len(body.lstrip("1"))
    return b"\x00" * leading_zeros + value.to_bytes((value.bit_length() + 7) // 8, "big")

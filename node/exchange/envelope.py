"""Small signed messages between peers: who says what about which round, until when.

An envelope is canonical CBOR of [1, kind, round, sequence, expiry, body, sender, signature], at most 4 KiB. The
signature is EIP-712 over everything before the sender, under the project's domain, so that it is worth nothing in
another project. One envelope has one encoding: its sha2-256 names it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cbor2

from contracts.attestation import Domain, checksum_address, envelope_digest, recover, sign_digest
from contracts.errors import InvalidSignature
from contracts.values import Address
from node.exchange.errors import ForgedEnvelope, MalformedEnvelope

MAXIMUM_ENVELOPE_BYTES: Final = 4096
MAXIMUM_KIND_LENGTH: Final = 32
_VERSION = 1
_FIELDS = 8
_ADDRESS_BYTES = 20
_SIGNATURE_BYTES = 65
_UNSIGNED, _BYTES, _TEXT, _ARRAY = 0, 2, 3, 4  # CBOR major types


@dataclass(frozen=True)
class Envelope:
    """A verified or freshly sealed message.

    `kind`: a short ASCII word; `sequence`: of one sender's envelopes of one kind and round the highest counts;
    `expiry`: chain time in seconds from which on it is void; `sender`: checksum address; `signature`: r || s || v.
    """

    kind: str
    round: int
    sequence: int
    expiry: int
    body: bytes
    sender: Address
    signature: bytes

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes that travel."""
        sender = bytes.fromhex(self.sender.removeprefix("0x"))
        fields = [self.kind, self.round, self.sequence, self.expiry, self.body, sender, self.signature]
        return cbor2.dumps([_VERSION, *fields], canonical=True)

    @cached_property
    def hash(self) -> bytes:
        """The 32-byte sha2-256 of the canonical bytes."""
        return hashlib.sha256(self.encoded).digest()


def seal(domain: Domain, key: bytes, *, kind: str, round: int, sequence: int, expiry: int, body: bytes) -> Envelope:
    """Sign a message with a private key of 32 bytes.

    Raises MalformedEnvelope when it breaks a bound (4 KiB in all, 64-bit numbers, a kind of 1 to 32 characters).
    """
    _check_fields(kind, (round, sequence, expiry))
    digest = envelope_digest(domain, kind, round, sequence, expiry, body)
    signature = sign_digest(key, digest)
    sender = recover(digest, signature)
    envelope = Envelope(kind, round, sequence, expiry, body, sender, signature)
    if len(envelope.encoded) > MAXIMUM_ENVELOPE_BYTES:
        raise MalformedEnvelope(f"{len(envelope.encoded)} bytes, more than {MAXIMUM_ENVELOPE_BYTES}")
    return envelope


def parse_envelope(data: bytes) -> Envelope:
    """Read an envelope without checking its signature. Raises MalformedEnvelope."""
    if len(data) > MAXIMUM_ENVELOPE_BYTES:
        raise MalformedEnvelope(f"{len(data)} bytes, more than {MAXIMUM_ENVELOPE_BYTES}")
    reader = _Reader(data)
    if reader.number(_ARRAY) != _FIELDS or reader.number(_UNSIGNED) != _VERSION:
        raise MalformedEnvelope(f"not a version {_VERSION} list of {_FIELDS} fields")
    try:
        kind = reader.string(_TEXT).decode("ascii")
    except UnicodeDecodeError:
        raise MalformedEnvelope("the kind is not ASCII") from None
    round_number, sequence, expiry = (reader.number(_UNSIGNED) for _ in range(3))
    body, sender, signature = (reader.string(_BYTES) for _ in range(3))
    _check_fields(kind, (round_number, sequence, expiry))
    if len(sender) != _ADDRESS_BYTES or len(signature) != _SIGNATURE_BYTES:
        raise MalformedEnvelope(f"a sender of {len(sender)} bytes, a signature of {len(signature)}")
    envelope = Envelope(kind, round_number, sequence, expiry, body, checksum_address(sender), signature)
    # Covers trailing bytes and every second way to spell a length: the hash must be unique.
    if envelope.encoded != data:
        raise MalformedEnvelope("not the canonical encoding")
    return envelope


def verify_envelope(envelope: Envelope, domain: Domain) -> None:
    """Raise ForgedEnvelope unless `envelope` was signed by its sender under `domain`."""
    e = envelope
    try:
        signer = recover(envelope_digest(domain, e.kind, e.round, e.sequence, e.expiry, e.body), e.signature)
    except InvalidSignature:
        raise ForgedEnvelope(e.sender, None) from None
    if signer != e.sender:
        raise ForgedEnvelope(e.sender, signer)


def open_envelope(data: bytes, domain: Domain) -> Envelope:
    """Read and verify an envelope. Raises MalformedEnvelope, ForgedEnvelope."""
    envelope = parse_envelope(data)
    verify_envelope(envelope, domain)
    return envelope


def _check_fields(kind: str, numbers: tuple[int, ...]) -> None:
    if not (0 < len(kind) <= MAXIMUM_KIND_LENGTH and kind.isascii() and kind.isprintable()):
        raise MalformedEnvelope(f"kind {kind[:40]!r}, expected 1 to {MAXIMUM_KIND_LENGTH} printable ASCII characters")
    for number in numbers:
        if not 0 <= number < 1 << 64:
            raise MalformedEnvelope(f"{number} does not fit 64 bits")


class _Reader:
    """The few CBOR items an envelope may hold. A general decoder would also run tags that strangers chose."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def number(self, major: int) -> int:
        """Read the head of an item of type `major` and return its argument."""
        head = self._take(1)[0]
        if head >> 5 != major:
            raise MalformedEnvelope(f"CBOR type {head >> 5} where {major} was expected, at byte {self._offset - 1}")
        low = head & 0x1F
        if low < 24:
            return low
        if low > 27:
            raise MalformedEnvelope(f"CBOR length code {low}, at byte {self._offset - 1}")
        return int.from_bytes(self._take(1 << (low - 24)), "big")

    def string(self, major: int) -> bytes:
        """Read a byte or text string."""
        return self._take(self.number(major))

    def _take(self, count: int) -> bytes:
        piece = self._data[self._offset : self._offset + count]
        if len(piece) < count:
            raise MalformedEnvelope(f"cut short at byte {len(self._data)}")
        self._offset += count
        return piece

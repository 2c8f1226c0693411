"""What is said about commitments that stand in batches: bodies of signed statements, and when they are believed. Pure.

A trainer spreads its *promises*: a commitment of each of its seats, signed so that it may stand in a batch. A collector
spreads the entries of the batch it posts. When the time has come to reveal, the trainer spreads its *openings*.
Promises of results, where attesters make them, go the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cbor2

from contracts.attendance import AttendanceDomain
from contracts.attestation import SIGNATURE_BYTES, Domain, commitment_digest, recover
from contracts.batches import (
    MOST_BATCHES,
    OPENING_BYTES,
    BatchOpening,
    batch_entry,
    pack_openings,
    unpack_openings,
)
from contracts.errors import InvalidSignature
from contracts.values import Address, SignedAttestation
from node.rounds.agreement import HASH_LENGTH, MalformedStatement, load_body

PROMISES = "promises"
OPENINGS = "openings"
ATTESTATION = "attestation"
MOST_PROMISES = 20  # seats of one account: their openings fit one statement of 4 KiB
MOST_ENTRIES = 112  # of a batch that one statement of 4 KiB tells
_SEAT_BITS = 32
_KEPT_BYTES = 28  # of a commitment to a result, by the chain


def batch_kind(number: int) -> str:
    """Kind of the statement with which a collector tells the entries of its batch: one for each batch of a round."""
    return f"batch-{number}"


@dataclass(frozen=True)
class Promise:
    """A commitment that may stand in a batch. `signature`: 65 bytes of the seat's owner."""

    seat: int
    owner: Address
    commitment: bytes
    signature: bytes

    @cached_property
    def entry(self) -> bytes:
        """What stands in the batch."""
        return batch_entry(self.commitment, self.signature)


@dataclass(frozen=True)
class Standing:
    """Where a commitment stands: the number of a posted batch, and the index in it."""

    batch: int
    index: int


@dataclass(frozen=True)
class Gathered:
    """What this peer knows of the batches of a round.

    `promises`: by seat. `batches`: entries of posted batches by number, as far as anybody tells them. `openings`: of
    those batches, by their number. `own`: where own commitments stand, by seat; it would survive this process.
    `promised`, `shown`: own seats whose promise or opening is being spread. `attestations`: promises of results by
    account, where attesters make them. `untold`: batches whose entries this peer
    keeps and nobody tells. `out_of_turn`: whether it collects without waiting for its turn, as honest peers
    never do.
    """

    promises: Mapping[int, Promise] = field(default_factory=dict)
    batches: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    openings: Mapping[int, tuple[BatchOpening, ...]] = field(default_factory=dict)
    own: Mapping[int, Standing] = field(default_factory=dict)
    promised: frozenset[int] = frozenset()
    shown: frozenset[int] = frozenset()
    attestations: Mapping[Address, SignedAttestation] = field(default_factory=dict)
    untold: frozenset[int] = frozenset()
    out_of_turn: bool = False


def promises_body(promises: Sequence[Promise]) -> bytes:
    """Body of a statement of promises, in ascending order of seats."""
    ordered = sorted(promises, key=lambda promise: promise.seat)
    return cbor2.dumps([[item.seat, item.commitment, item.signature] for item in ordered], canonical=True)


def parse_promises(domain: Domain, round_number: int, sender: Address, body: bytes) -> tuple[Promise, ...]:
    """Read promises and check their signatures; raises MalformedStatement. Whose the seats are is not checked here."""
    document = load_body(PROMISES, body)
    if not isinstance(document, list) or not 0 < len(document) <= MOST_PROMISES:
        raise MalformedStatement(PROMISES, f"expected 1 to {MOST_PROMISES} of [seat, commitment, signature]")
    promises = tuple(_promise(sender, item) for item in document)
    seats = [promise.seat for promise in promises]
    if seats != sorted(set(seats)):
        raise MalformedStatement(PROMISES, f"seats {seats} are not in strictly ascending order")
    for promise in promises:
        try:
            signer = recover(
                commitment_digest(domain, round_number, promise.seat, promise.commitment), promise.signature
            )
        except InvalidSignature as error:
            raise MalformedStatement(PROMISES, f"seat {promise.seat}: {error}") from error
        if signer != sender:
            raise MalformedStatement(PROMISES, f"seat {promise.seat} signed by {signer}, sent by {sender}")
    return promises


def parse_entries(number: int, body: bytes) -> tuple[bytes, ...]:
    """Read the entries of a batch; raises MalformedStatement. Without their hash on the chain they say nothing."""
    if not body or len(body) % HASH_LENGTH or len(body) > MOST_ENTRIES * HASH_LENGTH:
        raise MalformedStatement(
            batch_kind(number), f"{len(body)} bytes are not 1 to {MOST_ENTRIES} entries of {HASH_LENGTH}"
        )
    return tuple(body[start : start + HASH_LENGTH] for start in range(0, len(body), HASH_LENGTH))


def openings_body(openings: Mapping[int, Sequence[BatchOpening]]) -> bytes:
    """Body of a statement of openings, by number of the batch, as the chain takes them."""
    return cbor2.dumps([[number, pack_openings(items)] for number, items in sorted(openings.items())], canonical=True)


def parse_openings(sender: Address, body: bytes) -> dict[int, tuple[BatchOpening, ...]]:
    """Read openings, by number of the batch; raises MalformedStatement. See `believed` for what they are worth."""
    document = load_body(OPENINGS, body)
    if not isinstance(document, list) or not 0 < len(document) <= MOST_BATCHES:
        raise MalformedStatement(OPENINGS, f"expected 1 to {MOST_BATCHES} of [batch, openings]")
    openings: dict[int, tuple[BatchOpening, ...]] = {}
    for part in document:
        if not (isinstance(part, list) and len(part) == 2 and type(part[0]) is int and isinstance(part[1], bytes)):
            raise MalformedStatement(OPENINGS, "expected [batch, openings]")
        number, packed = part
        if not 0 <= number < MOST_BATCHES or (openings and number <= max(openings)):
            raise MalformedStatement(OPENINGS, f"batch {number} after {sorted(openings)}")
        if not packed or len(packed) % OPENING_BYTES:
            raise MalformedStatement(OPENINGS, f"{len(packed)} bytes are no openings of {OPENING_BYTES}")
        openings[number] = unpack_openings(packed)
    said = [item for items in openings.values() for item in items]
    if len(said) > MOST_PROMISES:
        raise MalformedStatement(OPENINGS, f"{len(said)} openings, more than {MOST_PROMISES}")
    if any(item.account != sender for item in said):
        raise MalformedStatement(OPENINGS, f"openings of others, sent by {sender}")
    return openings


def attestation_body(promised: SignedAttestation) -> bytes:
    """Body of a promise of a result."""
    return cbor2.dumps([promised.commitment, list(promised.seat_ids), promised.signature], canonical=True)


def parse_attestation(
    attendance: AttendanceDomain, round_number: int, sender: Address, body: bytes
) -> SignedAttestation:
    """Read a promise of a result and check its signature; raises MalformedStatement."""
    document = load_body(ATTESTATION, body)
    if not (isinstance(document, list) and len(document) == 3 and isinstance(document[1], list)):
        raise MalformedStatement(ATTESTATION, "expected [commitment, seats, signature]")
    commitment, seats, signature = document
    if not all(isinstance(part, bytes) and len(part) == size for part, size in ((commitment, 32), (signature, 65))):
        raise MalformedStatement(ATTESTATION, "expected a commitment of 32 bytes and a signature of 65")
    if not any(commitment[:_KEPT_BYTES]):
        raise MalformedStatement(ATTESTATION, "nothing committed to")
    if any(type(seat) is not int or not 0 <= seat < 1 << _SEAT_BITS for seat in seats) or seats != sorted(set(seats)):
        raise MalformedStatement(ATTESTATION, f"seats {str(seats)[:80]} are not in strictly ascending order")
    try:
        signer = recover(attendance.attestation_digest(round_number, commitment, seats), signature)
    except InvalidSignature as error:
        raise MalformedStatement(ATTESTATION, str(error)) from error
    if signer != sender:
        raise MalformedStatement(ATTESTATION, f"signed by {signer}, sent by {sender}")
    return SignedAttestation(commitment, tuple(seats), signature)


def believed(domain: Domain, round_number: int, opening: BatchOpening, entries: Sequence[bytes]) -> bool:
    """Whether an opening opens its place in a batch of these entries, with the signature of the account it names."""
    if opening.index >= len(entries):
        return False
    commitment = opening.commitment(domain, round_number)
    return batch_entry(commitment, opening.signature) == entries[opening.index] and opening.is_signed(
        domain, round_number
    )


def _promise(sender: Address, item: object) -> Promise:
    if not (isinstance(item, list) and len(item) == 3 and type(item[0]) is int):
        raise MalformedStatement(PROMISES, "expected [seat, commitment, signature]")
    seat, commitment, signature = item
    if not (0 <= seat < 1 << _SEAT_BITS and isinstance(commitment, bytes) and isinstance(signature, bytes)):
        raise MalformedStatement(PROMISES, f"seat {seat}: not of {_SEAT_BITS} bits, or no bytes")
    if len(commitment) != HASH_LENGTH or len(signature) != SIGNATURE_BYTES or commitment == bytes(HASH_LENGTH):
        raise MalformedStatement(
            PROMISES, f"seat {seat}: {len(commitment)} and {len(signature)} bytes, or nothing committed to"
        )
    return Promise(seat, sender, commitment, signature)

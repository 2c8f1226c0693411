"""What is said about batches: statements that others must be able to rely on, and what becomes of hostile ones."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest

from contracts.attendance import AttendanceDomain
from contracts.attestation import Domain, checksum_address, commitment_hash, recover, sign_digest
from contracts.batches import BatchOpening, batch_entry, pack_openings, sign_commitment
from contracts.values import SignedAttestation
from node.exchange.envelope import MAXIMUM_ENVELOPE_BYTES, seal
from node.rounds.agreement import MalformedStatement
from node.rounds.promises import (
    MOST_ENTRIES,
    MOST_PROMISES,
    Promise,
    attestation_body,
    batch_kind,
    believed,
    openings_body,
    parse_attestation,
    parse_entries,
    parse_openings,
    parse_promises,
    promises_body,
)

DOMAIN = Domain(31337, checksum_address(b"p" * 20))
ATTENDANCE = AttendanceDomain(DOMAIN.chain_id, checksum_address(b"a" * 20), DOMAIN.project)
ROUND = 7
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
ME, OTHER = (recover(bytes(32), sign_digest(key, bytes(32))) for key in (KEY, OTHER_KEY))
DIGEST, DATA_ROOT, SALT = (letter * 32 for letter in (b"d", b"r", b"s"))


def promise(seat: int, *, key: bytes = KEY, round_number: int = ROUND, domain: Domain = DOMAIN) -> Promise:
    commitment = commitment_hash(domain, round_number, seat, ME, DIGEST, DATA_ROOT, SALT)
    return Promise(seat, ME, commitment, sign_commitment(domain, key, round_number, seat, commitment))


def opening(index: int, seat: int) -> BatchOpening:
    return BatchOpening(index, seat, ME, DIGEST, DATA_ROOT, SALT, promise(seat).signature)


def said(*items: object) -> bytes:
    return cbor2.dumps(list(items), canonical=True)


def row(seat: object, item: Promise | None = None) -> list[object]:
    made = item or promise(3)
    return [seat, made.commitment, made.signature]


PARTS = [promise(3).commitment, promise(3).signature]


def test_promises_come_back_in_the_order_of_seats() -> None:
    promises = (promise(3), promise(9))
    assert parse_promises(DOMAIN, ROUND, ME, promises_body(promises[::-1])) == promises


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "not CBOR"),
        (said(), "expected 1 to 20"),
        (said(*(row(seat) for seat in range(MOST_PROMISES + 1))), "expected 1 to 20"),
        (said([3, PARTS[0]]), "expected"),
        (said(row("3")), "expected"),
        (said(row(True)), "not CBOR"),
        (said(row(-1)), "not of 32 bits"),
        (said(row(1 << 32)), "not of 32 bits"),
        (said([3, PARTS[0][1:], PARTS[1]]), "31 and 65 bytes"),
        (said([3, PARTS[0], PARTS[1][1:]]), "32 and 64 bytes"),
        (said([3, bytes(32), PARTS[1]]), "nothing committed to"),
        (said([3, PARTS[0], b"\xff" * 65]), "seat 3"),
        (said([3, PARTS[0], bytes(64) + b"\x1b"]), "seat 3"),
        (said(row(3), row(3)), "not in strictly ascending order"),
        (said(row(9, promise(9)), row(3)), "not in strictly ascending order"),
        (said(row(3, promise(3, key=OTHER_KEY))), "signed by"),
        (said(row(3, promise(3, round_number=ROUND - 1))), "signed by"),
        (said(row(3, promise(3, domain=replace(DOMAIN, chain_id=1)))), "signed by"),
        (said(row(4)), "signed by"),
        (promises_body([promise(3)]) + b"\x00", "not"),
    ],
)
def test_hostile_promises_are_refused_with_what_is_wrong(body: bytes, cause: str) -> None:
    with pytest.raises(MalformedStatement, match=cause):
        parse_promises(DOMAIN, ROUND, ME, body)


def test_nobody_passes_on_the_promise_of_another() -> None:
    with pytest.raises(MalformedStatement, match=f"signed by {ME}, sent by {OTHER}"):
        parse_promises(DOMAIN, ROUND, OTHER, promises_body([promise(3)]))


@pytest.mark.parametrize("length", [0, 31, 33, 32 * (MOST_ENTRIES + 1)])
def test_entries_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(MalformedStatement, match=f"batch-2: {length} bytes"):
        parse_entries(2, bytes(length))


def test_entries_are_what_was_told() -> None:
    entries = tuple(bytes([number]) * 32 for number in range(MOST_ENTRIES))
    assert parse_entries(0, b"".join(entries)) == entries


def test_openings_come_back_by_batch() -> None:
    openings = {0: (opening(5, 3),), 4: (opening(0, 9), opening(1, 11))}
    assert parse_openings(ME, openings_body(openings)) == openings


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"\xff", "not CBOR"),
        (said(), "expected 1 to 8"),
        (said(*([number, pack_openings([opening(0, 3)])] for number in range(9))), "expected 1 to 8"),
        (said([0]), "expected"),
        (said(["0", b"x"]), "expected"),
        (said([8, pack_openings([opening(0, 3)])]), "batch 8"),
        (said([-1, pack_openings([opening(0, 3)])]), "batch -1"),
        (said([1, pack_openings([opening(0, 3)])], [0, pack_openings([opening(0, 3)])]), "batch 0 after"),
        (said([0, b""]), "0 bytes"),
        (said([0, bytes(185)]), "185 bytes"),
        (said([0, pack_openings([opening(index, 3) for index in range(MOST_PROMISES + 1)])]), "more than 20"),
        (said([0, pack_openings([replace(opening(0, 3), account=OTHER)])]), "openings of others"),
    ],
)
def test_hostile_openings_are_refused_with_what_is_wrong(body: bytes, cause: str) -> None:
    with pytest.raises(MalformedStatement, match=cause):
        parse_openings(ME, body)


def test_an_opening_is_believed_only_of_its_own_place_with_its_owners_signature() -> None:
    entries = [bytes(32), promise(3).entry]
    good = opening(1, 3)
    assert believed(DOMAIN, ROUND, good, entries)
    assert not believed(DOMAIN, ROUND, replace(good, index=0), entries)
    assert not believed(DOMAIN, ROUND, replace(good, index=2), entries)
    assert not believed(DOMAIN, ROUND, replace(good, salt=bytes(32)), entries)
    assert not believed(DOMAIN, ROUND, replace(good, seat=4), entries)
    assert not believed(DOMAIN, ROUND + 1, good, entries)
    stolen = replace(good, account=OTHER)
    forged = [bytes(32), batch_entry(stolen.commitment(DOMAIN, ROUND), stolen.signature)]
    assert not believed(DOMAIN, ROUND, stolen, forged)


def attested(*seats: int, key: bytes = KEY, commitment: bytes = b"c" * 32, round_number: int = ROUND) -> bytes:
    digest = ATTENDANCE.attestation_digest(round_number, commitment, seats)
    return attestation_body(SignedAttestation(commitment, seats, sign_digest(key, digest)))


@pytest.mark.parametrize("seats", [(), (2, 5)])
def test_a_promise_of_a_result_comes_back(seats: tuple[int, ...]) -> None:
    parsed = parse_attestation(ATTENDANCE, ROUND, ME, attested(*seats))
    assert (parsed.commitment, parsed.seat_ids) == (b"c" * 32, seats)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "not CBOR"),
        (said(b"c" * 32, []), "expected"),
        (said(b"c" * 31, [], bytes(65)), "of 32 bytes"),
        (said(b"c" * 32, [], b"\xff" * 65), "invalid signature"),
        (said(b"c" * 32, ["1"], bytes(65)), "not in strictly ascending order"),
        (said(b"c" * 32, [1 << 32], bytes(65)), "not in strictly ascending order"),
        (said(b"c" * 32, [2, 1], bytes(65)), "not in strictly ascending order"),
        (attested(commitment=bytes(28) + b"late"), "nothing committed to"),
        (attested(key=OTHER_KEY), "signed by"),
        (attested(round_number=ROUND + 1), "signed by"),
    ],
)
def test_hostile_promises_of_results_are_refused_with_what_is_wrong(body: bytes, cause: str) -> None:
    with pytest.raises(MalformedStatement, match=cause):
        parse_attestation(ATTENDANCE, ROUND, ME, body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("promises", promises_body([promise((1 << 32) - 1 - seat) for seat in range(MOST_PROMISES)])),
        (batch_kind(7), bytes(32 * MOST_ENTRIES)),
        # The longest: as many batches as seats go into, each opening alone in its own.
        (
            "openings",
            openings_body(
                {
                    batch: [opening(254, (1 << 32) - 1 - 8 * place) for place in range(2 + (batch < 4))]
                    for batch in range(8)
                }
            ),
        ),
    ],
)
def test_the_longest_statement_fits_an_envelope(kind: str, body: bytes) -> None:
    most = (1 << 64) - 1
    envelope = seal(DOMAIN, KEY, kind=kind, round=most, sequence=most, expiry=most, body=body)
    assert len(envelope.encoded) <= MAXIMUM_ENVELOPE_BYTES

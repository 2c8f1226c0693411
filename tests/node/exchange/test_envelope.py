"""Envelopes: one encoding, one signer, one project."""

from __future__ import annotations

import random
from dataclasses import replace

import cbor2
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from contracts.attestation import CURVE_ORDER, Domain, checksum_address
from node.exchange.envelope import (
    MAXIMUM_ENVELOPE_BYTES,
    Envelope,
    open_envelope,
    parse_envelope,
    seal,
    verify_envelope,
)
from node.exchange.errors import ForgedEnvelope, MalformedEnvelope
from tests.support.gateways import DOMAIN

KEY = b"\x01" * 32
SENDER = Account.from_key(KEY).address
SEALED = seal(DOMAIN, KEY, kind="have-list", round=7, sequence=3, expiry=2000, body=b"\x05\x06")

numbers = st.integers(0, (1 << 64) - 1)
kinds = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32)


@given(kinds, numbers, numbers, numbers, st.binary(max_size=3000))
def test_opens_what_was_sealed(kind: str, round: int, sequence: int, expiry: int, body: bytes) -> None:
    sealed = seal(DOMAIN, KEY, kind=kind, round=round, sequence=sequence, expiry=expiry, body=body)
    assert sealed.sender == SENDER
    assert open_envelope(sealed.encoded, DOMAIN) == sealed
    assert len(sealed.hash) == 32


def test_is_canonical_cbor_of_its_fields() -> None:
    decoded = cbor2.loads(SEALED.encoded)
    assert decoded == [1, "have-list", 7, 3, 2000, b"\x05\x06", bytes.fromhex(SENDER[2:]), SEALED.signature]
    assert cbor2.dumps(decoded, canonical=True) == SEALED.encoded


def test_is_signed_as_a_wallet_would_sign_it() -> None:
    """EIP-712 by a general encoder and another signer."""
    field = [("kind", "string"), ("round", "uint64"), ("sequence", "uint64"), ("expiry", "uint64"), ("body", "bytes")]
    signable = encode_typed_data(
        domain_data={
            "name": "SwarmProof",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": DOMAIN.project,
        },
        message_types={"Envelope": [{"name": name, "type": kind} for name, kind in field]},
        message_data={"kind": "have-list", "round": 7, "sequence": 3, "expiry": 2000, "body": b"\x05\x06"},
    )
    assert Account.from_key(KEY).sign_message(signable).signature == SEALED.signature


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "proposal"},
        {"round": 8},
        {"sequence": 4},
        {"expiry": 2001},
        {"body": b""},
        {"sender": checksum_address(b"\x02" * 20)},
        {"signature": SEALED.signature[:-1] + bytes([55 - SEALED.signature[-1]])},
        {"signature": b"\x00" * 65},
        {"signature": b"\xff" * 65},
    ],
)
def test_any_changed_field_is_a_forgery(changed: dict[str, object]) -> None:
    forged = replace(SEALED, **changed)  # type: ignore[arg-type]
    with pytest.raises(ForgedEnvelope):
        open_envelope(forged.encoded, DOMAIN)


@pytest.mark.parametrize("domain", [Domain(1, DOMAIN.project), Domain(DOMAIN.chain_id, checksum_address(b"\x03" * 20))])
def test_is_worth_nothing_in_another_project_or_chain(domain: Domain) -> None:
    with pytest.raises(ForgedEnvelope) as caught:
        open_envelope(SEALED.encoded, domain)
    assert caught.value.sender == SENDER


def test_the_mirrored_signature_is_no_second_envelope() -> None:
    """(r, n - s) with the other v verifies for the same key on the bare curve."""
    r, s, v = SEALED.signature[:32], int.from_bytes(SEALED.signature[32:64], "big"), SEALED.signature[64]
    mirrored = r + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    with pytest.raises(ForgedEnvelope, match="no valid key"):
        verify_envelope(replace(SEALED, signature=mirrored), DOMAIN)


FIELDS = [1, "k", 1, 1, 1, b"", bytes(20), bytes(65)]


def with_field(index: int, value: object) -> bytes:
    return cbor2.dumps([*FIELDS[:index], value, *FIELDS[index + 1 :]], canonical=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short"),
        (cbor2.dumps(FIELDS)[:-1], "cut short"),
        (cbor2.dumps(FIELDS) + b"\x00", "not the canonical encoding"),
        (cbor2.dumps(FIELDS[:7]), "not a version 1 list of 8"),
        (with_field(0, 2), "not a version 1"),
        (with_field(1, b"k"), "CBOR type 2 where 3"),
        (with_field(1, ""), "expected 1 to 32"),
        (with_field(1, "k" * 33), "expected 1 to 32"),
        (with_field(1, "é"), "not ASCII"),
        (with_field(1, "a\nb"), "printable"),
        (with_field(2, -1), "CBOR type 1 where 0"),
        (with_field(2, 1 << 64), "CBOR type 6 where 0"),
        (with_field(2, 1.0), "CBOR type 7 where 0"),
        (with_field(5, "text"), "CBOR type 3 where 2"),
        (with_field(6, bytes(19)), "a sender of 19 bytes"),
        (with_field(7, bytes(64)), "a signature of 64"),
        (with_field(5, cbor2.CBORTag(35, "(a+)+$")), "CBOR type 6 where 2"),
        (b"\x9f" + cbor2.dumps(FIELDS)[1:] + b"\xff", "length code 31"),
        (b"\x98\x08" + cbor2.dumps(FIELDS)[1:], "not the canonical encoding"),
        (b"\x88\x01\x61k\x18\x01\x01\x01\x40\x54" + bytes(20) + b"\x58\x41" + bytes(65), "not the canonical"),
        (b"\x88\x01\x7b" + b"\xff" * 8, "cut short"),
        (bytes(MAXIMUM_ENVELOPE_BYTES + 1), "4097 bytes"),
    ],
)
def test_refuses_what_is_not_canonical(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedEnvelope, match=reason):
        parse_envelope(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        envelope = parse_envelope(data)
    except MalformedEnvelope:
        return
    assert envelope.encoded == data


@given(st.integers(0, 2**32))
def test_a_mutated_envelope_never_passes_for_the_senders(seed: int) -> None:
    generator = random.Random(seed)
    mutated = bytearray(SEALED.encoded)
    mutated[generator.randrange(len(mutated))] ^= 1 << generator.randrange(8)
    with pytest.raises((MalformedEnvelope, ForgedEnvelope)):
        open_envelope(bytes(mutated), DOMAIN)


def test_seals_at_most_four_kibibytes() -> None:
    overhead = len(SEALED.encoded) - len(SEALED.body)
    fitting = seal(DOMAIN, KEY, kind="have-list", round=7, sequence=3, expiry=2000, body=bytes(4096 - overhead - 2))
    assert len(fitting.encoded) == MAXIMUM_ENVELOPE_BYTES
    with pytest.raises(MalformedEnvelope, match="4097 bytes"):
        seal(DOMAIN, KEY, kind="have-list", round=7, sequence=3, expiry=2000, body=bytes(4096 - overhead - 1))


@pytest.mark.parametrize("changed", [{"kind": ""}, {"round": -1}, {"sequence": 1 << 64}])
def test_seals_nothing_that_nobody_would_open(changed: dict[str, object]) -> None:
    arguments = {"kind": "k", "round": 1, "sequence": 1, "expiry": 1, "body": b""} | changed
    with pytest.raises(MalformedEnvelope):
        seal(DOMAIN, KEY, **arguments)  # type: ignore[arg-type]


def test_an_envelope_is_a_value() -> None:
    assert Envelope(**{name: getattr(SEALED, name) for name in SEALED.__dataclass_fields__}) == SEALED

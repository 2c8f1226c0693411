"""Hashes and signatures against encoders and signers that we did not write."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.attestation import (
    CURVE_ORDER,
    Domain,
    Result,
    checksum_address,
    commitment_hash,
    compact_signature,
    envelope_digest,
    expand_signature,
    quiet_seed,
    recover,
    result_digest,
    sign_digest,
)
from contracts.errors import InvalidSignature

PROJECT = checksum_address(bytes(range(20)))
DOMAIN = Domain(31337, PROJECT)
WORDS = [bytes([i]) * 32 for i in range(1, 7)]
RESULT = Result(WORDS[0], WORDS[1], WORDS[2], WORDS[3], WORDS[4], WORDS[5], 2**128 - 1)
KEY = bytes(31) + b"\x07"

word = st.binary(min_size=32, max_size=32)
results = st.builds(Result, word, word, word, word, word, word, st.integers(0, 2**128 - 1))
domains = st.builds(Domain, st.integers(0, 2**256 - 1), st.binary(min_size=20, max_size=20).map(checksum_address))
uint64 = st.integers(0, 2**64 - 1)


def general_digest(domain: Domain, kind: str, members: list[tuple[str, str]], message: dict[str, object]) -> bytes:
    """EIP-712 by eth_account."""
    signable = encode_typed_data(
        {"name": "SwarmProof", "version": "1", "chainId": domain.chain_id, "verifyingContract": domain.project},
        {kind: [{"type": type_, "name": name} for type_, name in members]},
        message,
    )
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


@given(domains, uint64, results)
@settings(max_examples=100)
def test_result_digests_are_eip712(domain: Domain, number: int, result: Result) -> None:
    names = ["prevCid", "inputRoot", "cid", "dataRoot", "weightRoot", "rewardRoot"]
    members = [("uint64", "round"), *(("bytes32", name) for name in names), ("uint128", "cumulativeTotal")]
    values = [number, *(getattr(result, item.name) for item in fields(result))]
    message = {name: value for (_, name), value in zip(members, values, strict=True)}
    assert result_digest(domain, number, result) == general_digest(domain, "Result", members, message)


@given(domains, st.text(max_size=40), uint64, uint64, uint64, st.binary(max_size=300))
@settings(max_examples=100)
def test_envelope_digests_are_eip712(
    domain: Domain, kind: str, number: int, sequence: int, expiry: int, body: bytes
) -> None:
    members = [("string", "kind"), ("uint64", "round"), ("uint64", "sequence"), ("uint64", "expiry"), ("bytes", "body")]
    message: dict[str, object] = {
        "kind": kind,
        "round": number,
        "sequence": sequence,
        "expiry": expiry,
        "body": body,
    }
    expected = general_digest(domain, "Envelope", members, message)
    assert envelope_digest(domain, kind, number, sequence, expiry, body) == expected


@given(domains, uint64, st.integers(0, 2**32 - 1), word, word, word)
@settings(max_examples=100)
def test_commitments_are_hashed_as_abi_encode_does(
    domain: Domain, number: int, seat: int, digest: bytes, data_root: bytes, salt: bytes
) -> None:
    tag = keccak(b"SwarmProof update commitment, version 1")
    scope = encode(["bytes32", "uint256", "address", "uint64"], [tag, domain.chain_id, domain.project, number])
    types = ["bytes32", "uint32", "address", "bytes32", "bytes32", "bytes32"]
    values = [keccak(scope), seat, PROJECT, digest, data_root, salt]
    assert commitment_hash(domain, number, seat, PROJECT, digest, data_root, salt) == keccak(encode(types, values))


@given(domains, word, uint64)
def test_run_ids_and_seeds_are_hashed_as_abi_encode_does(domain: Domain, origin: bytes, number: int) -> None:
    assert domain.run_id == keccak(encode(["uint256", "address"], [domain.chain_id, domain.project]))
    assert quiet_seed(origin, number) == keccak(encode(["bytes32", "uint64"], [origin, number]))


def test_every_part_of_a_result_and_its_place_changes_the_digest() -> None:
    digests = {result_digest(DOMAIN, 1, RESULT), result_digest(DOMAIN, 2, RESULT)}
    digests.add(result_digest(Domain(1, PROJECT), 1, RESULT))
    digests.add(result_digest(Domain(31337, checksum_address(bytes(20))), 1, RESULT))
    for item in fields(RESULT):
        other: Any = 0 if item.name == "cumulative_total" else bytes(32)
        digests.add(result_digest(DOMAIN, 1, replace(RESULT, **{item.name: other})))
    assert len(digests) == 4 + len(fields(RESULT))


def test_the_digest_of_a_known_result_is_the_one_on_record() -> None:
    expected = "c051f6efe7689d030898945dbe5f37489f054f167453b1657cfbde4728bbbf15"
    assert result_digest(DOMAIN, 1, RESULT).hex() == expected


@given(st.integers(1, CURVE_ORDER - 1), word)
@settings(max_examples=50)
def test_signatures_are_those_of_other_signers_and_lead_back_to_their_account(number: int, digest: bytes) -> None:
    key = number.to_bytes(32, "big")
    account = Account.from_key(key)
    signature = sign_digest(key, digest)
    theirs = account.unsafe_sign_hash(digest)
    assert signature == bytes(theirs.signature)
    assert recover(digest, signature) == account.address
    assert expand_signature(*compact_signature(signature)) == signature


@given(st.binary(min_size=20, max_size=20))
def test_addresses_have_their_eip55_form(raw: bytes) -> None:
    assert checksum_address(raw) == to_checksum_address(raw)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s[:64], "64 bytes instead of 65"),
        (lambda s: s + b"\x00", "66 bytes instead of 65"),
        (lambda s: s[:64] + b"\x00", "v is 0, not 27 or 28"),
        (lambda s: s[:64] + b"\x1d", "v is 29, not 27 or 28"),
        (lambda s: s[:32] + (CURVE_ORDER - int.from_bytes(s[32:64], "big")).to_bytes(32, "big") + s[64:], "upper half"),
        (lambda s: bytes(32) + s[32:], "no account could have made it"),
        (lambda s: s[:32] + bytes(32) + s[64:], "no account could have made it"),
        (lambda s: b"\xff" * 32 + s[32:], "no account could have made it"),
    ],
)
def test_only_canonical_signatures_are_read(change: object, reason: str) -> None:
    assert callable(change)
    damaged = change(sign_digest(KEY, bytes(32)))
    with pytest.raises(InvalidSignature, match=reason) as refusal:
        recover(bytes(32), damaged)
    assert refusal.value.exit_code == 3


def test_signatures_without_compact_form_are_refused() -> None:
    signature = sign_digest(KEY, bytes(32))
    for damaged in (signature[:64], signature[:64] + b"\x00", signature[:32] + b"\x80" + signature[33:]):
        with pytest.raises(InvalidSignature):
            compact_signature(damaged)


@pytest.mark.parametrize(
    "call",
    [
        lambda: result_digest(DOMAIN, 2**64, RESULT),
        lambda: result_digest(DOMAIN, -1, RESULT),
        lambda: result_digest(DOMAIN, 1, replace(RESULT, cumulative_total=2**128)),
        lambda: result_digest(DOMAIN, 1, replace(RESULT, cid=bytes(31))),
        lambda: commitment_hash(DOMAIN, 1, 2**32, PROJECT, bytes(32), bytes(32), bytes(32)),
        lambda: sign_digest(KEY, bytes(31)),
        lambda: recover(bytes(33), sign_digest(KEY, bytes(32))),
        lambda: checksum_address(bytes(19)),
        lambda: Domain(1, checksum_address(bytes(20))[:-2]).run_id,  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_not_hashed(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=r"fit|bytes|address"):
        call()

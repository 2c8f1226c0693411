"""Quorums as values: who may sign, in which order, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass

import coincurve
import pytest

from contracts.attestation import CURVE_ORDER, Domain, Result, checksum_address, recover, result_digest, sign_digest
from contracts.values import Address
from node.rounds.drawing import Electorate
from node.rounds.history import Acceptance, Place, RoundHistory
from verifier.signatures import carries_quorum, check_quorum
from verifier.verdict import Reject

DOMAIN = Domain(31337, checksum_address(b"\x11" * 20))
RESULT = Result(*(bytes([number]) * 32 for number in range(6)), cumulative_total=9)
DIGEST = result_digest(DOMAIN, 1, RESULT)
PLACE = Place(1, 0, bytes(32))


@dataclass(frozen=True)
class Signer:
    """An attester with a stake of 100 wei."""

    address: Address
    signature: bytes


def signer(number: int) -> Signer:
    signature = sign_digest(coincurve.PrivateKey.from_int(number).secret, DIGEST)
    return Signer(recover(DIGEST, signature), signature)


SIGNERS = sorted((signer(number) for number in range(1, 7)), key=lambda item: bytes.fromhex(item.address[2:]))
SUPPORTERS = Electorate({item.address: 100 for item in SIGNERS}, 600)


def round_of(weight_wei: int) -> RoundHistory:
    """Round 1, accepted with this weight."""
    acceptance = Acceptance(RESULT, DIGEST, 50, weight_wei, PLACE)
    return RoundHistory(
        number=1,
        base_digest=RESULT.prev_cid,
        seed=bytes(32),
        epoch=1,
        pool_wei=1,
        stake_snapshot_wei=600,
        commit_end=10,
        reveal_end=20,
        availability_end=20,
        attest_start=20,
        attest_end=30,
        opened=PLACE,
        acceptance=acceptance,
    )


def check(signers: list[Signer], weight_wei: int | None = None) -> Reject | None:
    weight_wei = 100 * len(signers) if weight_wei is None else weight_wei
    return check_quorum(round_of(weight_wei), DOMAIN, [item.signature for item in signers], SUPPORTERS)


def test_more_than_two_thirds_in_ascending_order_are_a_quorum() -> None:
    assert check(SIGNERS[:5]) is None
    assert check(SIGNERS) is None


def test_exactly_two_thirds_are_not_enough() -> None:
    found = check(SIGNERS[:4])
    assert found is not None
    assert (found.object, found.expected, found.found) == (
        "signatures of round 1",
        "more than 2/3 of 600 wei",
        "400 wei",
    )
    assert not carries_quorum([item.address for item in SIGNERS[:4]], SUPPORTERS)
    assert carries_quorum([item.address for item in SIGNERS[:5]], SUPPORTERS)


def test_where_attesters_are_drawn_a_quorum_is_of_those_who_came() -> None:
    came = Electorate({item.address: 100 for item in SIGNERS[:5]}, 500)
    four = [item.signature for item in SIGNERS[:4]]
    assert check_quorum(round_of(400), DOMAIN, four, came) is None
    found = check_quorum(round_of(300), DOMAIN, four[:3], came)
    assert found is not None
    assert (found.expected, found.found) == ("more than 2/3 of 500 wei", "300 wei")
    found = check_quorum(round_of(400), DOMAIN, [SIGNERS[5].signature], came)
    assert found is not None
    assert found.name == "signer"


def test_one_account_counts_once() -> None:
    found = check([SIGNERS[0], *SIGNERS[:5]])
    assert found is not None
    assert (found.object, found.name) == ("signature 1 of round 1", "order")
    assert not carries_quorum([SIGNERS[0].address] * 5, SUPPORTERS)


def test_signers_must_ascend() -> None:
    found = check([*SIGNERS[1:5], SIGNERS[0]])
    assert found is not None
    assert (found.object, found.name, found.found) == ("signature 4 of round 1", "order", SIGNERS[0].address)


def test_strangers_do_not_count() -> None:
    found = check([signer(99)])
    assert found is not None
    assert (found.name, found.found) == ("signer", signer(99).address)


def test_the_weight_must_be_the_one_the_chain_counted() -> None:
    found = check(SIGNERS[:5], weight_wei=600)
    assert found is not None
    assert (found.expected, found.found) == ("600 wei", "500 wei")


@pytest.mark.parametrize("length", [0, 64, 66])
def test_signatures_of_another_length_are_refused(length: int) -> None:
    found = check([Signer(SIGNERS[0].address, bytes(length))])
    assert found is not None
    assert found.name == "form"


def test_the_mirrored_signature_is_refused() -> None:
    signature = SIGNERS[0].signature
    s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
    found = check([Signer(SIGNERS[0].address, mirrored)])
    assert found is not None
    assert (found.name, found.found) == ("form", "s is in the upper half")

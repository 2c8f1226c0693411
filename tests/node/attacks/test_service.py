"""Attacks on the bytes that a peer sends or serves."""

from __future__ import annotations

import hashlib

import pytest

from node.attacks import load_attack
from node.attacks.partial_service import is_favoured
from node.codec import encode, parse
from node.errors import MalformedMessage
from tests.node.attacks.scene import OWN
from tests.node.codec.layouts import MIXED, header_for

BLOCK = b"some block"
DIGEST = hashlib.sha256(BLOCK).digest()


@pytest.mark.parametrize("data", [b"", b"\x00", BLOCK])
def test_wrong_bytes_never_match_the_digest(data: bytes) -> None:
    served = load_attack("wrong-bytes").serve("0xabc", hashlib.sha256(data).digest(), data)
    assert served is not None
    assert served != data
    assert len(served) == max(1, len(data))


def test_partial_service_splits_the_swarm_the_same_way_every_time() -> None:
    attack = load_attack("partial-service")
    addresses = [f"0x{number:040X}" for number in range(200)]
    served = [attack.serve(address, DIGEST, BLOCK) for address in addresses]
    assert set(served) == {BLOCK, None}
    assert 60 < served.count(BLOCK) < 140
    assert served == [attack.serve(address.lower(), DIGEST, BLOCK) for address in addresses]
    assert [answer is not None for answer in served] == [is_favoured(address) for address in addresses]


def test_partial_service_refuses_whoever_gives_no_address() -> None:
    assert load_attack("partial-service").serve(None, DIGEST, BLOCK) is None


def test_a_message_with_flipped_bits_is_refused_by_the_parser() -> None:
    message = encode(OWN, MIXED, header_for(MIXED))
    flipped = load_attack("bit-flip").poison_message(message)
    changed = [place for place, (one, other) in enumerate(zip(message, flipped, strict=True)) if one != other]
    assert changed == list(range(0, len(message), 256))
    assert all((message[place] ^ flipped[place]).bit_count() == 1 for place in changed)
    with pytest.raises(MalformedMessage):
        parse(flipped, MIXED)


def test_flipping_bits_of_nothing_leaves_nothing() -> None:
    assert load_attack("bit-flip").poison_message(b"") == b""

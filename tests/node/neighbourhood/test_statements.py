"""What is signed: read back as it was, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import numpy as np
import pytest

from contracts.attestation import Domain, checksum_address
from node.exchange.envelope import MAXIMUM_ENVELOPE_BYTES
from node.exchange.errors import ForgedEnvelope, MalformedEnvelope
from node.neighbourhood.statements import MOST_BUCKETS, EpochScores, read_model, read_relay, relay_body
from tests.node.neighbourhood.keys import BUCKETS, NOW, address, history, model, relay, sealed
from tests.support.gateways import DOMAIN


def test_a_model_is_read_as_it_was_signed() -> None:
    statement = read_model(model(1, round=7), BUCKETS)
    assert (statement.author, statement.round, statement.digest) == (address(1), 7, b"\x07" * 32)
    assert np.array_equal(statement.history, history(1))


def test_a_relay_carries_the_authors_own_words() -> None:
    envelope = relay(2, model(1, round=7).encoded, distance=3)
    distance, statement = read_relay(envelope.body, DOMAIN, BUCKETS, now=NOW)
    assert (distance, statement.author, statement.round) == (3, address(1), 7)
    assert statement.envelope == model(1, round=7).encoded


def test_the_longest_history_still_fits_an_envelope() -> None:
    inner = model(1, told=history(1, MOST_BUCKETS), round=(1 << 64) - 1)
    assert len(relay(2, inner.encoded, distance=(1 << 32) - 1).encoded) <= MAXIMUM_ENVELOPE_BYTES


def test_a_spoofed_record_is_refused() -> None:
    """The relaying peer signs a history in somebody else's name."""
    spoofed = replace(model(2), sender=checksum_address(bytes.fromhex(address(1)[2:])))
    with pytest.raises(ForgedEnvelope):
        read_relay(relay_body(1, spoofed.encoded), DOMAIN, BUCKETS, now=NOW)


def test_an_altered_record_is_refused() -> None:
    honest = model(1)
    altered = replace(honest, body=honest.body[:-1] + bytes([honest.body[-1] ^ 1]))
    with pytest.raises(ForgedEnvelope):
        read_relay(relay_body(1, altered.encoded), DOMAIN, BUCKETS, now=NOW)


def test_a_record_of_another_swarm_is_refused() -> None:
    elsewhere = Domain(DOMAIN.chain_id + 1, DOMAIN.project)
    with pytest.raises(ForgedEnvelope):
        read_relay(relay_body(1, model(1).encoded), elsewhere, BUCKETS, now=NOW)


def test_an_expired_record_is_refused() -> None:
    with pytest.raises(MalformedEnvelope, match="expired"):
        read_relay(relay_body(1, model(1).encoded), DOMAIN, BUCKETS, now=5000)


@pytest.mark.parametrize("body", [b"", b"\0" * 31, b"\0" * (32 + 2 * BUCKETS - 1), b"\0" * (32 + 2 * BUCKETS + 1)])
def test_models_of_another_length_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedEnvelope, match="expected a model"):
        read_model(sealed(1, "model", body), BUCKETS)


def test_relays_do_not_nest() -> None:
    inner = relay(2, model(1).encoded)
    with pytest.raises(MalformedEnvelope, match="expected a model"):
        read_relay(relay_body(1, inner.encoded), DOMAIN, BUCKETS, now=NOW)


@pytest.mark.parametrize("body", [b"", b"\0\0\0\1", b"\0\0\0\1 not an envelope"])
def test_relays_of_nothing_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        read_relay(body, DOMAIN, BUCKETS, now=NOW)


def test_an_epoch_has_one_digest_whatever_the_order() -> None:
    scores = ((address(1), 5), (address(2), 0))
    one = EpochScores(3, 12, b"\x05" * 32, scores)
    assert one.digest == EpochScores(3, 12, b"\x05" * 32, scores[::-1]).digest
    assert one.digest != replace(one, checkpoint=b"\x06" * 32).digest
    document = cbor2.loads(one.to_bytes())
    assert {name: document[name] for name in ("epoch", "round")} == {"epoch": 3, "round": 12}
    assert sorted(weight for _, weight in document["scores"]) == [0, 5]

"""What the peers of a neighbourhood sign, as bodies of envelopes (`node.exchange.envelope`). Fixed layouts, big-endian.

    model    digest of the checkpoint (32 bytes), history (int16 a bucket): "this is my model of this round"
    relay    distance (4 bytes), somebody else's whole `model` envelope: "this reached me over so many hops"
    epoch    canonical CBOR of an `EpochScores`: "this is whom I trusted, and where I have come to"

A relay is signed by who passes it on, the record inside by its author: nobody can put words into another one's mouth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cbor2
import numpy as np

from contracts.attestation import Domain
from node.exchange.envelope import Envelope, open_envelope
from node.exchange.errors import MalformedEnvelope
from node.neighbourhood.history import History

MODEL: Final = "model"
RELAY: Final = "relay"
EPOCH: Final = "epoch"
EPOCH_DOCUMENT: Final = "swarmproof-neighbourhood-1"
FEWEST_BUCKETS: Final = 16
MOST_BUCKETS: Final = 1024  # a relay of a model envelope still fits 4 KiB

_DIGEST_BYTES: Final = 32
_DISTANCE_BYTES: Final = 4


@dataclass(frozen=True, eq=False)
class ModelStatement:
    """`digest`: of the checkpoint's content identifier. `envelope`: the signed bytes all of this was read from."""

    author: str
    round: int
    digest: bytes
    history: History
    envelope: bytes


def model_body(digest: bytes, history: History) -> bytes:
    """Body of a `model` envelope."""
    return digest + history.astype(">i2").tobytes()


def read_model(envelope: Envelope, buckets: int) -> ModelStatement:
    """Read a verified `model` envelope with a history of `buckets`. Raises MalformedEnvelope."""
    expected = _DIGEST_BYTES + 2 * buckets
    if envelope.kind != MODEL or len(envelope.body) != expected:
        raise MalformedEnvelope(f"kind {envelope.kind!r} of {len(envelope.body)} bytes, expected a model of {expected}")
    history = np.frombuffer(envelope.body, dtype=">i2", offset=_DIGEST_BYTES).astype(np.int16)
    return ModelStatement(envelope.sender, envelope.round, envelope.body[:_DIGEST_BYTES], history, envelope.encoded)


def relay_body(distance: int, statement: bytes) -> bytes:
    """Body of a `relay` envelope: a `model` envelope held at `distance`."""
    return distance.to_bytes(_DISTANCE_BYTES, "big") + statement


def read_relay(body: bytes, domain: Domain, buckets: int, *, now: int) -> tuple[int, ModelStatement]:
    """Distance and record of a relay's body, the author's signature verified.

    `now`: seconds; a record that has expired is refused. Raises MalformedEnvelope, ForgedEnvelope.
    """
    envelope = open_envelope(body[_DISTANCE_BYTES:], domain)
    if envelope.expiry <= now:
        raise MalformedEnvelope(f"a record of {envelope.sender} that expired at {envelope.expiry}")
    return int.from_bytes(body[:_DISTANCE_BYTES], "big"), read_model(envelope, buckets)


@dataclass(frozen=True)
class EpochScores:
    """What one peer says after an epoch, for a contract to anchor.

    `round`: the last one of the epoch. `checkpoint`: digest of the peer's model after it. `scores`: for each neighbour,
    by address, the sum of its Q16 weights over the epoch.
    """

    epoch: int
    round: int
    checkpoint: bytes
    scores: tuple[tuple[str, int], ...]

    def to_bytes(self) -> bytes:
        """Canonical CBOR; neighbours in ascending order of their addresses."""
        scores = sorted((bytes.fromhex(address.removeprefix("0x")), weight) for address, weight in self.scores)
        document = {
            "kind": EPOCH_DOCUMENT,
            "epoch": self.epoch,
            "round": self.round,
            "checkpoint": self.checkpoint,
            "scores": [list(score) for score in scores],
        }
        return cbor2.dumps(document, canonical=True)

    @cached_property
    def digest(self) -> bytes:
        """sha2-256 of the canonical bytes: 32 bytes that stand for the epoch."""
        return hashlib.sha256(self.to_bytes()).digest()

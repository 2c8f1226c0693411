"""Keys and statements for tests of neighbourhoods."""

from __future__ import annotations

import numpy as np

from contracts.attestation import recover, sign_digest
from node.exchange.envelope import Envelope, seal
from node.neighbourhood.history import History
from node.neighbourhood.statements import MODEL, RELAY, model_body, relay_body
from tests.support.gateways import DOMAIN

BUCKETS = 64
NOW = 1000


def key(number: int) -> bytes:
    """A private key."""
    return bytes([number]) * 32


def address(number: int) -> str:
    """Its account."""
    return recover(b"\x01" * 32, sign_digest(key(number), b"\x01" * 32))


def history(seed: int, buckets: int = BUCKETS) -> History:
    """A random history."""
    return np.random.default_rng(seed).integers(-30000, 30000, buckets).astype(np.int16)


def model(author: int, *, round: int = 1, digest: bytes = b"\x07" * 32, told: History | None = None) -> Envelope:
    """A signed `model`."""
    body = model_body(digest, history(author) if told is None else told)
    return sealed(author, MODEL, body, round=round)


def relay(sender: int, statement: bytes, *, round: int = 1, distance: int = 1) -> Envelope:
    """A signed `relay`."""
    return sealed(sender, RELAY, relay_body(distance, statement), round=round)


def sealed(author: int, kind: str, body: bytes, *, round: int = 1) -> Envelope:
    """Any signed envelope, void from 5000 on."""
    return seal(DOMAIN, key(author), kind=kind, round=round, sequence=1, expiry=5000, body=body)

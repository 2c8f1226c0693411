"""Encode one vector and print the digest of the message: run in processes of different settings."""

from __future__ import annotations

import hashlib

import numpy as np

from node.codec import encode
from node.manifest import TensorSpec
from tests.node.codec.layouts import Float32, header_for, manifest_of

MANIFEST = manifest_of(
    [TensorSpec("a", (300, 401), 64), TensorSpec("b", (401,), 0), TensorSpec("c", (401, 77), 256, bits=2)]
)


def vector() -> Float32:
    """Bell-shaped values from shake-256 in integers, so that the input itself is the same everywhere."""
    count = MANIFEST.layout.parameter_count
    drawn = np.frombuffer(hashlib.shake_256(b"determinism").digest(8 * count), dtype="<i2").reshape(count, 4)
    return drawn.sum(axis=1, dtype=np.int64).astype(np.float32) * np.float32(2.0**-22)


if __name__ == "__main__":
    print(hashlib.sha256(encode(vector(), MANIFEST, header_for(MANIFEST))).hexdigest())

"""Golden vectors: messages with everything in them, kept as JSON.

`python -m tests.node.codec.golden_messages` writes the file anew. It must only ever change together with the format,
and then every peer of every project must change with it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from node.codec import MessageHeader, data_leaves, encode, parse
from node.manifest import Manifest, TensorSpec
from tests.node.codec.layouts import Float32, header_for, manifest_of

FILE = Path(__file__).parent / "golden" / "messages.json"

MANIFESTS: dict[str, Manifest] = {
    "one bit, two chunks": manifest_of([TensorSpec("t", (70, 90), 64)]),
    "two bits, short chunk": manifest_of([TensorSpec("t", (33, 40), 512, bits=2)]),
    "dense, two chunks": manifest_of([TensorSpec("t", (4100,), 0)]),
    "clustered": manifest_of([TensorSpec("t", (8192,), 128)]),
    "ties and zeros": manifest_of([TensorSpec("t", (5000,), 64), TensorSpec("u", (6,), 0)]),
    "large values": manifest_of([TensorSpec("t", (900,), 256), TensorSpec("u", (4,), 0), TensorSpec("v", (1,), 1)]),
}


def golden_vector(name: str) -> Float32:
    """The vector of a golden message, drawn from shake-256 in integers: every value is an exact float32."""
    count = MANIFESTS[name].layout.parameter_count
    drawn = np.frombuffer(hashlib.shake_256(name.encode()).digest(2 * count), dtype="<i2").astype(np.float32)
    place = np.arange(count)
    if name == "clustered":
        return np.ldexp(drawn, -20 - (place // 128 * 7 % 16).astype(np.int32))
    if name == "ties and zeros":
        # The first chunk has five levels, the second a single value, so that most of what it sends is zero.
        return np.where(place < 4096, np.round(drawn / 8192) / 64, (place == 4200) * np.float32(-0.25)).astype(
            np.float32
        )
    if name == "large values":
        return drawn * np.float32(2.0**-10 * 0.9)
    return drawn * np.float32(2.0**-20)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(data: bytes, manifest: Manifest) -> dict[str, Any]:
    """What a message says, as JSON."""
    update = parse(data, manifest)
    return {
        "positions_sha256": sha256(update.positions.astype("<i8").tobytes()),
        "mantissas_sha256": sha256(update.mantissas.astype("<i2").tobytes()),
        "shifts": update.shifts.tolist(),
        "data_leaves_sha256": [sha256(leaf) for leaf in data_leaves(update, manifest.layout)],
    }


def golden_header(name: str) -> MessageHeader:
    """The header of a golden message."""
    return header_for(MANIFESTS[name], round=7, seat=0x01020304)


def write() -> None:
    """Write the golden file."""
    vectors = {}
    for name, manifest in MANIFESTS.items():
        data = encode(golden_vector(name), manifest, golden_header(name))
        vectors[name] = {"message": data.hex(), "message_sha256": sha256(data), "expected": read(data, manifest)}
    FILE.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    write()

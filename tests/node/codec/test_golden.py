"""The committed messages: what every implementation, on every machine, must write and read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from node.codec import encode, parse
from node.manifest import TensorSpec
from tests.node.codec import reference
from tests.node.codec.golden_messages import FILE, MANIFESTS, golden_header, golden_vector, read, sha256
from tests.node.codec.layouts import manifest_of

VECTORS = json.loads(FILE.read_text())
REAL = json.loads((Path(__file__).parent / "golden" / "mnist_update.json").read_text())


@pytest.mark.parametrize("name", MANIFESTS)
def test_golden_messages_say_what_they_always_said(name: str) -> None:
    data = bytes.fromhex(VECTORS[name]["message"])
    assert sha256(data) == VECTORS[name]["message_sha256"]
    assert read(data, MANIFESTS[name]) == VECTORS[name]["expected"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_golden_vectors_give_the_golden_messages(name: str) -> None:
    data = encode(golden_vector(name), MANIFESTS[name], golden_header(name))
    assert read(data, MANIFESTS[name]) == VECTORS[name]["expected"]
    if name != "clustered":  # another version of zstd may press the same gaps into other bytes
        assert data.hex() == VECTORS[name]["message"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_reference_reads_the_golden_messages(name: str) -> None:
    positions, mantissas, shifts = reference.decode(bytes.fromhex(VECTORS[name]["message"]), MANIFESTS[name])
    expected = VECTORS[name]["expected"]
    assert sha256(np.array(positions, dtype="<i8").tobytes()) == expected["positions_sha256"]
    assert sha256(np.array(mantissas, dtype="<i2").tobytes()) == expected["mantissas_sha256"]
    assert shifts == expected["shifts"]


def test_both_index_codes_and_a_saturated_scale_are_among_them() -> None:
    formats = {bytes.fromhex(vector["message"])[143] for vector in VECTORS.values()}
    assert formats == {0x10, 0x11, 0x20, 0x80}
    assert max(max(vector["expected"]["shifts"]) for vector in VECTORS.values()) == 32


def test_a_real_update_takes_fewer_index_bits_than_an_even_support_could() -> None:
    """One seat's fifth update of MNIST (784-128-10, 30 local steps of AdamW, error feedback), exactly as sent."""
    tensors = [TensorSpec(**{**tensor, "shape": tuple(tensor["shape"])}) for tensor in REAL["tensors"]]
    manifest = manifest_of(tensors)
    data = bytes.fromhex(REAL["message"])
    update = parse(data, manifest)
    d, k = tensors[0].size, int(manifest.layout.chunk_counts[: manifest.layout.tensor_chunks[1]].sum())
    limit_bits = (math.lgamma(d + 1) - math.lgamma(k + 1) - math.lgamma(d - k + 1)) / math.log(2) / k
    payload_bytes = data[146] - 128 + (data[147] << 7)  # after tensor, format, k and number of chunks, a byte each
    assert 8 * payload_bytes / k < limit_bits
    assert 8 * len(data) / manifest.layout.parameter_count <= 0.17
    assert len(update.positions) == k + 20 + 138

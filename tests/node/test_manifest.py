"""Manifests of strangers: read exactly, or refused with ManifestError, whatever the bytes are."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import ManifestError
from node.manifest import Manifest, SpotChecks, TensorSpec

MANIFEST = Manifest(
    task="digits",
    tensors=(TensorSpec("weight", (64, 100), 256), TensorSpec("bias", (64,), 0)),
    rule="multi-krum(f=2,keep=4)",
    byzantine=2,
    alpha_q16=1 << 16,
    task_options={"width": 64, "kind": "plain"},
)


def changed(**changes: Any) -> bytes:
    return cbor2.dumps({**cbor2.loads(MANIFEST.to_bytes()), **changes}, canonical=True)


def tensor(**changes: Any) -> list[dict[str, Any]]:
    return [{**cbor2.loads(MANIFEST.to_bytes())["tensors"][0], **changes}]


def test_a_manifest_survives_its_bytes() -> None:
    again = Manifest.from_bytes(MANIFEST.to_bytes())
    assert again == MANIFEST
    assert again.digest == MANIFEST.digest


@pytest.mark.parametrize(
    "data",
    [
        changed(alpha_q16=65536.0),
        changed(alpha_q16=1.5),
        changed(minimum_support=True),
        changed(seed=0.0),
        changed(shard_count=1.5),
        changed(byzantine=2.0),
        changed(byzantine="2"),
        changed(task=5),
        changed(rule=b"mean"),
        changed(split=["iid"]),
        changed(task_options=5),
        changed(task_options={"width": [64]}),
        changed(task_options={1: 2}),
        changed(local=None),
        changed(local={"steps": 0}),
        changed(unknown=1),
        changed(version=1.0),
        changed(tensors=5),
        changed(tensors=[]),
        changed(tensors=[{}]),
        changed(tensors=tensor(name=b"weight")),
        changed(tensors=tensor(shape="12")),
        changed(tensors=tensor(shape=[2.0, 2])),
        changed(tensors=tensor(shape=[True, 2])),
        changed(tensors=tensor(shape=[])),
        changed(tensors=tensor(grid_bits=26.0)),
        changed(tensors=tensor(entries_per_chunk=[1])),
        cbor2.dumps(5),
        b"\x81" * 10000,
        bytes.fromhex("d81c81d81d00"),
        MANIFEST.to_bytes() + b"\x00",
        MANIFEST.to_bytes()[:-1],
        bytes((1 << 20) + 1),
    ],
)
def test_whatever_else_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestError):
        Manifest.from_bytes(data)


@pytest.mark.parametrize("shape", [[(1 << 31) - 1] * 8, [1 << 16, 1 << 16], [1 << 30, 3]])
def test_a_model_that_fits_no_machine_is_refused_before_it_is_laid_out(shape: list[int]) -> None:
    with pytest.raises(ManifestError, match="parameters, at most 2147483648"):
        Manifest.from_bytes(changed(tensors=tensor(shape=shape)))


@given(st.integers(0, len(MANIFEST.to_bytes()) - 1), st.integers(0, 255))
def test_a_changed_byte_is_another_manifest_or_none(position: int, value: int) -> None:
    data = bytearray(MANIFEST.to_bytes())
    data[position] = value
    try:
        read = Manifest.from_bytes(bytes(data))
    except ManifestError:
        return
    assert read.to_bytes() == data


@pytest.mark.parametrize(
    "checks",
    [{"seats": -1}, {"segments": 0}, {"segments": 257}, {"checkers": 1}, {"distance_bits": 300}, {"seats": "1"}],
)
def test_spot_checks_out_of_range_are_refused(checks: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="checks"):
        SpotChecks(**checks)


def test_a_manifest_without_checks_says_nothing_about_them() -> None:
    unchecked = MANIFEST.checking(0)
    document = cbor2.loads(unchecked.to_bytes())
    assert "checks" not in document
    assert Manifest.from_bytes(unchecked.to_bytes()) == unchecked
    spelled_out = {**document, "checks": {"seats": 0, "segments": 3, "checkers": 3, "distance_bits": 16}}
    with pytest.raises(ManifestError, match="canonical"):
        Manifest.from_bytes(cbor2.dumps(spelled_out, canonical=True))
    assert Manifest.from_bytes(MANIFEST.to_bytes()) == MANIFEST
    assert MANIFEST.checks.seats > 0

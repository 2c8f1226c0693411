"""Bit for bit what an independent reading of the format writes and reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.codec import encode, parse
from node.manifest import Manifest, TensorSpec
from tests.node.codec import reference
from tests.node.codec.layouts import KINDS, MIXED, header_for, manifest_of, manifests, vector_of


def both_agree(manifest: Manifest, kind: str, seed: int) -> bytes:
    header = header_for(manifest)
    vector = vector_of(manifest, kind, seed)
    data = encode(vector, manifest, header)
    header_bytes = reference.header(
        header.run_id, header.round, header.seat, header.base_digest, header.manifest_digest, header.trace_root
    )
    assert data == reference.encode(vector.tolist(), manifest, header_bytes)
    update = parse(data, manifest)
    assert update.header == header
    assert (update.positions.tolist(), update.mantissas.tolist(), update.shifts.tolist()) == reference.decode(
        data, manifest
    )
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_mixed_layout_agrees_with_the_reference(kind: str) -> None:
    both_agree(MIXED, kind, seed=1)


@settings(max_examples=40, deadline=None)
@given(manifest=manifests(), kind=st.sampled_from(KINDS), seed=st.integers(0, 1 << 32))
def test_any_layout_agrees_with_the_reference(manifest: Manifest, kind: str, seed: int) -> None:
    both_agree(manifest, kind, seed)


def test_both_index_codes_are_met_by_the_comparison() -> None:
    manifest = manifest_of((TensorSpec("t", (3 * 4096 + 100,), 64),))
    formats = {both_agree(manifest, kind, seed=2)[143] for kind in ("normal", "clustered")}
    assert formats == {0x10, 0x11}

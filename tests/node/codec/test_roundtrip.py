"""What goes in comes out: the survivors, at the nearest scale, whatever the layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.codec import (
    MessageHeader,
    UnencodableVector,
    Update,
    decode,
    encode,
    expect_header,
    message_limit_bytes,
    parse,
)
from node.errors import MalformedMessage
from node.manifest import Manifest, TensorSpec
from tests.node.codec.layouts import KINDS, MIXED, header_for, manifest_of, manifests, normal_vector, vector_of


def same(one: Update, other: Update) -> bool:
    arrays = ("positions", "mantissas", "shifts")
    return one.header == other.header and all(np.array_equal(getattr(one, a), getattr(other, a)) for a in arrays)


@settings(max_examples=60, deadline=None)
@given(manifest=manifests(), kind=st.sampled_from(KINDS), seed=st.integers(0, 1 << 32))
def test_any_message_parses_to_an_update_of_its_layout(manifest: Manifest, kind: str, seed: int) -> None:
    layout = manifest.layout
    data = encode(vector_of(manifest, kind, seed), manifest, header_for(manifest))
    update = parse(data, manifest)
    assert len(data) <= message_limit_bytes(layout)
    assert (np.diff(update.positions) > 0).all()
    found = np.diff(np.searchsorted(update.positions, layout.chunk_starts))
    assert np.array_equal(found, layout.chunk_counts)
    assert (update.positions.dtype, update.mantissas.dtype, update.shifts.dtype) == (np.int64, np.int16, np.uint8)
    assert not any(array.flags.writeable for array in (update.positions, update.mantissas, update.shifts))


@settings(max_examples=60, deadline=None)
@given(manifest=manifests(), seed=st.integers(0, 1 << 32))
def test_a_decoded_update_encodes_to_the_same_message(manifest: Manifest, seed: int) -> None:
    """What is sent loses nothing more when it is sent again, so error feedback owes only what was left out."""
    header = header_for(manifest)
    data = encode(normal_vector(manifest, seed=seed), manifest, header)
    update = parse(data, manifest)
    if (update.mantissas == 0).any():
        return  # an entry of zero has no place of its own
    assert encode(decode(update, manifest.layout), manifest, header) == data


def test_decoded_values_are_the_mantissas_times_powers_of_two() -> None:
    update = parse(encode(normal_vector(MIXED), MIXED, header_for(MIXED)), MIXED)
    vector = decode(update, MIXED.layout)
    shifts = np.repeat(update.shifts, MIXED.layout.chunk_counts).tolist()
    expected = [q * 2.0 ** (s - 40) for q, s in zip(update.mantissas.tolist(), shifts, strict=True)]
    assert vector[update.positions].tolist() == expected
    assert np.count_nonzero(vector) <= len(expected)


def test_signs_follow_the_vector_and_kept_energy_is_nearly_all() -> None:
    vector = normal_vector(MIXED, seed=5)
    decoded = decode(parse(encode(vector, MIXED, header_for(MIXED)), MIXED), MIXED.layout)
    kept = decoded != 0
    assert (np.sign(decoded[kept]) == np.sign(vector[kept])).all()
    assert np.square(vector - decoded)[kept].sum() < 0.02 * np.square(vector[kept]).sum()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 32.0, -32.0, 3e38])
def test_values_no_update_can_have_are_refused(value: float) -> None:
    vector = normal_vector(MIXED)
    vector[4321] = value
    with pytest.raises(UnencodableVector, match="coordinate 4321 is"):
        encode(vector, MIXED, header_for(MIXED))


def test_a_vector_of_another_length_or_type_is_refused() -> None:
    vector = normal_vector(MIXED)
    for wrong in (vector[:-1], vector.astype(np.float64), vector.reshape(1, -1)):
        with pytest.raises(UnencodableVector, match="expected float32 of shape"):
            encode(wrong, MIXED, header_for(MIXED))


def test_a_strided_vector_gives_the_same_bytes() -> None:
    vector = normal_vector(MIXED)
    strided = np.stack([vector, -vector], axis=1)[:, 0]
    header = header_for(MIXED)
    assert encode(strided, MIXED, header) == encode(vector, MIXED, header)


def test_encoding_leaves_the_vector_alone() -> None:
    vector = normal_vector(MIXED)
    before = vector.copy()
    encode(vector, MIXED, header_for(MIXED))
    assert np.array_equal(vector, before)


def test_an_update_outlives_the_message_it_was_read_from() -> None:
    manifest = manifest_of((TensorSpec("t", (5000,), 64),))
    data = bytearray(encode(normal_vector(manifest), manifest, header_for(manifest)))
    expected = parse(bytes(data), manifest)
    update = parse(data, manifest)  # type: ignore[arg-type]
    data[:] = bytes(len(data))
    assert same(update, expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("run_id", b"x" * 32),
        ("round", 9),
        ("seat", 9),
        ("base_digest", b"x" * 32),
        ("manifest_digest", b"x" * 32),
        ("trace_root", b"x" * 32),
    ],
)
def test_a_message_bound_to_something_else_is_named(field: str, value: object) -> None:
    expected = header_for(MIXED)
    found = MessageHeader(**{**expected.__dict__, field: value})
    expect_header(expected, expected)
    with pytest.raises(MalformedMessage, match=field):
        expect_header(found, expected)


def test_header_fields_out_of_range_are_refused() -> None:
    good = header_for(MIXED).__dict__
    for field, value in (("run_id", b"short"), ("base_digest", b"x" * 33), ("round", -1), ("seat", 1 << 32)):
        with pytest.raises(ValueError, match=field):
            MessageHeader(**{**good, field: value})

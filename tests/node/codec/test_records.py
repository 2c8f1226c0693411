"""Records say what the message says, and can be read on their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.codec import data_leaves, encode, parse
from node.manifest import Manifest
from tests.node.codec.layouts import KINDS, MIXED, header_for, manifests, normal_vector, vector_of


def open_record(record: bytes) -> tuple[dict[str, int], dict[int, int]]:
    """Head and value in units of 2^-40 by flat coordinate, read as a contract would: one word after the other."""
    fields = {"tensor": (0, 4), "chunk": (4, 8), "start": (8, 16), "length": (16, 20), "count": (20, 24)}
    fields |= {"bits": (24, 25), "shift": (25, 26), "low": (26, 27), "high": (27, 28), "zero": (28, 32)}
    head = {name: int.from_bytes(record[slice(*place)], "big") for name, place in fields.items()}
    values: dict[int, int] = {}
    for number in range(head["count"]):
        entry = int.from_bytes(record[32 + 2 * number : 34 + 2 * number], "big")
        if head["bits"] == 8:
            index, mantissa = number, entry - (entry >> 15 << 16)
        else:
            index, mantissa = entry & 0xFFF, head["high" if entry >> 14 & 1 else "low"] * (1 - 2 * (entry >> 15))
            assert entry >> 12 & 0b11 == 0
        values[head["start"] + index] = mantissa << head["shift"]
    assert not any(record[32 + 2 * head["count"] :]), "padding"
    assert len(values) == head["count"]
    return head, values


def assert_records_match(manifest: Manifest, kind: str, seed: int) -> None:
    layout = manifest.layout
    update = parse(encode(vector_of(manifest, kind, seed), manifest, header_for(manifest)), manifest)
    leaves = data_leaves(update, layout)
    assert len(leaves) == layout.chunk_count
    found: dict[int, int] = {}
    for chunk, leaf in enumerate(leaves):
        assert len(leaf) % 32 == 0
        head, values = open_record(leaf)
        tensor = int(layout.chunk_tensors[chunk])
        assert (head["tensor"], head["chunk"]) == (tensor, chunk - int(layout.tensor_chunks[tensor]))
        assert (head["start"], head["start"] + head["length"]) == tuple(layout.chunk_starts[chunk : chunk + 2].tolist())
        assert (head["count"], head["zero"]) == (int(layout.chunk_counts[chunk]), 0)
        found |= values
    shifts = np.repeat(update.shifts, layout.chunk_counts).tolist()
    expected = [q << s for q, s in zip(update.mantissas.tolist(), shifts, strict=True)]
    assert list(found) == update.positions.tolist()
    assert list(found.values()) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_a_mixed_layout_say_what_the_message_says(kind: str) -> None:
    assert_records_match(MIXED, kind, seed=3)


@settings(max_examples=25, deadline=None)
@given(manifest=manifests(), kind=st.sampled_from(KINDS), seed=st.integers(0, 1 << 32))
def test_records_of_any_layout_say_what_the_message_says(manifest: Manifest, kind: str, seed: int) -> None:
    assert_records_match(manifest, kind, seed)


def test_one_changed_entry_changes_one_record() -> None:
    header = header_for(MIXED)
    vector = normal_vector(MIXED, seed=8)
    before = data_leaves(parse(encode(vector, MIXED, header), MIXED), MIXED.layout)
    vector[np.abs(vector[:4096]).argmax()] *= -1
    after = data_leaves(parse(encode(vector, MIXED, header), MIXED), MIXED.layout)
    assert [one != other for one, other in zip(before, after, strict=True)].count(True) == 1

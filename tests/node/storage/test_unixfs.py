"""The importer gives the identifiers that Kubo gives."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.unixfs import (
    LEGACY_V0,
    LEGACY_V1,
    MEBIBYTE,
    UNIXFS_V1_2025,
    Profile,
    import_bytes,
    import_stream,
    last,
    root_of,
)
from node.storage.unixfs_reader import read_file
from tests.support.keystream import Keystream
from tests.support.memory import peak_bytes

PROFILES = {profile.name: profile for profile in (UNIXFS_V1_2025, LEGACY_V0, LEGACY_V1)}
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["vectors"]
SLOW_FROM_BYTES = 1 << 28


def cases() -> list[object]:
    return [
        pytest.param(v, id=v["cid"], marks=[pytest.mark.slow] if (v["size"] or 0) >= SLOW_FROM_BYTES else [])
        for v in VECTORS
    ]


def content(vector: dict[str, str | int]) -> BinaryIO:
    if vector["kind"] == "text":
        return io.BytesIO(str(vector["content"]).encode())
    return cast(BinaryIO, Keystream(str(vector["seed"]), int(vector["size"])))


@pytest.mark.parametrize("vector", cases())
def test_equals_kubo(vector: dict[str, str | int]) -> None:
    root = last(import_stream(content(vector), PROFILES[str(vector["profile"])]))
    assert root.cid == Cid.parse(str(vector["cid"]))


def test_the_empty_file_is_one_raw_block() -> None:
    assert str(root_of(b"")) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def test_one_block_up_to_a_mebibyte_then_a_tree() -> None:
    data = bytes(MEBIBYTE)
    assert root_of(data).codec == RAW
    assert root_of(data + b"x").codec == DAG_PB


@given(
    st.binary(max_size=400),
    st.builds(Profile, st.just("small"), st.integers(1, 16), st.integers(2, 5), st.booleans(), st.integers(0, 1)),
    st.integers(1, 7),
)
def test_a_stream_in_any_pieces_gives_the_tree_of_the_bytes(data: bytes, profile: Profile, piece: int) -> None:
    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(piece, size or piece))

    assert list(import_stream(Pieces(data), profile)) == list(import_bytes(data, profile))


@given(st.integers(0, 300), st.integers(2, 5))
def test_every_level_is_as_full_as_it_can_be(leaves: int, links: int) -> None:
    """Balanced layout: as many nodes as rounding up at each level needs, and never a node for a single leaf."""
    profile = Profile("small", 1, links, raw_leaves=True, version=1)
    nodes, width = 0, max(1, leaves)
    while width > 1:
        width = -(-width // links)
        nodes += width
    data = bytes(index % 251 for index in range(leaves))
    blocks = list(import_bytes(data, profile))
    assert len(blocks) == max(1, leaves) + nodes
    assert len({block.cid for block in blocks if block.cid.codec == DAG_PB}) <= nodes


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_reads_back_any_range(size: int, start: int, length: int) -> None:
    profile = Profile("4 KiB is the least a reader accepts", 4096, 3, raw_leaves=True, version=1)
    data = Keystream("range", size * 20).read()
    blocks = {block.cid: block.data for block in import_bytes(data, profile)}
    root = root_of(data, profile)
    read = b"".join(read_file(blocks.__getitem__, root, start=start * 20, stop=(start + length) * 20))
    assert read == data[start * 20 : (start + length) * 20]


def test_a_large_stream_needs_little_memory() -> None:
    peak = peak_bytes(lambda: last(import_stream(cast(BinaryIO, Keystream("memory", 64 * MEBIBYTE)))))
    assert peak < 8 * MEBIBYTE

"""CAR archives: the bytes the specification gives, and what strangers make of them."""

from __future__ import annotations

import io
import random
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import StorageError
from node.storage import car
from node.storage.cid import RAW, Cid
from node.storage.errors import MalformedCar, WrongBlock
from node.storage.unixfs import MEBIBYTE, Block, import_bytes
from node.storage.varint import encode as varint
from tests.support.memory import peak_bytes

BLOCK = b"hello world"
CID = Cid.of(RAW, BLOCK)


def archive(data: bytes) -> bytes:
    blocks = {block.cid: block.data for block in import_bytes(data)}
    return b"".join(car.archive(blocks.__getitem__, [list(blocks)[-1]]))


def load(data: bytes) -> tuple[list[Cid], list[Block]]:
    roots, blocks = car.read(io.BytesIO(data))
    return roots, list(blocks)


def header(value: object) -> bytes:
    encoded = cbor2.dumps(value)
    return varint(len(encoded)) + encoded


def test_writes_the_bytes_of_the_specification() -> None:
    """Header {"roots": [CID], "version": 1} in DAG-CBOR, then length, CID, block."""
    link = bytes.fromhex("d82a582500") + CID.to_bytes()
    expected = bytes.fromhex("3aa265726f6f747381") + link + bytes.fromhex("6776657273696f6e01")
    assert archive(BLOCK) == expected + bytes((36 + len(BLOCK),)) + CID.to_bytes() + BLOCK


def test_parents_come_before_children_and_no_block_twice() -> None:
    data = bytes(MEBIBYTE) * 3 + b"end"
    roots, blocks = load(archive(data))
    assert blocks[0].cid == roots[0]
    assert len(blocks) == len({block.cid for block in blocks}) == 3  # root, the leaf of zeros, the end


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_reads_back_the_roots(digests: list[bytes]) -> None:
    roots = [Cid(RAW, digest) for digest in digests]
    assert load(car.header(roots)) == (roots, [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x80", "cut short"),
        (b"\xff" * 400, "never ends"),
        (b"\x80\x00", "not minimal"),
        (b"\x00", "0 bytes"),
        (varint(1 << 40) + b"x", "expected 1 to"),
        (varint(50) + b"short", "cut short"),
        (varint(3) + b"\xff\xff\xff", "not CBOR"),
        (header([]), "not {"),
        (header({"roots": []}), "not {"),
        (header({"roots": [], "version": 2}), "not {"),
        (header({"roots": [], "version": 1, "more": 1}), "not {"),
        (header({"roots": 1, "version": 1}), "no list"),
        (header({"roots": [1], "version": 1}), "not an identifier"),
        (header({"roots": [cbor2.CBORTag(42, "text")], "version": 1}), "not a binary identifier"),
        (header({"roots": [cbor2.CBORTag(42, b"\x01")], "version": 1}), "not a binary identifier"),
        (header({"roots": [cbor2.CBORTag(42, b"\x00\x01\x02")], "version": 1}), "not a usable"),
        (header({"roots": [cbor2.CBORTag(42, b"\x00" + CID.to_bytes() + b"x")], "version": 1}), "after a root"),
        (header({"roots": [cbor2.CBORTag(35, "(a+)+$")], "version": 1}), "not"),
        (car.header([]) + b"\x00", "0 bytes"),
        (car.header([]) + varint(MEBIBYTE + 37), "1048613 bytes"),
        (car.header([]) + varint(40) + CID.to_bytes(), "cut short"),
        (car.header([]) + varint(4) + b"junk", "not a usable"),
    ],
)
def test_refuses_a_broken_archive_and_says_where(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedCar, match=reason):
        load(data)


def test_refuses_a_block_under_a_wrong_name() -> None:
    with pytest.raises(WrongBlock) as caught:
        load(car.header([]) + car.section(CID, b"hello_world"))
    assert caught.value.expected == CID.digest


def test_a_declared_length_allocates_nothing() -> None:
    data = car.header([]) + varint(MEBIBYTE + 36) + b"tiny"
    with pytest.raises(MalformedCar, match="cut short: 4 of"):
        load(data)

    def refuse() -> None:
        with suppress(MalformedCar):
            load(data)

    assert peak_bytes(refuse) < MEBIBYTE


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_mutated_archive_gives_checked_blocks_or_a_clear_error(seed: int, changes: int) -> None:
    generator = random.Random(seed)
    mutated = bytearray(archive(BLOCK))
    for _ in range(changes):
        mutated[generator.randrange(len(mutated))] = generator.randrange(256)
    try:
        _, blocks = load(bytes(mutated))
    except StorageError:
        return
    assert all(Cid.of(block.cid.codec, block.data) == block.cid for block in blocks)


@given(st.binary(max_size=200))
def test_any_header_is_read_or_refused(data: bytes) -> None:
    try:
        load(varint(len(data)) + data)
    except StorageError:
        return

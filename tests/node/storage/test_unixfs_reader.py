"""Reading files out of blocks that strangers made."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.errors import StorageError
from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.errors import BlockMissing, MalformedDag, ObjectTooLarge
from node.storage.unixfs import LEGACY_V0, LEGACY_V1, MEBIBYTE, UNIXFS_V1_2025, Profile, import_bytes, last, root_of
from node.storage.unixfs_reader import (
    MAXIMUM_DEPTH,
    file_size,
    is_complete,
    parse_block,
    read_file,
    root_cid,
    walk_dag,
)
from node.storage.varint import encode as varint
from tests.support.keystream import Keystream


class Blocks:
    """A few blocks, and how often each was asked for."""

    def __init__(self, blocks: dict[Cid, bytes]) -> None:
        self._blocks = {cid.digest: block for cid, block in blocks.items()}
        self.asked: Counter[bytes] = Counter()

    def __call__(self, cid: Cid) -> bytes:
        self.asked[cid.digest] += 1
        if cid.digest not in self._blocks:
            raise BlockMissing(cid, "this test")
        return self._blocks[cid.digest]


def imported(data: bytes, profile: Profile = UNIXFS_V1_2025) -> tuple[Cid, dict[Cid, bytes]]:
    blocks = list(import_bytes(data, profile))
    return blocks[-1].cid, {block.cid: block.data for block in blocks}


def field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value


def node(children: list[tuple[Cid, int]], *, declared: int | None = None, data: bytes = b"", kind: int = 2) -> bytes:
    """A dag-pb node as a stranger would forge it."""
    links = b"".join(field(0x12, field(0x0A, cid.to_bytes()) + b"\x12\x00\x18\x00") for cid, _ in children)
    total = len(data) + sum(size for _, size in children) if declared is None else declared
    record = b"\x08" + varint(kind) + (field(0x12, data) if data else b"") + b"\x18" + varint(total)
    record += b"".join(b"\x20" + varint(size) for _, size in children)
    return links + field(0x0A, record)


LEAF = bytes(range(256)) * 16  # 4096 bytes
LEAF_CID = Cid.of(RAW, LEAF)


@pytest.mark.parametrize("profile", [UNIXFS_V1_2025, LEGACY_V0, LEGACY_V1])
@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 20) + 1, 3_000_000])
def test_reads_what_any_profile_wrote(profile: Profile, size: int) -> None:
    data = Keystream("read", size).read()
    root, blocks = imported(data, profile)
    get = Blocks(blocks)
    assert b"".join(read_file(get, root)) == data
    assert file_size(get, root) == size
    assert {cid for cid, _ in walk_dag(get, root)} == set(blocks)
    assert is_complete(get, lambda cid: cid in blocks, root)


def test_a_range_asks_only_for_its_blocks() -> None:
    data = Keystream("range", 5 * MEBIBYTE).read()
    root, blocks = imported(data)
    get = Blocks(blocks)
    assert b"".join(read_file(get, root, start=2 * MEBIBYTE + 5, stop=2 * MEBIBYTE + 9)) == data[2097157:2097161]
    assert sum(get.asked.values()) == 2


def test_the_root_tells_its_codec() -> None:
    small, large = b"FXW1", bytes(MEBIBYTE + 1)
    for data in (small, large):
        root, blocks = imported(data)
        assert root_cid(blocks[root]) == root


@pytest.mark.parametrize("data", [b"", b"\x12", b"\x12\x00", b"\n", b"\n{}", b"\x12" * 100, node([], data=b"leaf")])
def test_bytes_that_only_start_like_a_node_are_raw(data: bytes) -> None:
    assert root_cid(data) == root_of(data)


def test_a_declared_size_above_the_limit_is_refused_before_any_child_is_asked() -> None:
    block = node([(LEAF_CID, 1 << 40)])
    root = Cid.of(DAG_PB, block)
    get = Blocks({root: block})
    with pytest.raises(ObjectTooLarge, match=str(1 << 40)) as caught:
        list(read_file(get, root, maximum_bytes=1 << 30))
    assert caught.value.size_bytes == 1 << 40
    assert get.asked == {root.digest: 1}


def test_a_tower_of_repeated_links_costs_no_more_than_it_declares() -> None:
    """Eight levels of 1024 links to one leaf: a few kilobytes that declare 2^92 bytes."""
    block, cid, size = LEAF, LEAF_CID, len(LEAF)
    blocks = {cid: block}
    for _ in range(4):
        block = node([(cid, size)] * 1024)
        cid, size = Cid.of(DAG_PB, block), size * 1024
        blocks[cid] = block
    get = Blocks(blocks)
    with pytest.raises(ObjectTooLarge):
        list(read_file(get, cid, maximum_bytes=1 << 30))
    assert len(list(walk_dag(get, cid))) == 5
    assert is_complete(get, lambda cid: cid in blocks, cid)
    assert b"".join(read_file(get, cid, start=0, stop=5000)) == (LEAF + LEAF)[:5000]
    assert sum(get.asked.values()) < 60


def test_a_child_of_another_size_than_declared_is_refused() -> None:
    block = node([(LEAF_CID, len(LEAF) + 1)])
    root = Cid.of(DAG_PB, block)
    with pytest.raises(MalformedDag, match="4096 bytes of file where its parent declares 4097"):
        list(read_file(Blocks({root: block, LEAF_CID: LEAF}), root))


def test_a_chain_deeper_than_any_file_is_refused() -> None:
    cid, blocks = LEAF_CID, {LEAF_CID: LEAF}
    for _ in range(MAXIMUM_DEPTH + 2):
        block = node([(cid, len(LEAF))])
        cid = Cid.of(DAG_PB, block)
        blocks[cid] = block
    get = Blocks(blocks)
    for read in (read_file, walk_dag):
        with pytest.raises(MalformedDag, match="levels below the root"):
            list(read(get, cid))
    with pytest.raises(MalformedDag, match="levels below the root"):
        is_complete(get, lambda cid: True, cid)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (node([(LEAF_CID, 4096)], declared=5), "5 bytes declared"),
        (node([(LEAF_CID, 0)]), "below 4096"),
        (node([(LEAF_CID, 4095), (LEAF_CID, 4096)]), "below 4096"),
        (node([(LEAF_CID, 4096)], data=b"own"), "data of its own"),
        (node([], kind=1), "type 1"),
        (node([(LEAF_CID, 4096)]) + b"\x00", "after the data field"),
        (node([(LEAF_CID, 4096)])[:-1], "bytes where"),
        (field(0x12, field(0x0A, LEAF_CID.to_bytes())), "no data field"),
        (field(0x12, field(0x0A, LEAF_CID.to_bytes()) + field(0x12, b"name")) + node([]), "a name"),
        (field(0x12, b"\x18\x00") + node([]), "without a hash"),
        (field(0x12, field(0x0A, b"\x01\x71" + LEAF_CID.to_bytes()[2:])) + node([]), "codec 0x71"),
        (field(0x12, field(0x0A, LEAF_CID.to_bytes())) + node([]), "1 links but 0 sizes"),
        (field(0x0A, b"\x08\x02\x18\x00\x38\x01"), "unknown field"),
        (field(0x0A, b""), "without a type"),
        (b"", "no data field"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "varint"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "bytes where"),
    ],
)
def test_refuses_a_malformed_node_and_says_why(block: bytes, reason: str) -> None:
    with pytest.raises(MalformedDag, match=reason):
        parse_block(Cid.of(DAG_PB, block), block)


@given(st.integers(0, 2**32), st.integers(1, 4))
@example(0, 1)
def test_a_mutated_tree_never_does_worse_than_a_clear_error(seed: int, changes: int) -> None:
    """The whole path, with honest hashes: a stranger may build any tree, and gets its bytes or a StorageError."""
    generator = random.Random(seed)
    data = Keystream("mutate", 40_000).read()
    profile = Profile("small", 4096, 4, raw_leaves=generator.random() < 0.5, version=1)
    blocks = list(import_bytes(data, profile))
    root = bytearray(blocks[-1].data)
    for _ in range(changes):
        root[generator.randrange(len(root))] = generator.randrange(256)
    mutated = {block.cid: block.data for block in blocks} | {Cid.of(DAG_PB, bytes(root)): bytes(root)}
    get = Blocks(mutated)
    try:
        read = b"".join(read_file(get, Cid.of(DAG_PB, bytes(root)), maximum_bytes=1 << 20))
    except StorageError:
        return
    assert len(read) <= 1 << 20


def test_is_complete_notices_a_missing_leaf() -> None:
    root, blocks = imported(bytes(MEBIBYTE) + b"x")
    leaf = last(import_bytes(b"x")).cid
    assert not is_complete(Blocks(blocks), lambda cid: cid != leaf, root)

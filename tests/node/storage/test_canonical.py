"""One tree for given bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage.canonical import check_cut, check_encoding, child_capacity
from node.storage.cid import DAG_PB, Cid
from node.storage.errors import MalformedDag
from node.storage.unixfs import MEBIBYTE, UNIXFS_V1_2025, Child, encode_node, import_bytes
from node.storage.unixfs_reader import FileNode, Link, join_nodes, parse_block
from tests.support.keystream import Keystream

DATA = Keystream("canonical", 3 * MEBIBYTE + 5).read()
LINKS = UNIXFS_V1_2025.links


def nodes_of(data: bytes) -> tuple[Cid, dict[Cid, FileNode]]:
    blocks = list(import_bytes(data))
    return blocks[-1].cid, {block.cid: parse_block(block.cid, block.data) for block in blocks}


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE, len(DATA)])
def test_what_the_importer_makes_is_canonical(size: int) -> None:
    root, nodes = nodes_of(DATA[:size])
    check_cut(root, nodes[root], child_capacity(size))
    check_encoding(root, nodes)
    assert join_nodes(root, nodes) == DATA[:size]


@pytest.mark.parametrize(
    ("size", "capacity"),
    [
        (0, 0),
        (MEBIBYTE, 0),
        (MEBIBYTE + 1, MEBIBYTE),
        (LINKS * MEBIBYTE, MEBIBYTE),
        (LINKS * MEBIBYTE + 1, LINKS * MEBIBYTE),
        (LINKS**2 * MEBIBYTE, LINKS * MEBIBYTE),
        (LINKS**2 * MEBIBYTE + 1, LINKS**2 * MEBIBYTE),
    ],
)
def test_the_capacity_of_children_grows_by_whole_levels(size: int, capacity: int) -> None:
    assert child_capacity(size) == capacity


def node(sizes: list[int]) -> FileNode:
    links, start = [], 0
    for size in sizes:
        links.append(Link(Cid(DAG_PB, bytes(32)), start, size))
        start += size
    return FileNode(start, b"", tuple(links))


@given(st.lists(st.integers(0, 8), max_size=6), st.integers(1, 8))
def test_a_cut_is_full_children_then_the_rest(sizes: list[int], capacity: int) -> None:
    total = sum(sizes)
    expected = [capacity] * (total // capacity) + [total % capacity] * (total % capacity > 0)
    if sizes == expected:
        assert check_cut(Cid(DAG_PB, bytes(32)), node(sizes), capacity) == node(sizes).links
    else:
        with pytest.raises(MalformedDag, match="not cut by the profile"):
            check_cut(Cid(DAG_PB, bytes(32)), node(sizes), capacity)


def test_other_total_sizes_are_another_tree() -> None:
    root, nodes = nodes_of(DATA)
    links = nodes[root].links
    lying = encode_node([Child(link.cid, link.file_bytes, link.file_bytes + 1) for link in links], b"", UNIXFS_V1_2025)
    assert lying.cid != root
    nodes[lying.cid] = parse_block(lying.cid, lying.data)
    assert join_nodes(lying.cid, nodes) == DATA
    with pytest.raises(MalformedDag, match="not written as"):
        check_encoding(lying.cid, nodes)


def test_a_link_without_its_empty_name_is_another_tree() -> None:
    """The same tree in two bytes less a link, which every reader understands."""
    root, nodes = nodes_of(DATA)
    record = encode_node([Child(link.cid, link.file_bytes, 0) for link in nodes[root].links], b"", UNIXFS_V1_2025).data
    record = record[record.rindex(b"\x0a\x15\x08\x02") :]
    hashes = [b"\x0a\x24" + link.cid.to_bytes() for link in nodes[root].links]
    block = b"".join(b"\x12" + bytes([len(item)]) + item for item in hashes) + record
    nameless = Cid.of(DAG_PB, block)
    nodes[nameless] = parse_block(nameless, block)
    assert join_nodes(nameless, nodes) == DATA
    with pytest.raises(MalformedDag, match="not written as"):
        check_encoding(nameless, nodes)


def test_a_wrapped_leaf_is_another_tree() -> None:
    leaf = encode_node([], b"x" * 100, UNIXFS_V1_2025)
    with pytest.raises(MalformedDag, match="wrapped leaf"):
        check_encoding(leaf.cid, {leaf.cid: parse_block(leaf.cid, leaf.data)})

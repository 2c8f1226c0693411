"""Only one tree may stand for given bytes: the one our importer makes.

UnixFS lets the same bytes be cut and described in many ways, each with a digest of its own. If peers took any of them,
an update could be copied under a second digest. The cut is checked node by node before children are asked for, since a
tree of tiny leaves would cost thousands of requests; the way nodes are written, when all of them are there.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.storage.cid import RAW, Cid
from node.storage.errors import MalformedDag
from node.storage.unixfs import UNIXFS_V1_2025, Child, encode_node
from node.storage.unixfs_reader import FileNode, Link


def child_capacity(file_bytes: int) -> int:
    """Return how many bytes every child of a file's root holds, but for the last; 0 for a file of one block."""
    profile = UNIXFS_V1_2025
    if file_bytes <= profile.chunk_bytes:
        return 0
    capacity = profile.chunk_bytes
    while capacity * profile.links < file_bytes:
        capacity *= profile.links
    return capacity


def check_cut(cid: Cid, node: FileNode, capacity: int) -> tuple[Link, ...]:
    """Return the links of a node whose children hold `capacity` bytes each, the last one the rest.

    Raises MalformedDag when they hold anything else.
    """
    sizes = [link.file_bytes for link in node.links]
    full = [capacity] * (len(sizes) - 1)
    if sizes and (sizes[:-1] != full or not 0 < sizes[-1] <= capacity):
        raise MalformedDag(cid, f"it is not cut by the profile {UNIXFS_V1_2025.name}")
    return node.links


def check_encoding(root: Cid, nodes: Mapping[Cid, FileNode]) -> None:
    """Raise MalformedDag unless every node below `root` is written as the importer writes it.

    `nodes`: the whole file, every block checked against its digest, every node against `check_cut`.
    """
    _rebuilt(root, nodes)


def _rebuilt(cid: Cid, nodes: Mapping[Cid, FileNode]) -> Child:
    """Write a node anew from its children and compare identifiers: it hashes nodes, not the file."""
    node = nodes[cid]
    if not node.links:
        if cid.codec != RAW:
            raise MalformedDag(cid, f"a wrapped leaf, which the profile {UNIXFS_V1_2025.name} does not have")
        return Child(cid, len(node.data), len(node.data))
    children = [_rebuilt(link.cid, nodes) for link in node.links]
    block = encode_node(children, b"", UNIXFS_V1_2025)
    if block.cid != cid:
        raise MalformedDag(cid, f"it is not written as the profile {UNIXFS_V1_2025.name} writes it")
    return Child(cid, node.file_bytes, len(block.data) + sum(child.total_bytes for child in children))

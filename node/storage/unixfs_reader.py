"""Read files out of dag-pb blocks that strangers made: strict, bounded in depth, size and number of blocks.

What is checked before a child is asked for: the encoding is canonical, the declared sizes add up, the caller's limit
holds. Every child must then have exactly the size its parent declared, so a few blocks that link each other a thousand
times cannot pretend to be, or cost, more than the limit.

Sources: https://ipld.io/specs/codecs/dag-pb/spec/ , https://specs.ipfs.tech/unixfs/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.errors import BadCid, MalformedDag, ObjectTooLarge
from node.storage.unixfs import FILE_TYPE
from node.storage.varint import decode as read_varint

MAXIMUM_DEPTH: Final = 8  # three levels of 1024 links hold a pebibyte
# Only a node's last child may be smaller. Without it, a file of one-byte leaves would cost a million reads a mebibyte.
MINIMUM_CHILD_BYTES: Final = 4096
_RAW_TYPE: Final = 0

GetBlock = Callable[[Cid], bytes]


@dataclass(frozen=True)
class Link:
    """A child of a node: its identifier, and where its bytes lie in the node's file."""

    cid: Cid
    start: int
    file_bytes: int


@dataclass(frozen=True)
class FileNode:
    """One node of a file. Either `data` (a leaf) or `links` (an inner node) is empty."""

    file_bytes: int
    data: bytes
    links: tuple[Link, ...]


def parse_block(cid: Cid, block: bytes) -> FileNode:
    """Read `block`, whose digest has been checked, as a node of a file. Raises MalformedDag."""
    if cid.codec == RAW:
        return FileNode(len(block), block, ())
    try:
        return _parse_dag_pb(block)
    except (ValueError, BadCid) as error:
        raise MalformedDag(cid, str(error)) from None


def root_cid(block: bytes) -> Cid:
    """Tell the identifier of an object of ours from its root block.

    The chain holds digests without codec. Our profile has raw leaves, so a root is either raw bytes or an inner node.
    """
    if block[:1] == b"\x12":
        try:
            if _parse_dag_pb(block).links:
                return Cid.of(DAG_PB, block)
        except (ValueError, BadCid):
            pass
    return Cid.of(RAW, block)


def file_size(get_block: GetBlock, cid: Cid) -> int:
    """Return the size in bytes of the file `cid`; reads the root block only."""
    return parse_block(cid, get_block(cid)).file_bytes


def read_file(
    get_block: GetBlock, cid: Cid, *, start: int = 0, stop: int | None = None, maximum_bytes: int | None = None
) -> Iterator[bytes]:
    """Yield the bytes [start, stop) of the file `cid` leaf by leaf; only blocks in the range are asked for.

    Raises MalformedDag, ObjectTooLarge, and whatever `get_block` raises.
    """
    root = parse_block(cid, get_block(cid))
    if maximum_bytes is not None and root.file_bytes > maximum_bytes:
        raise ObjectTooLarge(cid, root.file_bytes, maximum_bytes)
    stop = root.file_bytes if stop is None else min(stop, root.file_bytes)
    # A stack instead of recursion: (offset of the node in the file, its depth, the node).
    stack: list[tuple[int, int, FileNode | Link]] = [(0, 0, root)]
    while stack:
        offset, depth, item = stack.pop()
        if offset >= stop or offset + item.file_bytes <= start:
            continue
        node = open_link(item, get_block(item.cid), depth) if isinstance(item, Link) else item
        if node.links:
            stack.extend((offset + link.start, depth + 1, link) for link in reversed(node.links))
        else:
            yield node.data[max(0, start - offset) : stop - offset]


def open_link(link: Link, block: bytes, depth: int) -> FileNode:
    """Read the block a link points at, `depth` levels below the root; it must be as large as the link says."""
    if depth > MAXIMUM_DEPTH:
        raise MalformedDag(link.cid, f"more than {MAXIMUM_DEPTH} levels below the root")
    node = parse_block(link.cid, block)
    if node.file_bytes != link.file_bytes:
        raise MalformedDag(link.cid, f"{node.file_bytes} bytes of file where its parent declares {link.file_bytes}")
    return node


def join_nodes(root: Cid, nodes: Mapping[Cid, FileNode]) -> bytes:
    """Join the leaves below `root` in order; every node must have been opened by `open_link`."""
    pieces: list[bytes] = []
    stack = [root]
    while stack:
        node = nodes[stack.pop()]
        pieces.append(node.data)
        stack.extend(link.cid for link in reversed(node.links))
    return b"".join(pieces)


def walk_dag(get_block: GetBlock, cid: Cid) -> Iterator[tuple[Cid, bytes]]:
    """Yield every block of the file `cid` once, parents before children, in file order."""
    seen = {cid.digest}
    root_block = get_block(cid)
    yield cid, root_block
    stack = [(1, link) for link in reversed(parse_block(cid, root_block).links)]
    while stack:
        depth, link = stack.pop()
        if link.cid.digest in seen:
            continue
        seen.add(link.cid.digest)
        block = get_block(link.cid)
        yield link.cid, block
        stack.extend((depth + 1, child) for child in reversed(open_link(link, block, depth).links))


def is_complete(get_block: GetBlock, has: Callable[[Cid], bool], cid: Cid) -> bool:
    """Tell whether every block of the file `cid` is at hand. Reads inner nodes, and only looks for leaves."""
    stack = [(0, parse_block(cid, get_block(cid)))]
    seen: set[Cid] = set()
    while stack:
        depth, node = stack.pop()
        for link in node.links:
            if not has(link.cid):
                return False
            if link.cid.codec == DAG_PB and link.cid not in seen:
                seen.add(link.cid)
                stack.append((depth + 1, open_link(link, get_block(link.cid), depth + 1)))
    return True


def _parse_dag_pb(block: bytes) -> FileNode:
    """Canonical dag-pb: links, then one data field that holds a UnixFS file record. Raises ValueError, BadCid."""
    cids: list[Cid] = []
    offset = 0
    while block[offset : offset + 1] == b"\x12":
        link, offset = _bytes_field(block, offset + 1)
        cids.append(_parse_link(link))
    if block[offset : offset + 1] != b"\x0a":
        raise ValueError("no data field after the links")
    record, offset = _bytes_field(block, offset + 1)
    if offset != len(block):
        raise ValueError(f"{len(block) - offset} bytes after the data field")
    file_bytes, data, sizes = _parse_record(record)
    if len(sizes) != len(cids):
        raise ValueError(f"{len(cids)} links but {len(sizes)} sizes")
    if data and cids:
        raise ValueError("an inner node with data of its own")
    if len(data) + sum(sizes) != file_bytes:
        raise ValueError(f"{file_bytes} bytes declared, its parts hold {len(data) + sum(sizes)}")
    if sizes and (min(sizes[:-1], default=MINIMUM_CHILD_BYTES) < MINIMUM_CHILD_BYTES or sizes[-1] < 1):
        raise ValueError(f"a child below {MINIMUM_CHILD_BYTES} bytes that is not the last one")
    links, start = [], 0
    for cid, size in zip(cids, sizes, strict=True):
        links.append(Link(cid, start, size))
        start += size
    return FileNode(file_bytes, data, tuple(links))


def _parse_link(link: bytes) -> Cid:
    """Hash, empty name, total size: what a file's importer writes. Names belong to directories."""
    if link[:1] != b"\x0a":
        raise ValueError("a link without a hash")
    binary, offset = _bytes_field(link, 1)
    cid, end = Cid.read(binary)
    if end != len(binary):
        raise ValueError("a link with bytes after its hash")
    if link[offset : offset + 2] == b"\x12\x00":
        offset += 2
    if link[offset : offset + 1] == b"\x18":
        _, offset = read_varint(link, offset + 1)
    if offset != len(link):
        raise ValueError("a link with a name or an unknown field")
    return cid


def _parse_record(record: bytes) -> tuple[int, bytes, list[int]]:
    """UnixFS record: type, data, file size, sizes of the children, in this order."""
    if record[:1] != b"\x08":
        raise ValueError("a UnixFS record without a type")
    kind, offset = read_varint(record, 1)
    if kind not in (FILE_TYPE, _RAW_TYPE):
        raise ValueError(f"UnixFS type {kind}, expected a file")
    data = b""
    if record[offset : offset + 1] == b"\x12":
        data, offset = _bytes_field(record, offset + 1)
    file_bytes = len(data)
    if record[offset : offset + 1] == b"\x18":
        file_bytes, offset = read_varint(record, offset + 1)
    sizes = []
    while record[offset : offset + 1] == b"\x20":
        size, offset = read_varint(record, offset + 1)
        sizes.append(size)
    if offset != len(record):
        raise ValueError("a UnixFS record with an unknown field")
    return file_bytes, data, sizes


def _bytes_field(data: bytes, offset: int) -> tuple[bytes, int]:
    length, offset = read_varint(data, offset)
    if length > len(data) - offset:
        raise ValueError(f"a field of {length} bytes where {len(data) - offset} are left")
    return data[offset : offset + length], offset + length

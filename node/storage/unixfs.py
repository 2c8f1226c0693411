"""Cut bytes into blocks and name them as IPFS does: UnixFS files, balanced layout.

Our profile is `unixfs-v1-2025`: CIDv1, raw leaves of 1 MiB, dag-pb nodes of up to 1024 links. The legacy profiles are
here to be checked against. Equal bytes give equal identifiers in every IPFS implementation that uses the profile.

Sources: https://specs.ipfs.tech/unixfs/ , IPIP-499 (profiles), https://ipld.io/specs/codecs/dag-pb/spec/
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.varint import encode as varint

MEBIBYTE: Final = 1 << 20
MAXIMUM_BLOCK_BYTES: Final = MEBIBYTE  # the unit of storage, transfer and verification
FILE_TYPE: Final = 2


@dataclass(frozen=True)
class Profile:
    """How an importer cuts: leaf size, links a node, raw or wrapped leaves, version of the identifiers inside."""

    name: str
    chunk_bytes: int
    links: int
    raw_leaves: bool
    version: int


UNIXFS_V1_2025: Final = Profile("unixfs-v1-2025", MEBIBYTE, 1024, raw_leaves=True, version=1)
LEGACY_V0: Final = Profile("v0 dag-pb 256KiB/174", 1 << 18, 174, raw_leaves=False, version=0)
LEGACY_V1: Final = Profile("v1 dag-pb leaves 256KiB/174", 1 << 18, 174, raw_leaves=False, version=1)


@dataclass(frozen=True)
class Block:
    """One block of an imported file; the last one of an import is its root."""

    cid: Cid
    data: bytes


@dataclass(frozen=True)
class Child:
    """A finished subtree: its root, the bytes of file beneath, and the bytes of all its blocks ("Tsize")."""

    cid: Cid
    file_bytes: int
    total_bytes: int


def import_bytes(data: bytes, profile: Profile = UNIXFS_V1_2025) -> Iterator[Block]:
    """Yield the blocks of `data`, children before parents, the root last."""
    return import_stream(io.BytesIO(data), profile)


def import_stream(stream: BinaryIO, profile: Profile = UNIXFS_V1_2025) -> Iterator[Block]:
    """Yield the blocks of everything `stream` holds, children before parents, the root last.

    Memory stays at one leaf and one node a level, whatever the size of the stream.
    """
    levels: list[list[Child]] = [[]]
    for chunk in _chunks(stream, profile.chunk_bytes):
        leaf = Block(Cid.of(RAW, chunk), chunk) if profile.raw_leaves else encode_node([], chunk, profile)
        yield leaf
        yield from _push(levels, 0, Child(leaf.cid, len(chunk), len(leaf.data)), profile)
    yield from _close(levels, profile)


def root_of(data: bytes, profile: Profile = UNIXFS_V1_2025) -> Cid:
    """Return the identifier that importing `data` gives, storing nothing."""
    return last(import_bytes(data, profile)).cid


def last(blocks: Iterable[Block]) -> Block:
    """Exhaust `blocks` and return the last one: the root of an import."""
    root = None
    for root in blocks:  # noqa: B007 - the last value is the point
        pass
    if root is None:
        raise ValueError("an import has at least one block")
    return root


def _chunks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Full chunks, then the rest; a single empty chunk for an empty stream. Copes with short reads (sockets)."""
    first = True
    while True:
        chunk = stream.read(size)
        while 0 < len(chunk) < size and (more := stream.read(size - len(chunk))):
            chunk += more
        if chunk or first:
            yield chunk
        if len(chunk) < size:
            return
        first = False


def _push(levels: list[list[Child]], level: int, child: Child, profile: Profile) -> Iterator[Block]:
    """Put `child` on its level; a level that is full becomes one node on the level above."""
    if level == len(levels):
        levels.append([])
    levels[level].append(child)
    if len(levels[level]) == profile.links:
        yield from _fold(levels, level, profile)


def _fold(levels: list[list[Child]], level: int, profile: Profile) -> Iterator[Block]:
    children, levels[level] = levels[level], []
    node = encode_node(children, b"", profile)
    yield node
    file_bytes = sum(child.file_bytes for child in children)
    total_bytes = len(node.data) + sum(child.total_bytes for child in children)
    yield from _push(levels, level + 1, Child(node.cid, file_bytes, total_bytes), profile)


def _close(levels: list[list[Child]], profile: Profile) -> Iterator[Block]:
    """Fold the levels upwards until one child stands alone on the top one: the root, already yielded."""
    level = 0
    while level < len(levels):
        alone_on_top = level == len(levels) - 1 and len(levels[level]) == 1
        if levels[level] and not alone_on_top:
            yield from _fold(levels, level, profile)
        level += 1


def encode_node(children: Sequence[Child], data: bytes, profile: Profile) -> Block:
    """Encode a dag-pb node: links first, then the UnixFS record, as the canonical form demands."""
    links = b"".join(_link(child, profile) for child in children)
    file_bytes = len(data) + sum(child.file_bytes for child in children)
    record = b"\x08" + varint(FILE_TYPE)
    if data:
        record += _field(0x12, data)
    record += b"\x18" + varint(file_bytes)
    record += b"".join(b"\x20" + varint(child.file_bytes) for child in children)
    encoded = links + _field(0x0A, record)
    return Block(Cid.of(DAG_PB, encoded), encoded)


def _link(child: Child, profile: Profile) -> bytes:
    """Hash, empty name, total size. A raw leaf has no CIDv0, whatever the version of the nodes."""
    hashed = _field(0x0A, child.cid.to_bytes(1 if child.cid.codec == RAW else profile.version))
    return _field(0x12, hashed + _field(0x12, b"") + b"\x18" + varint(child.total_bytes))


def _field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint(len(value)) + value

"""UnixFS directories as dag-pb nodes, so that an archive imported into IPFS is a folder anybody can list and get.

Sources: https://specs.ipfs.tech/unixfs/ , https://ipld.io/specs/codecs/dag-pb/spec/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.storage import varint
from node.storage.cid import DAG_PB, Cid
from node.storage.errors import BadCid
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES, Block
from verifier.errors import ArchiveDamaged

_DIRECTORY_RECORD = b"\x08\x01"
_DATA_FIELD, _LINKS_FIELD = 0x0A, 0x12
_CID_FIELD, _NAME_FIELD, _SIZE_FIELD = 0x0A, 0x12, 0x18


@dataclass(frozen=True)
class Entry:
    """A name's target: its identifier and the bytes of all blocks beneath it."""

    cid: Cid
    total_bytes: int


def encode_directory(entries: Mapping[str, Entry]) -> Block:
    """The directory's block: links sorted by name, then the UnixFS record. ValueError above one block."""
    links = b"".join(
        _field(_LINKS_FIELD, _link(name.encode(), entry))
        for name, entry in sorted(entries.items(), key=lambda item: item[0].encode())
    )
    encoded = links + _field(_DATA_FIELD, _DIRECTORY_RECORD)
    if len(encoded) > MAXIMUM_BLOCK_BYTES:
        raise ValueError(f"a directory of {len(entries)} names takes {len(encoded)} bytes, more than one block")
    return Block(Cid.of(DAG_PB, encoded), encoded)


def decode_directory(block: bytes, where: str) -> dict[str, Entry]:
    """Read a directory's block; ArchiveDamaged naming `where` unless it is one that `encode_directory` writes."""
    try:
        entries = dict(_parse_link(value) for tag, value in _fields(block) if tag == _LINKS_FIELD)
        canonical = encode_directory(entries).data == block
    except (ValueError, BadCid) as error:
        raise ArchiveDamaged(where, "a directory", str(error)) from error
    if not canonical:
        raise ArchiveDamaged(where, "a directory in canonical form", "other bytes")
    return entries


def _link(name: bytes, entry: Entry) -> bytes:
    cid = _field(_CID_FIELD, entry.cid.to_bytes())
    return cid + _field(_NAME_FIELD, name) + bytes((_SIZE_FIELD,)) + varint.encode(entry.total_bytes)


def _parse_link(encoded: bytes | int) -> tuple[str, Entry]:
    if isinstance(encoded, int):
        raise ValueError("a link is a number")
    parts = dict(_fields(encoded))
    cid, name, size = parts.get(_CID_FIELD), parts.get(_NAME_FIELD), parts.get(_SIZE_FIELD)
    if not isinstance(cid, bytes) or not isinstance(name, bytes) or not isinstance(size, int):
        raise ValueError("a link lacks identifier, name or size")
    return name.decode("utf-8"), Entry(Cid.read(cid)[0], size)


def _fields(encoded: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a protobuf message: length-delimited ones as bytes, varints as numbers."""
    offset = 0
    while offset < len(encoded):
        tag = encoded[offset]
        value, offset = varint.decode(encoded, offset + 1)
        if tag & 7 == 0:
            yield tag, value
            continue
        if tag & 7 != 2 or offset + value > len(encoded):
            raise ValueError(f"field {tag:#x} at byte {offset} is cut short or of an unknown kind")
        yield tag, encoded[offset : offset + value]
        offset += value


def _field(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + varint.encode(len(value)) + value

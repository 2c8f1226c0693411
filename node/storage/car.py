"""CARv1 archives: roots and blocks in one file, every block checked against its identifier on the way in.

Source: https://ipld.io/specs/transport/car/carv1/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final

import cbor2

from node import plain_cbor
from node.storage import varint
from node.storage.cid import Cid, sha2_256
from node.storage.errors import BadCid, MalformedCar, WrongBlock
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES, Block
from node.storage.unixfs_reader import walk_dag

MAXIMUM_ROOTS: Final = 1 << 16
_CID_TAG = 42
_CID_BYTES = 36
_MAXIMUM_HEADER_BYTES = 64 + MAXIMUM_ROOTS * (_CID_BYTES + 8)
_MAXIMUM_SECTION_BYTES = _CID_BYTES + MAXIMUM_BLOCK_BYTES


def header(roots: Sequence[Cid]) -> bytes:
    """Return the first section: DAG-CBOR of {"roots": [...], "version": 1} behind its length."""
    tagged = [cbor2.CBORTag(_CID_TAG, b"\x00" + root.to_bytes()) for root in roots]
    # DAG-CBOR sorts keys by length, then bytes: "roots" before "version", which is also the order written here.
    encoded = cbor2.dumps({"roots": tagged, "version": 1})
    return varint.encode(len(encoded)) + encoded


def section(cid: Cid, block: bytes) -> bytes:
    """Return one block as it stands in an archive: length, identifier, bytes."""
    return varint.encode(_CID_BYTES + len(block)) + cid.to_bytes() + block


def archive(get_block: Callable[[Cid], bytes], roots: Sequence[Cid]) -> Iterator[bytes]:
    """Yield the archive of the files `roots` piece by piece; a block that several share is written once."""
    yield header(roots)
    seen: set[bytes] = set()
    for root in roots:
        for cid, block in walk_dag(get_block, root):
            if cid.digest not in seen:
                seen.add(cid.digest)
                yield section(cid, block)


def write(get_block: Callable[[Cid], bytes], roots: Sequence[Cid], file: BinaryIO) -> None:
    """Write the archive of the files `roots` to `file`."""
    for piece in archive(get_block, roots):
        file.write(piece)


def read(file: BinaryIO) -> tuple[list[Cid], Iterable[Block]]:
    """Read an archive: its roots at once, its checked blocks as they are iterated.

    Nothing larger than one section is ever allocated. Raises MalformedCar; WrongBlock from the iteration.
    """
    reader = _Reader(file)
    length = reader.length(_MAXIMUM_HEADER_BYTES, "header")
    if length is None:
        raise MalformedCar(0, "the archive is empty")
    return _parse_header(reader.exactly(length)), _sections(reader)


def _sections(reader: _Reader) -> Iterator[Block]:
    while True:
        start = reader.offset
        length = reader.length(_MAXIMUM_SECTION_BYTES, "section")
        if length is None:
            return
        body = reader.exactly(length)
        try:
            cid, end = Cid.read(body)
        except BadCid as error:
            raise MalformedCar(start, str(error)) from None
        block = Block(cid, body[end:])
        actual = sha2_256(block.data)
        if actual != cid.digest:
            raise WrongBlock(cid.digest, actual)
        yield block


def _parse_header(encoded: bytes) -> list[Cid]:
    try:
        value = plain_cbor.load(encoded, tags=(_CID_TAG,))
    except plain_cbor.NotPlainCbor as error:
        raise MalformedCar(0, f"the header is not CBOR: {error}") from None
    if not isinstance(value, dict) or set(value) != {"roots", "version"} or value["version"] != 1:
        raise MalformedCar(0, 'the header is not {"roots", "version": 1}')
    if not isinstance(value["roots"], list) or len(value["roots"]) > MAXIMUM_ROOTS:
        raise MalformedCar(0, f"the header has no list of at most {MAXIMUM_ROOTS} roots")
    return [_parse_root(item) for item in value["roots"]]


def _parse_root(item: object) -> Cid:
    if not isinstance(item, cbor2.CBORTag) or item.tag != _CID_TAG:
        raise MalformedCar(0, "a root is not an identifier")
    binary = item.value
    if not isinstance(binary, bytes) or binary[:1] != b"\x00":
        raise MalformedCar(0, "a root is not a binary identifier")
    try:
        cid, end = Cid.read(binary, 1)
    except BadCid as error:
        raise MalformedCar(0, str(error)) from None
    if end != len(binary):
        raise MalformedCar(0, "bytes after a root's identifier")
    return cid


class _Reader:
    """A binary file with an offset, read in exact amounts."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.offset = 0

    def length(self, maximum: int, what: str) -> int | None:
        """Read a varint length, or None at a clean end of the file."""
        start = self.offset
        encoded = b""
        while not encoded or encoded[-1] & 0x80:
            byte = self._file.read(1)
            if not byte:
                if not encoded:
                    return None
                raise MalformedCar(start, f"the length of a {what} is cut short")
            encoded += byte
            self.offset += 1
            if len(encoded) > varint.MAXIMUM_LENGTH:
                raise MalformedCar(start, f"the length of a {what} never ends")
        try:
            value, _ = varint.decode(encoded)
        except ValueError as error:
            raise MalformedCar(start, f"the length of a {what}: {error}") from None
        if not 0 < value <= maximum:
            raise MalformedCar(start, f"a {what} of {value} bytes, expected 1 to {maximum}")
        return value

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._file.read(count - len(data))
            if not piece:
                raise MalformedCar(self.offset, f"cut short: {len(data)} of {count} bytes")
            data += piece
        self.offset += count
        return data

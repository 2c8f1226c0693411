"""Find the blocks of a CARv1 file and hash them, going on where only the bytes of a block changed.

`node.storage.car` refuses an archive at its first wrong byte, which is right for a store. An audit wants to know which
object that byte belongs to, so here a damaged block stays readable under the identifier that stands before it.

Source: https://ipld.io/specs/transport/car/carv1/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from node.storage import car, varint
from node.storage.cid import RAW, Cid, sha2_256
from node.storage.errors import BadCid, MalformedCar
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES
from verifier.errors import ArchiveDamaged

_CID_BYTES = 36
_MAXIMUM_SECTION_BYTES = _CID_BYTES + MAXIMUM_BLOCK_BYTES


@dataclass(frozen=True)
class Section:
    """One block of the file: the identifier before it, the sha2-256 of its bytes, and where those lie."""

    cid: Cid
    digest: bytes
    start: int
    length: int

    @property
    def intact(self) -> bool:
        """Whether the bytes are those the identifier names."""
        return self.cid.digest == self.digest


@dataclass(frozen=True)
class Scan:
    """A file's root, its sections in order, and where its form is broken. After such a place nothing can be read."""

    root: Cid
    sections: tuple[Section, ...]
    broken: tuple[ArchiveDamaged, ...]


def scan(file: BinaryIO) -> Scan:
    """Read the whole file once. ArchiveDamaged when not even its header can be read."""
    file.seek(0)
    try:
        roots, _ = car.read(file)
    except MalformedCar as error:
        raise ArchiveDamaged("header of the CAR file", "a CARv1 header", error.reason) from error
    if len(roots) != 1:
        raise ArchiveDamaged("header of the CAR file", "one root", f"{len(roots)} roots")
    sections: list[Section] = []
    broken: list[ArchiveDamaged] = []
    try:
        for item in _sections(file):
            if isinstance(item, ArchiveDamaged):
                broken.append(item)
            else:
                sections.append(item)
    except ArchiveDamaged as damage:
        broken.append(damage)
    return Scan(roots[0], tuple(sections), tuple(broken))


def _sections(file: BinaryIO) -> Iterator[Section | ArchiveDamaged]:
    while True:
        offset = file.tell()
        length = _length(file, offset)
        if length is None:
            return
        start = file.tell()
        body = file.read(length)
        if len(body) < length:
            raise _damage(offset, f"{length} bytes", f"{len(body)} bytes to the end of the file")
        try:
            cid, end = Cid.read(body)
        except BadCid as error:
            # Its length still tells where the next section is, and its bytes still tell what it was.
            yield _damage(offset, "a content identifier", error.reason)
            block = body[_CID_BYTES:]
            cid, end = Cid.of(RAW, block), _CID_BYTES
        yield Section(cid, sha2_256(body[end:]), start + end, length - end)


def _length(file: BinaryIO, offset: int) -> int | None:
    encoded = b""
    while not encoded or encoded[-1] & 0x80:
        byte = file.read(1)
        if not byte and not encoded:
            return None
        encoded += byte
        if not byte or len(encoded) > varint.MAXIMUM_LENGTH:
            raise _damage(offset, "the length of a section", f"0x{encoded.hex()}")
    try:
        value, _ = varint.decode(encoded)
    except ValueError as error:
        raise _damage(offset, "the length of a section", str(error)) from error
    if not _CID_BYTES <= value <= _MAXIMUM_SECTION_BYTES:
        raise _damage(offset, f"a section of {_CID_BYTES} to {_MAXIMUM_SECTION_BYTES} bytes", f"{value} bytes")
    return value


def _damage(offset: int, expected: str, found: str) -> ArchiveDamaged:
    return ArchiveDamaged(f"section of the CAR file at byte {offset}", expected, found)

"""The one interface behind every place where content lives, and what all of them share.

A store maps digests to blocks and hands out nothing whose hash it has not just checked. Objects are files cut by
`node.storage.unixfs`; which store holds them never changes their identifier.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Protocol, runtime_checkable

from node.storage import car
from node.storage.cid import Cid, sha2_256
from node.storage.errors import BlockTooLarge, WrongBlock
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES, Block, import_stream
from node.storage.unixfs_reader import file_size, read_file, root_cid


@runtime_checkable
class ContentReader(Protocol):
    """The read half: what a gateway can offer."""

    def get(self, cid: Cid, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes [start, start + length) of the object, to its end by default. Raises BlockMissing."""

    def has(self, cid: Cid) -> bool:
        """Tell whether the root block of `cid` can be read from here."""

    def get_block(self, digest: bytes) -> bytes:
        """Return the block with this sha2-256 digest. Raises BlockMissing, StoreCorrupt."""

    def export_car(self, roots: Sequence[Cid], file: BinaryIO) -> None:
        """Write the objects `roots` as one CARv1 archive."""


@runtime_checkable
class ContentStore(ContentReader, Protocol):
    """A store that also keeps things."""

    def add(self, data: bytes) -> Cid:
        """Store `data` as one object and return its identifier."""

    def add_stream(self, stream: BinaryIO) -> Cid:
        """Store everything `stream` holds as one object, whatever its size."""

    def put_block(self, block: bytes, digest: bytes) -> None:
        """Store one block of at most 1 MiB. Raises WrongBlock unless `digest` is its sha2-256."""

    def pin(self, cid: Cid) -> None:
        """Keep the object `cid` through `collect_garbage`. Raises BlockMissing unless all of it is here."""

    def unpin(self, cid: Cid) -> None:
        """Stop keeping `cid`; nothing happens when it was not pinned."""

    def pins(self) -> set[Cid]:
        """Return the pinned objects."""

    def import_car(self, file: BinaryIO) -> list[Cid]:
        """Store every block of a CARv1 archive and return its roots. Raises MalformedCar, WrongBlock."""

    def blocks(self) -> Iterator[bytes]:
        """Yield the digests of all blocks held, in no particular order."""

    def collect_garbage(self) -> int:
        """Remove every block that no pin reaches; return how many. Call it while nothing is being added."""


class BlockReader(ABC):
    """Reading objects, for whoever can fetch one checked block."""

    @abstractmethod
    def get_block(self, digest: bytes) -> bytes:
        """See ContentReader."""

    def get(self, cid: Cid, start: int = 0, length: int | None = None) -> bytes:
        """See ContentReader."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError(f"a range from {start} of length {length}")
        stop = None if length is None else start + length
        return b"".join(read_file(self._block_of, cid, start=start, stop=stop))

    def size(self, cid: Cid) -> int:
        """Return the size in bytes of the object `cid`."""
        return file_size(self._block_of, cid)

    def export_car(self, roots: Sequence[Cid], file: BinaryIO) -> None:
        """See ContentReader."""
        car.write(self._block_of, roots, file)

    def resolve(self, digest: bytes) -> Cid:
        """Return the identifier of the object whose root block has this digest. Raises BlockMissing."""
        return root_cid(self.get_block(digest))

    def _block_of(self, cid: Cid) -> bytes:
        return self.get_block(cid.digest)


class BlockStore(BlockReader):
    """Storing objects, for whoever can store one block."""

    @abstractmethod
    def put_block(self, block: bytes, digest: bytes) -> None:
        """See ContentStore."""

    @abstractmethod
    def put_named(self, blocks: Iterable[Block]) -> Cid | None:
        """Store blocks whose digests have just been computed; return the identifier of the last one."""

    def add(self, data: bytes) -> Cid:
        """See ContentStore."""
        return self.add_stream(io.BytesIO(data))

    def add_stream(self, stream: BinaryIO) -> Cid:
        """See ContentStore."""
        root = self.put_named(import_stream(stream))
        assert root is not None  # even an empty file has one block
        return root

    def import_car(self, file: BinaryIO) -> list[Cid]:
        """See ContentStore."""
        roots, blocks = car.read(file)
        self.put_named(blocks)
        return roots


def check_block(block: bytes, digest: bytes) -> None:
    """Raise BlockTooLarge or WrongBlock unless `block` is a block with this digest."""
    if len(block) > MAXIMUM_BLOCK_BYTES:
        raise BlockTooLarge(len(block), MAXIMUM_BLOCK_BYTES)
    actual = sha2_256(block)
    if actual != digest:
        raise WrongBlock(digest, actual)

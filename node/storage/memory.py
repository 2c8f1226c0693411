"""A content store in memory: for blocks that are needed once, while an object is put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing
from node.storage.store import BlockStore, check_block
from node.storage.unixfs import Block


class MemoryStore(BlockStore):
    """Blocks by digest; pins are kept, garbage is everything else. See `node.storage.store.ContentStore`."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, bytes] = {}
        self._pins: set[Cid] = set()

    def get_block(self, digest: bytes) -> bytes:
        """See ContentStore."""
        try:
            return self._blocks[digest]
        except KeyError:
            raise BlockMissing(Cid(RAW, digest), "memory") from None

    def has(self, cid: Cid) -> bool:
        """See ContentStore."""
        return cid.digest in self._blocks

    def put_block(self, block: bytes, digest: bytes) -> None:
        """See ContentStore."""
        check_block(block, digest)
        self._blocks[digest] = block

    def put_named(self, blocks: Iterable[Block]) -> Cid | None:
        """See BlockStore."""
        cid = None
        for block in blocks:
            cid = block.cid
            self._blocks[cid.digest] = block.data
        return cid

    def pin(self, cid: Cid) -> None:
        """See ContentStore."""
        self._pins.add(cid)

    def unpin(self, cid: Cid) -> None:
        """See ContentStore."""
        self._pins.discard(cid)

    def pins(self) -> set[Cid]:
        """See ContentStore."""
        return set(self._pins)

    def blocks(self) -> Iterator[bytes]:
        """See ContentStore."""
        return iter(tuple(self._blocks))

    def collect_garbage(self) -> int:
        """See ContentStore; only the root blocks of pinned objects stay."""
        kept = {cid.digest for cid in self._pins}
        before = len(self._blocks)
        self._blocks = {digest: block for digest, block in self._blocks.items() if digest in kept}
        return before - len(self._blocks)

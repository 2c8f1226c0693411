"""Get an object by its digest from several peers at once, believing none of them.

The unit is the block: asked from the peer that should answer soonest, from the next one as well when it is late, and
checked against its digest on arrival. A block that passed is in the store, so a fetch that was cut off goes on where
it stopped. Whoever sends wrong bytes is not asked again until the round is forgotten; silence is never a crime.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp

from node.exchange.errors import FetchFailed, PeerBusy, PeerError, PeerLied, PeerTooSlow
from node.exchange.pace import Pace
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source as Source
from node.exchange.source_book import Dropped, SourceBook
from node.storage.canonical import check_cut, check_encoding, child_capacity
from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing, ObjectTooLarge, StoreCorrupt, WrongBlock
from node.storage.store import ContentStore
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES, UNIXFS_V1_2025
from node.storage.unixfs_reader import FileNode, Link, join_nodes, open_link, parse_block, root_cid

_BLOCKS_IN_FLIGHT_PER_SOURCE = 4
_TRIES_WHILE_BUSY = 8


class Fetcher:
    """Fetches objects into `store`. One for the life of a peer, so that it knows who is fast."""

    def __init__(
        self, session: aiohttp.ClientSession, store: ContentStore, *, self_address: str, pace: Pace | None = None
    ) -> None:
        self._client = PeerClient(session, self_address, pace)
        self._store = store
        self._book = SourceBook(self._client.pace)

    async def fetch(
        self,
        digest: bytes,
        sources: Sequence[Source],
        *,
        maximum_bytes: int,
        round: int = 0,
        within_seconds: float | None = None,
    ) -> bytes:
        """Return the bytes of the object whose root block has this digest.

        `round`: a source that lies is dropped until this round is forgotten. `within_seconds`: give up then.
        Raises FetchFailed (each source and its cause), or what no source can help: ObjectTooLarge and MalformedDag.
        """
        attempt = _Attempt(self, self._book, digest, tuple(sources), round)
        try:
            async with asyncio.timeout(within_seconds):
                return await attempt.run(maximum_bytes)
        except TimeoutError:
            told = {failure.source for failure in attempt.failures}
            late = [source for source in attempt.candidates() if source not in told]
            causes = [PeerTooSlow(source, f"not done after {within_seconds:.1f} s") for source in late]
            raise FetchFailed(Cid(RAW, digest), [*attempt.failures, *causes]) from None

    def drop(self, address: str, round: int, cause: str) -> None:
        """Ask this peer nothing until `forget(round)`."""
        self._book.drop(address, round, cause)

    def dropped(self) -> dict[str, Dropped]:
        """The peers that are not asked now, by address."""
        return dict(self._book.dropped)

    def forget(self, round: int) -> None:
        """Give everybody who lied in this round or before another chance."""
        self._book.forget(round)

    def start(self, source: Source, digest: bytes, round: int) -> asyncio.Task[bytes]:
        """Ask one source for one block in a task of its own; the block is checked and kept. Raises PeerError."""
        self._book.asked(source)
        task = asyncio.create_task(self._ask_while_busy(source, digest, round))
        task.add_done_callback(lambda _: self._book.ended(source))
        return task

    def patience_seconds(self) -> float:
        """Seconds after which a block counts as late and is asked from the next source as well."""
        return self._client.pace.patience_seconds(MAXIMUM_BLOCK_BYTES)

    async def held(self, digest: bytes) -> bytes | None:
        """The block, if the store has it whole."""
        try:
            return await asyncio.to_thread(self._store.get_block, digest)
        except (BlockMissing, StoreCorrupt):
            return None

    async def _ask_while_busy(self, source: Source, digest: bytes, round: int) -> bytes:
        """Come back as often as a source says that it is busy, within reason."""
        for _ in range(_TRIES_WHILE_BUSY - 1):
            try:
                return await self._ask(source, digest, round)
            except PeerBusy as busy:
                await asyncio.sleep(busy.retry_after_seconds)
        return await self._ask(source, digest, round)

    async def _ask(self, source: Source, digest: bytes, round: int) -> bytes:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            block, transfer = await self._client.block(source, digest)
            arrived = loop.time()
            await asyncio.to_thread(self._store.put_block, block, digest)
        except WrongBlock:
            lie = PeerLied(source, f"sent wrong bytes for {Cid(RAW, digest)}")
            self.drop(source.address, round, lie.cause)
            raise lie from None
        except PeerLied as lie:
            self.drop(source.address, round, lie.cause)
            raise
        except PeerError:
            self._book.failed(source)
            raise
        except asyncio.CancelledError:
            self._book.overtaken(source, loop.time() - started)
            raise
        self._book.answered(source, transfer.first_byte_seconds or 0.0, arrived - started, len(block))
        return block


class _Attempt:
    """One fetch: its sources, and what went wrong with them so far."""

    def __init__(
        self, fetcher: Fetcher, book: SourceBook, digest: bytes, sources: tuple[Source, ...], round: int
    ) -> None:
        self._fetcher, self._book, self._digest = fetcher, book, digest
        self._sources, self._round = sources, round
        self.failures: list[PeerError] = []
        self._slots = asyncio.Semaphore(_BLOCKS_IN_FLIGHT_PER_SOURCE * max(1, len(sources)))

    async def run(self, maximum_bytes: int) -> bytes:
        root_block = await self._block(self._digest)
        cid = root_cid(root_block)
        root = parse_block(cid, root_block)
        if root.file_bytes > maximum_bytes:
            raise ObjectTooLarge(cid, root.file_bytes, maximum_bytes)
        if not root.links:
            return root_block
        nodes = await self._descend(cid, root)
        return await asyncio.to_thread(_assemble, cid, nodes)

    async def _descend(self, cid: Cid, root: FileNode) -> dict[Cid, FileNode]:
        """Fetch everything below the root, level by level, each level in parallel."""
        nodes = {cid: root}
        capacity = child_capacity(root.file_bytes)
        level, depth = check_cut(cid, root, capacity), 1
        while level:
            capacity //= UNIXFS_V1_2025.links
            wanted = {(link.cid, link.file_bytes): link for link in level}.values()
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = {link: group.create_task(self._node(link, depth, capacity)) for link in wanted}
            except BaseExceptionGroup as failed:
                raise failed.exceptions[0] from None
            nodes |= {link.cid: task.result() for link, task in tasks.items()}
            level = tuple(link for task in tasks.values() for link in task.result().links)
            depth += 1
        return nodes

    async def _node(self, link: Link, depth: int, capacity: int) -> FileNode:
        async with self._slots:
            block = await self._block(link.cid.digest)
        node = open_link(link, block, depth)
        check_cut(link.cid, node, capacity)
        return node

    def candidates(self) -> list[Source]:
        """The sources that may still be asked."""
        return [source for source in self._sources if self._book.refusal(source) is None]

    async def _block(self, digest: bytes) -> bytes:
        """One block from the store or the first source to deliver it; a late source gets company, not a deadline."""
        held = await self._fetcher.held(digest)
        if held is not None:
            return held
        waiting = self.candidates()
        started: list[asyncio.Task[bytes]] = []
        running: set[asyncio.Task[bytes]] = set()
        try:
            while waiting or running:
                if waiting:
                    source = min(waiting, key=self._book.rank)
                    waiting.remove(source)
                    started.append(self._fetcher.start(source, digest, self._round))
                    running.add(started[-1])
                late_seconds = self._fetcher.patience_seconds() if waiting else None
                done, running = await asyncio.wait(running, timeout=late_seconds, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    error = task.exception()
                    if error is None:
                        return task.result()
                    if not isinstance(error, PeerError):
                        raise error
                    self.failures.append(error)
        finally:
            for task in started:
                task.cancel()
            await asyncio.gather(*started, return_exceptions=True)
        raise FetchFailed(Cid(RAW, digest), [*self.failures, *self._excluded()])

    def _excluded(self) -> list[PeerLied]:
        """Why sources were not asked that have not failed in this very attempt."""
        told = {failure.source.address for failure in self.failures}
        refusals = [self._book.refusal(source) for source in self._sources if source.address not in told]
        return [refusal for refusal in refusals if refusal is not None]


def _assemble(cid: Cid, nodes: dict[Cid, FileNode]) -> bytes:
    check_encoding(cid, nodes)
    return join_nodes(cid, nodes)

"""Get an object by its digest from several peers at once, believing none of them.

The unit is the block: asked from the peer that should answer soonest, from the next one as well when it is late, and
checked against its digest on arrival. A block that passed is in the store, so a fetch that was cut off goes on where
it stopped. Whoever sends wrong bytes is not asked again until the round is forgotten; silence is never a crime.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from node.exchange.errors import FetchFailed, PeerBusy, PeerError, PeerLied, PeerTooSlow
from node.exchange.pace import Pace
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source as Source
from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing, MalformedDag, ObjectTooLarge, StoreCorrupt, WrongBlock
from node.storage.store import ContentStore
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES, UNIXFS_V1_2025, child_capacity, root_of
from node.storage.unixfs_reader import FileNode, Link, open_link, parse_block, root_cid

_BLOCKS_IN_FLIGHT_PER_SOURCE = 4
_TRIES_WHILE_BUSY = 8
_TIE_BREAK_SECONDS = 1e-9  # among peers never asked, the one with fewer requests open


@dataclass(frozen=True)
class Dropped:
    """Why a peer is not asked: the round it lied in, and what it did."""

    round: int
    cause: str


class Fetcher:
    """Fetches objects into `store`. One for the life of a peer, so that it knows who is fast."""

    def __init__(
        self, session: aiohttp.ClientSession, store: ContentStore, *, self_address: str, pace: Pace | None = None
    ) -> None:
        self._client = PeerClient(session, self_address, pace)
        self._store = store
        self._paces: dict[Source, Pace] = {}
        self._in_flight: Counter[Source] = Counter()
        self._failures_in_a_row: Counter[Source] = Counter()
        self._dropped: dict[str, Dropped] = {}

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
        attempt = _Attempt(self, digest, tuple(sources), round)
        try:
            async with asyncio.timeout(within_seconds):
                return await attempt.run(maximum_bytes)
        except TimeoutError:
            late = [PeerTooSlow(s, f"not done after {within_seconds:.1f} s") for s in attempt.candidates()]
            raise FetchFailed(Cid(RAW, digest), [*attempt.failures, *late]) from None

    def drop(self, address: str, round: int, cause: str) -> None:
        """Ask this peer nothing until `forget(round)`."""
        self._dropped[address] = Dropped(round, cause)

    def dropped(self) -> dict[str, Dropped]:
        """The peers that are not asked now, by address."""
        return dict(self._dropped)

    def forget(self, round: int) -> None:
        """Give everybody who lied in this round or before another chance."""
        self._dropped = {a: dropped for a, dropped in self._dropped.items() if dropped.round > round}

    def rank(self, source: Source) -> float:
        """Seconds until this source would have answered one more block; a peer never asked counts as average."""
        expected = self._paces.get(source, self._client.pace).expected_seconds(MAXIMUM_BLOCK_BYTES)
        waiting = self._in_flight[source]
        penalty = self._failures_in_a_row[source] * self.patience_seconds()
        return (waiting + 1) * expected + waiting * _TIE_BREAK_SECONDS + penalty

    def start(self, source: Source, digest: bytes, round: int) -> asyncio.Task[bytes]:
        """Ask one source in a task of its own, counted as in flight from this moment."""
        self._in_flight[source] += 1
        task = asyncio.create_task(self._ask_while_busy(source, digest, round))
        task.add_done_callback(lambda _: self._in_flight.subtract([source]))
        return task

    async def _ask_while_busy(self, source: Source, digest: bytes, round: int) -> bytes:
        """Ask one source, coming back as often as it says that it is busy, within reason."""
        for _ in range(_TRIES_WHILE_BUSY - 1):
            try:
                return await self._ask(source, digest, round)
            except PeerBusy as busy:
                await asyncio.sleep(busy.retry_after_seconds)
        return await self._ask(source, digest, round)

    async def _ask(self, source: Source, digest: bytes, round: int) -> bytes:
        """Get one checked block from one source and keep it. Raises PeerError; a liar is dropped."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        pace = self._paces.setdefault(source, Pace())
        try:
            block, transfer = await self._client.block(source, digest)
            pace.observe(transfer.first_byte_seconds or 0.0, loop.time() - started, len(block))
            await asyncio.to_thread(self._store.put_block, block, digest)
            self._failures_in_a_row.pop(source, None)
            return block
        except WrongBlock:
            self.drop(source.address, round, f"wrong bytes for {Cid(RAW, digest)}")
            raise PeerLied(source, f"sent wrong bytes for {Cid(RAW, digest)}") from None
        except PeerLied as error:
            self.drop(source.address, round, error.cause)
            raise
        except PeerError:
            self._failures_in_a_row[source] += 1
            raise
        except asyncio.CancelledError:
            # Overtaken by another source: remember that this one was slow, so that it is asked later next time.
            elapsed = loop.time() - started
            pace.observe(elapsed, elapsed, 0)
            raise

    def patience_seconds(self) -> float:
        """Seconds after which a block counts as late and is asked from the next source as well."""
        return self._client.pace.patience_seconds(MAXIMUM_BLOCK_BYTES)

    async def held(self, digest: bytes) -> bytes | None:
        """The block, if the store has it whole."""
        try:
            return await asyncio.to_thread(self._store.get_block, digest)
        except (BlockMissing, StoreCorrupt):
            return None

    async def assemble(self, cid: Cid) -> bytes:
        """The whole object, from the store; must be cut as our importer cuts, so that bytes have one digest."""
        data = await asyncio.to_thread(self._store.get, cid)
        if await asyncio.to_thread(root_of, data) != cid:
            raise MalformedDag(cid, f"its nodes are not written as the profile {UNIXFS_V1_2025.name} writes them")
        return data


class _Attempt:
    """One fetch: its sources, and what went wrong with them so far."""

    def __init__(self, fetcher: Fetcher, digest: bytes, sources: tuple[Source, ...], round: int) -> None:
        self._fetcher, self._digest, self._sources, self._round = fetcher, digest, sources, round
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
        await self._descend(cid, root)
        return await self._fetcher.assemble(cid)

    async def _descend(self, cid: Cid, root: FileNode) -> None:
        """Fetch everything below the root, level by level, each level in parallel."""
        capacity = child_capacity(root.file_bytes)
        level, depth = _children(cid, root, capacity), 1
        while level:
            capacity //= UNIXFS_V1_2025.links
            unique = tuple({link.cid.digest: link for link in level}.values())
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._node(link, depth, capacity)) for link in unique]
            except BaseExceptionGroup as failed:
                raise failed.exceptions[0] from None
            level = tuple(link for task in tasks for link in task.result())
            depth += 1

    async def _node(self, link: Link, depth: int, capacity: int) -> tuple[Link, ...]:
        async with self._slots:
            block = await self._block(link.cid.digest)
        return _children(link.cid, open_link(link, block, depth), capacity)

    def candidates(self) -> list[Source]:
        """The sources that may still be asked."""
        dropped = self._fetcher.dropped()
        return [source for source in self._sources if source.address not in dropped]

    async def _block(self, digest: bytes) -> bytes:
        held = await self._fetcher.held(digest)
        if held is not None:
            return held
        waiting = self.candidates()
        running: set[asyncio.Task[bytes]] = set()
        try:
            while waiting or running:
                if waiting:
                    source = min(waiting, key=self._fetcher.rank)
                    waiting.remove(source)
                    running.add(self._fetcher.start(source, digest, self._round))
                late = self._fetcher.patience_seconds() if waiting else None
                done, running = await asyncio.wait(running, timeout=late, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    error = task.exception()
                    if error is None:
                        return task.result()
                    if not isinstance(error, PeerError):
                        raise error
                    self.failures.append(error)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        raise FetchFailed(Cid(RAW, digest), [*self.failures, *self._excluded()])

    def _excluded(self) -> list[PeerError]:
        dropped = self._fetcher.dropped()
        told = {failure.source.address for failure in self.failures}
        return [
            PeerLied(s, f"dropped in round {dropped[s.address].round}: {dropped[s.address].cause}")
            for s in self._sources
            if s.address in dropped and s.address not in told
        ]


def _children(cid: Cid, node: FileNode, capacity: int) -> tuple[Link, ...]:
    """The links of a node, if it is cut as our profile cuts: full children, then one with the rest.

    Checked before any child is asked for: a tree of tiny leaves would cost thousands of requests.
    """
    sizes = [link.file_bytes for link in node.links]
    full = [capacity] * (len(sizes) - 1)
    if sizes and (sizes[:-1] != full or not 0 < sizes[-1] <= capacity):
        raise MalformedDag(cid, f"it is not cut by the profile {UNIXFS_V1_2025.name}")
    return node.links

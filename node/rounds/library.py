"""Where a peer gets the objects a round is about: its own store first, then whoever may have them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from contracts.attestation import Domain
from node.checkpoint import Checkpoint, genesis
from node.codec import Update
from node.exchange.fetch import Fetcher, Source
from node.manifest import Manifest
from node.observer import ChainObserver
from node.rounds.history import Reveal, RoundHistory
from node.rounds.inputs import open_update
from node.storage.store import ContentStore

MESSAGE_OVERHEAD_BYTES = 4096
CHECKPOINT_OVERHEAD_BYTES = 4096


class Library:
    """Checkpoints and updates by digest, checked on arrival, kept in the store afterwards."""

    def __init__(
        self,
        manifest: Manifest,
        domain: Domain,
        store: ContentStore,
        fetcher: Fetcher,
        observer: ChainObserver,
        me: str,
    ) -> None:
        self._manifest, self._domain, self._store, self._fetcher = manifest, domain, store, fetcher
        self._observer, self._me = observer, me
        self._checkpoints: dict[bytes, Checkpoint] = {}
        first = genesis(manifest)
        self.genesis_digest = self.keep(first, first.to_bytes())

    def keep(self, checkpoint: Checkpoint, data: bytes) -> bytes:
        """Store a checkpoint whose bytes are known to be right; returns its digest."""
        digest = self._store.add(data).digest
        # Only the newest few are needed in memory: base and previous of the current round, and the next.
        self._checkpoints = {**dict(list(self._checkpoints.items())[-3:]), digest: checkpoint}
        return digest

    async def checkpoint(self, digest: bytes) -> Checkpoint:
        """The checkpoint with this digest, from memory, store or peers. Raises FetchFailed or MalformedCheckpoint."""
        if digest not in self._checkpoints:
            limit = (
                4 * self._manifest.layout.parameter_count + CHECKPOINT_OVERHEAD_BYTES + len(self._manifest.to_bytes())
            )
            data = await self.fetch(digest, self._everybody(), maximum_bytes=limit)
            self.keep(await asyncio.to_thread(Checkpoint.from_bytes, data, self._manifest), data)
        return self._checkpoints[digest]

    async def base(self, round_: RoundHistory) -> tuple[Checkpoint, Checkpoint | None]:
        """The checkpoint a round starts from, and the one before it (None when it starts from genesis)."""
        base = await self.checkpoint(round_.base_digest)
        return base, None if base.round == 0 else await self.checkpoint(base.previous_digest)

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: Iterable[str]) -> Update:
        """A revealed update, fetched, parsed and checked against what was revealed.

        `holders`: accounts that signed to have it, asked after its owner. Raises FetchFailed or MalformedMessage.
        """
        owner = round_.commit_by_seat[reveal.seat].owner
        data = await self.fetch(reveal.digest, self._sources([owner, *holders]), maximum_bytes=self.message_limit_bytes)
        return await asyncio.to_thread(open_update, data, self._manifest, self._domain, round_, reveal)

    @property
    def message_limit_bytes(self) -> int:
        """No valid message is longer: every entry takes at most 6 bytes, every chunk 8."""
        layout = self._manifest.layout
        return 6 * int(layout.chunk_counts.sum()) + 8 * layout.chunk_count + MESSAGE_OVERHEAD_BYTES

    async def fetch(self, digest: bytes, sources: list[Source], *, maximum_bytes: int) -> bytes:
        """Bytes by digest, from the store or from peers."""
        return await self._fetcher.fetch(digest, sources, maximum_bytes=maximum_bytes)

    def _everybody(self) -> list[Source]:
        return self._sources(self._observer.history.endpoints)

    def _sources(self, accounts: Iterable[str]) -> list[Source]:
        endpoints = self._observer.history.endpoints
        unique = dict.fromkeys(account for account in accounts if account != self._me and account in endpoints)
        return [Source(account, endpoints[account].url) for account in unique]

"""Where a peer gets the objects a round is about: its own store first, then whoever may have them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from contracts.attestation import Domain
from contracts.values import Address
from node.checkpoint import Checkpoint, checkpoint_limit_bytes, genesis
from node.codec import Update, message_limit_bytes
from node.exchange.fetch import Fetcher
from node.exchange.source import Source
from node.manifest import Manifest
from node.observer import ChainObserver
from node.rounds.history import Reveal, RoundHistory
from node.rounds.inputs import open_update
from node.rounds.record import MessageFile
from node.storage.store import ContentStore
from node.storage.unixfs_reader import file_size, root_cid


class Library:
    """Checkpoints and updates by digest, checked on arrival, kept in the store afterwards."""

    def __init__(
        self,
        manifest: Manifest,
        domain: Domain,
        store: ContentStore,
        fetcher: Fetcher,
        observer: ChainObserver,
        me: Address,
    ) -> None:
        self.manifest, self._domain, self._store, self._fetcher = manifest, domain, store, fetcher
        self._observer, self._me = observer, me
        self._checkpoints: dict[bytes, Checkpoint] = {}

    async def open(self) -> bytes:
        """Put the first checkpoint into the store; returns its digest."""
        first = await asyncio.to_thread(genesis, self.manifest)
        return await self.keep(first, first.to_bytes())

    async def keep(self, checkpoint: Checkpoint, data: bytes) -> bytes:
        """Store a checkpoint whose bytes are known to be right; returns its digest."""
        digest = (await asyncio.to_thread(self._store.add, data)).digest
        # Only the newest few are needed in memory: base and previous of the current round, and the next.
        self._checkpoints = {**dict(list(self._checkpoints.items())[-3:]), digest: checkpoint}
        return digest

    async def checkpoint(self, digest: bytes) -> Checkpoint:
        """The checkpoint with this digest, from memory, store or peers. Raises FetchFailed or MalformedCheckpoint."""
        if digest not in self._checkpoints:
            limit = checkpoint_limit_bytes(self.manifest)
            data = await self._fetcher.fetch(digest, self._everybody(), maximum_bytes=limit)
            await self.keep(await asyncio.to_thread(Checkpoint.from_bytes, data, self.manifest), data)
        return self._checkpoints[digest]

    async def base(self, round_: RoundHistory) -> tuple[Checkpoint, Checkpoint | None]:
        """The checkpoint a round starts from, and the one before it (None when it starts from genesis)."""
        base = await self.checkpoint(round_.base_digest)
        return base, None if base.round == 0 else await self.checkpoint(base.previous_digest)

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: Iterable[Address]) -> Update:
        """A revealed update, fetched, parsed and checked against what was revealed.

        `holders`: accounts that signed to have it, asked after its owner. Raises FetchFailed or MalformedMessage.
        """
        owner = round_.commit_by_seat[reveal.seat].owner
        data = await self._fetcher.fetch(
            reveal.digest,
            self.sources([owner, *holders]),
            maximum_bytes=message_limit_bytes(self.manifest.layout),
            round=round_.number,
        )
        return await asyncio.to_thread(open_update, data, self.manifest, self._domain, round_, reveal)

    def forgive(self, round_number: int) -> None:
        """Ask those again who sent wrong bytes up to this round."""
        self._fetcher.forget(round_number)

    def file(self, digest: bytes) -> MessageFile:
        """Identifier and length of an object in the store."""
        cid = root_cid(self._store.get_block(digest))
        return MessageFile(cid, file_size(lambda link: self._store.get_block(link.digest), cid))

    def _everybody(self) -> list[Source]:
        return self.sources(self._observer.history.member_endpoints)

    def sources(self, accounts: Iterable[Address]) -> list[Source]:
        """Where these accounts serve, as far as they say; never this peer itself."""
        endpoints = self._observer.history.endpoints
        unique = dict.fromkeys(account for account in accounts if account != self._me and account in endpoints)
        return [Source(account, endpoints[account].url) for account in unique]

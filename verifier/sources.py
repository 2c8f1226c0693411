"""Where an audit reads from: one small interface, and its online form, the gateways of peers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import aiohttp

from contracts.events import EndpointChanged
from node.errors import StorageError
from node.exchange.errors import FetchFailed, PeerBusy, PeerError, PeerLied
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source as Peer
from node.storage.memory import MemoryStore
from verifier.chain_record import ChainRecord
from verifier.errors import ArchiveDamaged
from verifier.objects import ObjectName
from verifier.verdict import shown

# An auditor holds no seat: peers see who asks, and that it is nobody of the swarm.
AUDITOR: Final = "0x" + "00" * 20
TRIES_WHILE_BUSY: Final = 8


@dataclass(frozen=True)
class Missing:
    """An object that could not be had; `reason` names who was asked and what they said."""

    reason: str


@dataclass(frozen=True)
class Damaged:
    """Bytes that are not the object. `found`: what they are instead; `reason`: where they came from."""

    found: str
    reason: str


@dataclass(frozen=True)
class Published:
    """The record of a round as `origin` serves it."""

    origin: str
    data: bytes


class Source(Protocol):
    """What an audit needs."""

    def chain(self) -> ChainRecord:
        """What the chain says. Raises ArchiveDamaged."""

    async def read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Missing | Damaged:
        """The bytes of an object whose identifier has this sha2-256 digest."""

    def records(self, name: ObjectName) -> AsyncIterator[Published | Missing]:
        """The record of a round from one origin after another."""

    def damages(self) -> Sequence[ArchiveDamaged]:
        """What is wrong with the source itself, whether or not an audit read it."""


class GatewaySource:
    """A chain record that was read before, and peers' gateways: whatever they send is checked on arrival."""

    def __init__(self, chain: ChainRecord, peers: Sequence[Peer], session: aiohttp.ClientSession) -> None:
        self._chain, self._peers = chain, tuple(peers)
        self._client = PeerClient(session, AUDITOR)
        self._store = MemoryStore()
        self._fetcher = Fetcher(session, self._store, self_address=AUDITOR)
        self._reading = 0

    def chain(self) -> ChainRecord:
        """See Source."""
        return self._chain

    async def read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Missing | Damaged:
        """See Source. Damaged only if somebody sent wrong bytes and nobody the right ones."""
        self._reading += 1
        try:
            return await self._fetcher.fetch(digest, self._peers, maximum_bytes=maximum_bytes)
        except FetchFailed as error:
            liars = [failure for failure in error.failures if isinstance(failure, PeerLied)]
            if not liars:
                return Missing(str(error))
            return Damaged(await self._sent_instead(liars[0], error.cid.digest), str(error))
        except StorageError as error:
            # The blocks are what their names say, but not an object of ours.
            return Damaged(str(error), f"identified by {shown(digest)}")
        finally:
            self._reading -= 1
            # Objects are read side by side: blocks may go only when none of them is being put together.
            if self._reading == 0:
                self._store.collect_garbage()

    async def records(self, name: ObjectName) -> AsyncIterator[Published | Missing]:
        """See Source."""
        if not self._peers:
            yield Missing("no peer has announced an endpoint")
        for peer in self._peers:
            try:
                data = await self._record(peer, name.round or 0)
            except PeerError as error:
                yield Missing(str(error))
            else:
                yield Published(f"{peer.address} at {peer.url}", data)

    def damages(self) -> Sequence[ArchiveDamaged]:
        """See Source: peers are not damaged, they lie."""
        return ()

    async def _record(self, peer: Peer, number: int) -> bytes:
        """The record a peer serves, asked for again as often as it says that it is busy, within reason."""
        for _ in range(TRIES_WHILE_BUSY - 1):
            try:
                return await self._client.record(peer, number)
            except PeerBusy as busy:
                await asyncio.sleep(busy.retry_after_seconds)
        return await self._client.record(peer, number)

    async def _sent_instead(self, liar: PeerLied, digest: bytes) -> str:
        """What a peer that sent wrong bytes sends now: the digest tells more than that it was wrong."""
        try:
            block, _ = await self._client.block(liar.source, digest)
        except PeerError as error:
            return error.cause
        return shown(hashlib.sha256(block).digest())


def announced_peers(record: ChainRecord) -> tuple[Peer, ...]:
    """The newest endpoint of every account, most recently announced first."""
    newest = {event.account: event.url for event in record.events if isinstance(event, EndpointChanged)}
    recent = dict.fromkeys(event.account for event in reversed(record.events) if isinstance(event, EndpointChanged))
    return tuple(Peer(account, newest[account]) for account in recent if newest[account])

"""Handing a round's envelopes to each neighbour, as often as it takes, until the next round has newer ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from node.exchange.envelope import Envelope
from node.exchange.errors import PeerError
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source

_TRY_AGAIN: Final = (408, 429, 500, 502, 503, 504, 507)
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0


class Delivery:
    """One task a neighbour. A neighbour that is down costs nothing but the attempts."""

    def __init__(self, client: PeerClient) -> None:
        self._client = client
        self._running: dict[Source, asyncio.Task[None]] = {}

    def start(self, neighbour: Source, envelopes: Sequence[Envelope]) -> None:
        """Deliver `envelopes`, in this order, instead of what had not arrived of earlier ones."""
        earlier = self._running.get(neighbour)
        if earlier is not None:
            earlier.cancel()
        self._running[neighbour] = asyncio.create_task(self._deliver(neighbour, envelopes))

    async def close(self) -> None:
        """Stop."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _deliver(self, neighbour: Source, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            pause = _FIRST_PAUSE_SECONDS
            while not await self._settled(neighbour, envelope):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _settled(self, neighbour: Source, envelope: Envelope) -> bool:
        """Whether there is no point in posting it again: taken, known, or refused for good."""
        try:
            return await self._client.post_envelope(neighbour, envelope.encoded) not in _TRY_AGAIN
        except PeerError:
            return False

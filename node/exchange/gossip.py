"""Spread envelopes: hand new ones to a few peers, and ask one peer now and then what was missed.

A sender pushes its own envelopes to `fan_out` peers. In a swarm no larger than that it reaches everybody at once, so
nobody forwards; in a larger one every receiver forwards what is new to it to `fan_out` more (infect and die: all but
e^-fan_out of the peers). Anti-entropy mends the rest: lost pushes, restarts, partitions.

Source: Demers et al., Epidemic algorithms for replicated database maintenance, PODC 1987.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Sequence

import aiohttp

from node.errors import ExchangeError
from node.exchange.envelope import Envelope
from node.exchange.errors import PeerError
from node.exchange.mailbox import Mailbox, Verdict
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source

FAN_OUT = 8
_OUTBOX_LENGTH = 256
_MISSING_PER_VISIT = 512


class EnvelopeRefused(ExchangeError):
    """Our own mailbox did not take our own envelope; `verdict` says why."""

    exit_code = 1

    def __init__(self, envelope: Envelope, verdict: Verdict) -> None:
        super().__init__(f"our {envelope.kind} of round {envelope.round} was refused as {verdict.value}")
        self.envelope, self.verdict = envelope, verdict


class Gossip:
    """Keeps `mailbox` and those of `peers()` alike. `random_source` draws whom to push to and whom to ask."""

    def __init__(
        self,
        mailbox: Mailbox,
        session: aiohttp.ClientSession,
        peers: Callable[[], Sequence[Source]],
        *,
        self_address: str,
        random_source: random.Random,
        fan_out: int = FAN_OUT,
        interval_seconds: float = 2.0,
    ) -> None:
        self._mailbox, self._peers, self._self_address = mailbox, peers, self_address
        self._client = PeerClient(session, self_address)
        self._random, self._fan_out, self._interval_seconds = random_source, fan_out, interval_seconds
        self._outboxes: dict[Source, deque[bytes]] = {}
        self._senders: set[asyncio.Task[None]] = set()
        mailbox.listen(self._spread)

    async def publish(self, envelope: Envelope) -> None:
        """Put an envelope of ours into the mailbox and on its way. Raises EnvelopeRefused."""
        verdict = self._mailbox.offer(envelope.encoded)
        if verdict not in (Verdict.ADDED, Verdict.DUPLICATE):
            raise EnvelopeRefused(envelope, verdict)

    async def run(self) -> None:
        """Anti-entropy until cancelled: at once, then every `interval_seconds`, with one random peer."""
        try:
            while True:
                others = self._others()
                if others:
                    with contextlib.suppress(PeerError):
                        await self.reconcile(self._random.choice(others))
                await asyncio.sleep(self._interval_seconds * self._random.uniform(0.5, 1.5))
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop pushing."""
        for task in self._senders:
            task.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def reconcile(self, source: Source) -> int:
        """Take from one peer what it holds and we do not; return how many were new. Raises PeerError.

        Stops at the first envelope that no honest peer could hold.
        """
        self._mailbox.expire()
        missing = [item for item in await self._client.envelope_hashes(source) if not self._mailbox.knows(item)]
        added = 0
        for item in missing[:_MISSING_PER_VISIT]:
            verdict = self._mailbox.offer(await self._client.envelope(source, item))
            added += verdict is Verdict.ADDED
            if verdict in (Verdict.MALFORMED, Verdict.FORGED):
                break
        return added

    def _others(self) -> list[Source]:
        return [peer for peer in self._peers() if peer.address != self._self_address]

    def _spread(self, envelope: Envelope) -> None:
        """Queue a new envelope for the peers it should go to."""
        others = [peer for peer in self._others() if peer.address != envelope.sender]
        if envelope.sender != self._self_address and len(others) < self._fan_out:
            return
        for peer in self._random.sample(others, min(self._fan_out, len(others))):
            outbox = self._outboxes.get(peer)
            if outbox is None:
                outbox = self._outboxes[peer] = deque(maxlen=_OUTBOX_LENGTH)
                task = asyncio.get_running_loop().create_task(self._drain(peer, outbox))
                self._senders.add(task)
                task.add_done_callback(self._senders.discard)
            outbox.append(envelope.encoded)

    async def _drain(self, peer: Source, outbox: deque[bytes]) -> None:
        """Hand over what waits for one peer, one by one; a peer that fails gets the rest by anti-entropy."""
        try:
            while outbox:
                await self._client.post_envelope(peer, outbox[0])
                outbox.popleft()
        except PeerError:
            pass
        finally:
            self._outboxes.pop(peer, None)

"""Gateways of peers for tests: in the test's own event loop, or in a thread for code that blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from contracts.attestation import Domain, checksum_address
from node.exchange.content_routes import Policy
from node.exchange.gateway import Gateway
from node.exchange.limits import GatewayLimits
from node.exchange.mailbox import Mailbox
from node.storage.store import ContentStore

DOMAIN = Domain(31337, checksum_address(b"\x11" * 20))


@dataclass
class BookOfRecords:
    """Records of rounds in memory."""

    rounds: dict[int, bytes] = field(default_factory=dict)

    def latest(self) -> int | None:
        return max(self.rounds, default=None)

    def get(self, round: int) -> bytes | None:
        return self.rounds.get(round)


def open_mailbox(domain: Domain = DOMAIN) -> Mailbox:
    """A mailbox at time 1000 in which everybody may speak."""
    return Mailbox(domain, clock=lambda: 1000, is_member=lambda address: True)


def make_gateway(
    store: ContentStore,
    *,
    mailbox: Mailbox | None = None,
    records: BookOfRecords | None = None,
    policy: Policy | None = None,
    limits: GatewayLimits | None = None,
) -> Gateway:
    """A gateway with whatever a test does not care about left empty."""
    box = open_mailbox() if mailbox is None else mailbox  # an empty mailbox is false
    return Gateway(store, box, records or BookOfRecords(), policy=policy, limits=limits)


@contextmanager
def gateway_in_thread(store: ContentStore, policy: Policy | None = None) -> Iterator[str]:
    """Serve `store` from another thread; gives the base URL."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    started = threading.Event()
    urls: list[str] = []

    async def serve() -> None:
        async with make_gateway(store, policy=policy).serve("127.0.0.1", 0) as url:
            urls.append(url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(30), "the gateway did not start"
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

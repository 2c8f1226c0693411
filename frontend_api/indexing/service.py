"""Keeps an index up to date for as long as it runs: one loop follows the chain, one collects records.

What a loop expects to fail (an unreachable chain, peers that are away, a locked database) is told in `state` and tried
again; a bug ends the service, which `state` tells too. When the endpoint serves another chain, nothing in the index is
worth anything there: `replaced` says so until the chain is back.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

import structlog
from sqlalchemy.exc import DBAPIError

from contracts.errors import SwarmProofError
from frontend_api.indexing.collector import RecordCollector
from frontend_api.indexing.indexer import Indexer
from node.observer import ChainReplaced

POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


class IndexService:
    """Runs an indexer and its collector. `state` and `cause` say how it goes, `replaced` whether the chain is gone."""

    def __init__(self, indexer: Indexer, collector: RecordCollector, *, poll_seconds: float = POLL_SECONDS) -> None:
        self.indexer, self.collector = indexer, collector
        self.state: Literal["starting", "following", "failing"] = "starting"
        self.cause: str | None = None
        self.replaced: ChainReplaced | None = None
        self._poll_seconds = poll_seconds
        self._accepted = asyncio.Event()

    async def run(self) -> None:
        """Follow and collect until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow())
                tasks.create_task(self._collect())
        except ExceptionGroup as error:
            self.state, self.cause = "failing", f"a bug: {error.exceptions[0]!r}"
            structlog.get_logger("index").critical("stopped", exc_info=error)
            raise

    async def _follow(self) -> None:
        pause = self._poll_seconds
        while True:
            before = self.indexer.state
            try:
                moved = await self.indexer.step()
            except (SwarmProofError, DBAPIError) as error:
                if self.cause != str(error):
                    structlog.get_logger("index").warning("cannot follow the chain", cause=str(error))
                self.state, self.cause = "failing", str(error)
                if isinstance(error, ChainReplaced):
                    self.replaced = error
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            pause, self.replaced = self._poll_seconds, None
            if not moved:
                self.state, self.cause = "following", None
                await asyncio.sleep(pause)
            elif before is not self.indexer.state:
                self._accepted.set()

    async def _collect(self) -> None:
        pause = self._poll_seconds
        while True:
            self._accepted.clear()
            stored = 0
            with contextlib.suppress(DBAPIError):  # a locked database, say: asked again after a pause
                stored = await self.collector.collect(self.indexer.state)
            # What nobody has today somebody may have when they are back: ask again, ever more seldom.
            pause = self._poll_seconds if stored else min(2 * pause, LONGEST_PAUSE_SECONDS)
            timeout = pause if self.collector.missing else None
            try:
                await asyncio.wait_for(self._accepted.wait(), timeout)
                pause = self._poll_seconds
            except TimeoutError:
                continue

"""What others sent: fetched, and believed only as far as it was checked."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping

import numpy as np

from node.aggregation.sketch import CountSketch
from node.checkpoint import Checkpoint, Theta, checkpoint_limit_bytes, genesis
from node.errors import MalformedCheckpoint, StorageError
from node.exchange.errors import FetchFailed
from node.exchange.fetch import Fetcher
from node.exchange.source import Source
from node.manifest import Manifest
from node.neighbourhood.history import History, history_of
from node.neighbourhood.statements import ModelStatement


class Refusal(enum.Enum):
    """Why a neighbour has no part in a round."""

    LATE = "late"  # it said nothing about this round while we waited
    NOT_AVAILABLE = "not-available"  # it did not serve what it announced
    MALFORMED = "malformed"  # what it serves is no model of this manifest and round
    FORGED_HISTORY = "forged-history"  # its history is not that of its model


class Intake:
    """Gets and checks the models of neighbours. `sources`: where each of them serves, by address."""

    def __init__(self, manifest: Manifest, fetcher: Fetcher, sources: Mapping[str, Source]) -> None:
        self._manifest, self._fetcher, self._sources = manifest, fetcher, sources
        self._sketch = CountSketch(manifest.history_buckets, manifest.digest)
        self._start = genesis(manifest).theta

    def history(self, theta: Theta) -> History:
        """The history of a model: what its author has to say of it."""
        return history_of(theta, self._start, self._manifest.layout, self._sketch)

    async def model(self, statement: ModelStatement, *, within_seconds: float) -> Theta | Refusal:
        """The model a neighbour announced, int32 (d,), or why it is refused."""
        try:
            data = await self._fetcher.fetch(
                statement.digest,
                [self._sources[statement.author]],
                maximum_bytes=checkpoint_limit_bytes(self._manifest, seats=0),  # a model, no memory of others
                round=statement.round,
                within_seconds=within_seconds,
            )
            checkpoint = Checkpoint.from_bytes(data, self._manifest)
        except FetchFailed:
            return Refusal.NOT_AVAILABLE
        except (MalformedCheckpoint, StorageError):
            return Refusal.MALFORMED
        if checkpoint.round != statement.round:
            return Refusal.MALFORMED
        if not np.array_equal(await asyncio.to_thread(self.history, checkpoint.theta), statement.history):
            return Refusal.FORGED_HISTORY
        return checkpoint.theta

    def forgive(self, before_round: int) -> None:
        """Ask again those who sent wrong bytes in earlier rounds."""
        self._fetcher.forget(before_round - 1)

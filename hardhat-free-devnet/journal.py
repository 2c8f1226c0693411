"""What happened to the chain, in order, for whoever wants to hear of it once: filters and subscriptions.

A reader keeps a position and asks for what came after it. Only the newest entries are kept, so that nobody's absence
costs memory: a reader that was away too long misses what was dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from devnet.index import IndexedBlock

CAPACITY = 1 << 14

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Change:
    """A block that became the head, or, `removed`, one that is no longer part of the chain."""

    block: IndexedBlock
    removed: bool


class Journal(Generic[Entry]):
    """The caller holds the chain's lock around every method."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._listeners: list[Callable[[], None]] = []
        self.position = 0

    def append(self, entry: Entry) -> None:
        """Add an entry and tell the listeners, who must neither block nor read in their call."""
        self._entries.append(entry)
        self.position += 1
        for listener in self._listeners:
            listener()

    def since(self, position: int) -> list[Entry]:
        """The entries after a position, as far as they are kept."""
        new = min(self.position - position, len(self._entries))
        return list(islice(self._entries, len(self._entries) - new, None))

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this after every entry from now on."""
        self._listeners.append(listener)

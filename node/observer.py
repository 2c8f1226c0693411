"""Follows the chain: the head, and the project's history folded from its events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from contracts.chain import Chain, Head
from contracts.values import Address
from node.errors import NodeError
from node.rounds.history import SwarmHistory, fold_all


class ChainReplaced(NodeError):
    """The endpoint serves another chain than before, from its first block on; `before` and `now`: hashes of block 0."""

    exit_code = 4

    def __init__(self, before: bytes | None, now: bytes | None) -> None:
        was, is_ = ("missing" if item is None else "0x" + item.hex() for item in (before, now))
        super().__init__(f"the endpoint serves another chain than before: block 0 was {was}, is {is_}")
        self.before, self.now = before, now


class ChainObserver:
    """One project's history as of the newest block seen. Time is the head's timestamp, never this machine's clock."""

    def __init__(self, chain: Chain, addresses: Sequence[Address], start: SwarmHistory, *, from_block: int) -> None:
        self._chain, self._addresses = chain, list(addresses)
        self._start, self._from_block = start, from_block
        self._read_to: Head | None = None
        self._first_block: bytes | None = None
        self.history = start
        self.head = Head(number=-1, hash=bytes(32), timestamp=0)

    async def until(self, condition: Callable[[], bool], *, poll_seconds: float = 0.05) -> None:
        """Look at the chain until it has brought a condition about."""
        await self.refresh()
        while not condition():
            await asyncio.sleep(poll_seconds)
            await self.refresh()

    async def refresh(self) -> bool:
        """Read what is new; True when the head moved. Raises ChainUnreachable, ChainReplaced.

        After a reorganisation the history is folded again from the first block: rare, and always right.
        """
        head = await self._chain.head()
        if head == self.head:
            return False
        if self._read_to is None:
            self._first_block = await self._chain.block_hash(0)
        elif await self._chain.block_hash(self._read_to.number) != self._read_to.hash:
            first_block = await self._chain.block_hash(0)
            if first_block != self._first_block:
                raise ChainReplaced(self._first_block, first_block)
            self.history, self._read_to = self._start, None
        first = self._from_block if self._read_to is None else self._read_to.number + 1
        if first <= head.number:
            events = await self._chain.logs(self._addresses, first, head.number)
            self.history = fold_all(self.history, events)
        self.head = self._read_to = head
        return True

"""Follows the chain: the head, and a history folded from events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import structlog

from contracts.chain import Chain, Head
from contracts.errors import SwarmProofError
from contracts.events import Event
from contracts.values import Address
from node.errors import NodeError
from node.rounds.folding import fold_all
from node.rounds.history import SwarmHistory

H = TypeVar("H")


class ChainReplaced(NodeError):
    """The endpoint serves another chain than before, from its first block on; `before` and `now`: hashes of block 0."""

    exit_code = 4

    def __init__(self, before: bytes | None, now: bytes | None) -> None:
        was, is_ = ("missing" if item is None else "0x" + item.hex() for item in (before, now))
        super().__init__(f"the endpoint serves another chain than before: block 0 was {was}, is {is_}")
        self.before, self.now = before, now


class HistoryObserver(Generic[H]):
    """A history of some contracts as of the newest block seen, from `start` on by `fold`.

    Time is the head's timestamp, never this machine's clock.
    """

    def __init__(
        self,
        chain: Chain,
        addresses: Sequence[Address],
        start: H,
        fold: Callable[[H, Iterable[Event]], H],
        *,
        from_block: int,
    ) -> None:
        self._chain, self._addresses = chain, list(addresses)
        self._start, self._fold, self._from_block = start, fold, from_block
        self._read_to: Head | None = None
        self._readable = True
        self._first_block: bytes | None = None
        self.history = start
        self.head = Head(number=-1, hash=bytes(32), timestamp=0)

    async def until(self, condition: Callable[[], bool], *, poll_seconds: float = 0.05) -> None:
        """Look at the chain until it has brought a condition about."""
        await self.refresh()
        while not condition():
            await asyncio.sleep(poll_seconds)
            await self.refresh()

    async def look(self) -> None:
        """Refresh; a chain that cannot be read is reported once and waited for. Raises ChainReplaced."""
        log = structlog.get_logger("chain")
        try:
            await self.refresh()
        except ChainReplaced:
            raise  # nothing this peer holds is worth anything there
        except SwarmProofError as error:
            if self._readable:
                log.warning("the chain cannot be read, waiting for it", cause=str(error))
            self._readable = False
            return
        if not self._readable:
            log.info("the chain can be read again", block=self.head.number)
        self._readable = True

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
            self.history = self._fold(self.history, events)
        self.head = self._read_to = head
        return True


class ChainObserver(HistoryObserver[SwarmHistory]):
    """The history of one project and its registry, or of a registry alone."""

    def __init__(self, chain: Chain, addresses: Sequence[Address], start: SwarmHistory, *, from_block: int) -> None:
        super().__init__(chain, addresses, start, fold_all, from_block=from_block)

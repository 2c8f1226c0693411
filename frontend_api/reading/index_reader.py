"""What all readers of the index share: one transaction, its head, pages of lists.

A reader lives in one transaction, so all parts of an answer belong to the same head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from frontend_api.errors import IndexEmpty
from frontend_api.indexing.database import EventFact, Position
from frontend_api.pagination import Listing, Page, next_cursor, select_page
from frontend_api.reading.listings import Rows
from frontend_api.schemas import Head, Listed, Schema

ItemT = TypeVar("ItemT", bound=Schema)
ReaderT = TypeVar("ReaderT", bound="IndexReader")


class IndexReader:
    """Reads one state of the index. `head`: the newest block in it; `time`: that of the block."""

    def __init__(self, session: AsyncSession, position: Position) -> None:
        self._session, self._position = session, position
        self.head = Head(block=position.block_number, hash=position.block_hash)
        self.time = position.timestamp

    @classmethod
    async def open(cls, session: AsyncSession) -> Self:
        """A reader on the session's transaction. Raises IndexEmpty."""
        position = await session.scalar(select(Position))
        if position is None:
            raise IndexEmpty
        return cls(session, position)

    def beside(self, kind: type[ReaderT]) -> ReaderT:
        """Another reader on the same transaction."""
        return kind(self._session, self._position)

    async def _list(
        self, statement: Rows, listing: Listing, page: Page, path: str, item: Callable[[Any], ItemT]
    ) -> Listed[ItemT]:
        rows = (await self._session.execute(select_page(statement, listing, page))).all()
        items = [item(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit
        cursor = next_cursor(listing, page, items[-1]) if more else None
        return Listed(head=self.head, items=items, next_url=f"{path}?cursor={cursor}" if cursor else None)

    async def _rows(self, table: type[Any], condition: Any, order: Any) -> Sequence[Any]:
        return (await self._session.scalars(select(table).where(condition).order_by(order))).all()

    async def _head_at(self, last: Mapping[str, Any] | None) -> Head:
        """The block of the event after which an answer never changes; without one the newest."""
        if last is None:
            return self.head
        event = await self._session.get(EventFact, (last["block"], last["log_index"]))
        return Head(block=event.block_number, hash=event.block_hash) if event else self.head

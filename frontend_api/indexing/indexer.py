"""Follows the chain into the database: idempotent, safe against reorganisations, restarting where it was.

One step reads one window of blocks and writes events, views and position in one transaction, so a process that dies at
any instruction leaves a whole index. Before each step the hash of the last block read is compared with the chain's; if
it differs, everything above the newest common block is deleted and the views are folded again from the events kept. A
chain with another first block than the one that was opened is no reorganisation: nothing of it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.chain import Chain, Head
from contracts.client import Project, Registry
from contracts.deploy import Deployment
from contracts.events import Event, ProjectCreated
from contracts.values import Address
from frontend_api.errors import IndexDamaged, IndexMismatch, database_label
from frontend_api.indexing.court_projection import court_rows, verifier_rows
from frontend_api.indexing.database import SCHEMA_VERSION, VIEWS, Base, Block, EventFact, Position
from frontend_api.indexing.projection import event_row, hexadecimal, project_rows, registry_rows
from frontend_api.indexing.state import IndexedState, ProjectTerms
from node.observer import ChainReplaced
from node.rounds.history import SwarmHistory
from verifier.archive.event_json import event_from_json
from verifier.errors import ArchiveDamaged

WINDOW_BLOCKS = 2000
BLOCKS_KEPT = 1024
POSITION = 1


@dataclass(frozen=True)
class Mark:
    """A block by number and hash."""

    number: int
    hash: str


class Indexer:
    """One deployment's index. `state`: what the tables say, as values; `chain_block`: the newest block heard of."""

    def __init__(self, chain: Chain, deployment: Deployment, engine: AsyncEngine, empty: IndexedState) -> None:
        self._chain, self._deployment, self._engine = chain, deployment, engine
        self._terms: dict[Address, ProjectTerms] = {}
        self._position: Mark | None = None
        self._first_block: bytes | None = None
        self._empty = self.state = empty
        self.chain_block: int | None = None

    @classmethod
    async def open(cls, chain: Chain, deployment: Deployment, engine: AsyncEngine) -> Indexer:
        """Open the database and go on from what it holds. Raises IndexDamaged, IndexMismatch, ChainUnreachable."""
        empty = IndexedState.start(
            deployment, verifier_stake_wei=await Registry(chain, deployment.verifier_registry).seat_stake()
        )
        indexer = cls(chain, deployment, engine, empty)
        indexer._first_block = await chain.block_hash(0)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with AsyncSession(engine) as session:
                indexer._position = await indexer._recall(session)
                indexer.state = await indexer._refold(session)
        except (DatabaseError, ArchiveDamaged) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise IndexDamaged(indexer._label, str(cause)) from error
        return indexer

    async def step(self) -> bool:
        """Read one window; False when there was nothing new. Raises ChainUnreachable, ChainReplaced, HistoryError."""
        head = await self._chain.head()
        self.chain_block = head.number
        await self._leave_abandoned_blocks(head)
        first = self._deployment.block_number if self._position is None else self._position.number + 1
        if first > head.number:
            return False
        last = min(head.number, first + WINDOW_BLOCKS - 1)
        end = head if last == head.number else await self._chain.block(last)
        events = await self._read(first, last)
        if end is None or await self._chain.block_hash(last) != end.hash:
            return True  # reorganised while we read: nothing was written, the next step starts afresh
        await self._write(end, events)
        return True

    async def catch_up(self) -> None:
        """Step until the head is reached."""
        while await self.step():
            pass

    async def _read(self, first: int, last: int) -> list[Event]:
        """Events of the window in chain order, those of projects created in it included."""
        events = await self._chain.logs(self.state.addresses, first, last)
        created = [event for event in events if isinstance(event, ProjectCreated)]
        if created:
            addresses = [address for event in created for address in (event.project, event.registry)]
            events += await self._chain.logs(addresses, first, last)
        for event in created:
            await self._learn(event)
        return sorted(events, key=lambda event: event.position)

    async def _write(self, end: Head, events: Sequence[Event]) -> None:
        before, after = self.state, self.state.fold_all(events, self._terms)
        async with AsyncSession(self._engine) as session, session.begin():
            if await self._recall(session) != self._position:
                # Another process writes the same database: what it has read need not be read again.
                self.state, self._position = await self._refold(session), await self._recall(session)
                return
            session.add_all(event_row(event) for event in events)
            await _save_views(session, before, after)
            marks = {event.block_number: event.block_hash for event in events} | {end.number: end.hash}
            for number, block_hash in marks.items():
                await session.merge(Block(number=number, hash=hexadecimal(block_hash)))
            await session.execute(delete(Block).where(Block.number < end.number - BLOCKS_KEPT))
            await session.merge(self._position_row(end))
        self.state, self._position = after, Mark(end.number, hexadecimal(end.hash))

    async def _leave_abandoned_blocks(self, head: Head) -> None:
        """Forget what the chain no longer holds. Raises ChainReplaced."""
        position = self._position
        if position is None or await self._holds(position, head):
            return
        first_block = await self._chain.block_hash(0)
        if first_block != self._first_block:
            raise ChainReplaced(self._first_block, first_block)
        async with AsyncSession(self._engine) as session, session.begin():
            ancestor = await self._newest_common_block(session, head)
            floor = -1 if ancestor is None else ancestor.number
            await session.execute(delete(EventFact).where(EventFact.block_number > floor))
            await session.execute(delete(Block).where(Block.number > floor))
            await session.execute(delete(Position))
            for view in VIEWS:
                await session.execute(delete(view))
            state = await self._refold(session)
            await _save_views(session, self._empty, state)
            block = None if ancestor is None else await self._chain.block(ancestor.number)
            if block is not None:
                session.add(self._position_row(block))
        self.state, self._position = state, ancestor

    async def _newest_common_block(self, session: AsyncSession, head: Head) -> Mark | None:
        """By halving: if the chain holds a block, it holds all before it."""
        marks = {row.number: row.hash for row in await session.scalars(select(Block))}
        places = await session.execute(select(EventFact.block_number, EventFact.block_hash).distinct())
        marks |= {place.block_number: place.block_hash for place in places}
        numbers = sorted(marks)
        low, high = 0, len(numbers)
        while low < high:
            middle = (low + high) // 2
            number = numbers[middle]
            if await self._holds(Mark(number, marks[number]), head):
                low = middle + 1
            else:
                high = middle
        return Mark(numbers[low - 1], marks[numbers[low - 1]]) if low else None

    async def _holds(self, mark: Mark, head: Head) -> bool:
        if mark.number > head.number:
            return False
        found = await self._chain.block_hash(mark.number)
        return found is not None and hexadecimal(found) == mark.hash

    async def _recall(self, session: AsyncSession) -> Mark | None:
        row = await session.get(Position, POSITION)
        if row is None:
            return None
        found = (row.schema_version, row.chain_id, row.factory)
        expected = (SCHEMA_VERSION, self._deployment.chain_id, self._deployment.factory)
        if found != expected:
            raise IndexMismatch(self._label, _owner(*found), _owner(*expected))
        return Mark(row.block_number, row.block_hash)

    async def _refold(self, session: AsyncSession) -> IndexedState:
        events = []
        rows = await session.scalars(select(EventFact).order_by(EventFact.block_number, EventFact.log_index))
        for row in rows:
            event = event_from_json(row.document, f"event {row.log_index} of block {row.block_number}")
            if isinstance(event, ProjectCreated):
                await self._learn(event)
            events.append(event)
        return self._empty.fold_all(events, self._terms)

    async def _learn(self, event: ProjectCreated) -> None:
        """Read what a project's contracts fixed."""
        if event.project not in self._terms:
            registry = Registry(self._chain, event.registry)
            self._terms[event.project] = ProjectTerms(
                await Project(self._chain, event.project).configuration(),
                await registry.seat_stake(),
                await registry.epoch_seconds(),
            )

    @property
    def _label(self) -> str:
        return database_label(str(self._engine.url))

    def _position_row(self, block: Head) -> Position:
        return Position(
            id=POSITION,
            schema_version=SCHEMA_VERSION,
            chain_id=self._deployment.chain_id,
            factory=self._deployment.factory,
            block_number=block.number,
            block_hash=hexadecimal(block.hash),
            timestamp=block.timestamp,
        )


async def _save_views(session: AsyncSession, before: IndexedState, after: IndexedState) -> None:
    for rows in (
        verifier_rows(before.verifiers, after.verifiers),
        court_rows(before.court, after.court),
    ):
        for row in rows:
            await session.merge(row)
    for address, project in after.projects.items():
        old = before.projects.get(address)
        if old is project:
            continue
        await session.merge(project.row())
        earlier = old.history if old else SwarmHistory.start(seat_stake_wei=0, genesis_digest=bytes(32))
        for rows in (
            registry_rows(address, earlier, project.history),
            project_rows(address, earlier, project.history),
        ):
            for row in rows:
                await session.merge(row)


def _owner(schema_version: int, chain_id: int, factory: str) -> str:
    return f"chain {chain_id}, factory {factory}, version {schema_version}"

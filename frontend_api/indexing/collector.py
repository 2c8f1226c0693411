"""Collects round records from peers' gateways and keeps those that check against the chain.

A record is only a list of leaves; the roots are on the chain, signed by a quorum. So it does not matter who serves it:
each peer is asked in turn, and one that lies, fails or is slow only costs the time until the next one is asked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.attestation import Domain
from contracts.errors import SwarmProofError
from frontend_api.indexing.database import Base, ContributionRow, RecordRow, RewardRow, SignatureRow
from frontend_api.indexing.projection import hexadecimal
from frontend_api.indexing.state import IndexedState, TrainingProject
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.rounds.history import RoundHistory
from node.rounds.record import RecordError, RoundRecord, check_record

PEERS_AT_ONCE = 4
LARGEST_SIZE = 2**63 - 1


@dataclass(frozen=True)
class Wanted:
    """An accepted round whose record is not here yet."""

    project: TrainingProject
    round: RoundHistory


@dataclass(frozen=True)
class Missing:
    """Why a record could not be had: the last cause of each peer asked."""

    project: str
    round: int
    cause: str


class RecordCollector:
    """Fills the record tables. `missing`: what the last `collect` could not get."""

    def __init__(self, engine: AsyncEngine, client: PeerClient, chain_id: int) -> None:
        self._engine, self._client, self._chain_id = engine, client, chain_id
        self._random = random.Random()
        self.missing: tuple[Missing, ...] = ()

    async def collect(
        self, state: IndexedState, *, project: str | None = None, rounds: Collection[int] | None = None
    ) -> int:
        """Get what is wanted (of this project and these rounds only, if named); returns how many were stored."""
        missing, stored = [], 0
        for wanted in await self._wanted(state, project, rounds):
            found = await self._find(wanted)
            if isinstance(found, Missing):
                missing.append(found)
            else:
                await self._store(wanted, *found)
                stored += 1
        self.missing = tuple(missing)
        return stored

    async def _wanted(
        self, state: IndexedState, project: str | None, rounds: Collection[int] | None
    ) -> Sequence[Wanted]:
        async with AsyncSession(self._engine) as session:
            known = set(await session.scalars(select(RecordRow.result_hash)))
        return [
            Wanted(found, item)
            for found in state.projects.values()
            for item in found.history.rounds
            if item.acceptance is not None
            and hexadecimal(item.acceptance.result_hash) not in known
            and (rounds is None or item.number in rounds)
            and (project is None or found.address == project)
        ]

    async def _find(self, wanted: Wanted) -> tuple[RoundRecord, str] | Missing:
        """A record that checks, and who served it; a few peers are asked at once, in random order."""
        sources = [Source(account, item.url) for account, item in wanted.project.history.endpoints.items() if item.url]
        self._random.shuffle(sources)
        causes = []
        for start in range(0, len(sources), PEERS_AT_ONCE):
            asked = [
                asyncio.create_task(self._ask(source, wanted)) for source in sources[start : start + PEERS_AT_ONCE]
            ]
            try:
                for answer in asyncio.as_completed(asked):
                    record = await answer
                    if not isinstance(record, SwarmProofError):
                        return record
                    causes.append(str(record))
            finally:
                for task in asked:
                    task.cancel()
                await asyncio.gather(*asked, return_exceptions=True)
        cause = "; ".join(causes) or "no peer has announced an endpoint"
        return Missing(wanted.project.address, wanted.round.number, cause)

    async def _ask(self, source: Source, wanted: Wanted) -> tuple[RoundRecord, str] | SwarmProofError:
        try:
            data = await self._client.record(source, wanted.round.number)
            record = await asyncio.to_thread(self._checked, data, wanted)
        except SwarmProofError as error:
            return error
        return record, source.address

    def _checked(self, data: bytes, wanted: Wanted) -> RoundRecord:
        domain = Domain(self._chain_id, wanted.project.address)
        record = RoundRecord.from_json(data, wanted.round.number)
        check_record(record, wanted.project.history, wanted.round, domain)
        _check_sizes(record)
        _check_rule(record, wanted)
        return record

    async def _store(self, wanted: Wanted, record: RoundRecord, served_by: str) -> None:
        result_hash = hexadecimal(record.result_hash)
        async with AsyncSession(self._engine) as session, session.begin():
            for table in (ContributionRow, RewardRow, SignatureRow, RecordRow):
                await session.execute(delete(table).where(table.result_hash == result_hash))
            session.add_all(_rows(wanted.project.address, record, result_hash, served_by))


def _check_sizes(record: RoundRecord) -> None:
    """Sizes are nobody's signed word, so they may be anything; they must fit their columns."""
    largest = max([record.checkpoint_bytes, *(message.bytes for message in record.messages.values())])
    if largest > LARGEST_SIZE:
        raise RecordError(record.round, "size in bytes", f"at most {LARGEST_SIZE}", largest)


def _check_rule(record: RoundRecord, wanted: Wanted) -> None:
    manifest = wanted.project.manifest
    if manifest is not None and record.rule != manifest.rule:
        raise RecordError(record.round, "rule", manifest.rule, record.rule)


def _rows(project: str, record: RoundRecord, result_hash: str, served_by: str) -> Iterable[Base]:
    data_roots = {leaf.seat: leaf.data_root for leaf in record.inputs}
    yield RecordRow(
        result_hash=result_hash,
        project=project,
        round=record.round,
        rule=record.rule,
        checkpoint_cid=str(record.checkpoint),
        checkpoint_bytes=record.checkpoint_bytes,
        accuracy=record.accuracy,
        loss=record.loss,
        served_by=served_by,
    )
    for item in record.contributions:
        message, data_root = record.messages.get(item.seat), data_roots.get(item.seat)
        yield ContributionRow(
            result_hash=result_hash,
            seat=item.seat,
            owner=item.owner,
            digest=hexadecimal(item.digest) if item.digest else None,
            data_root=hexadecimal(data_root) if data_root else None,
            cid=str(message.cid) if message else None,
            message_bytes=message.bytes if message else None,
            weight=item.weight,
            score=item.score,
            reason=item.reason.slug,
            reward_wei=item.reward_wei,
        )
    for reward in record.rewards:
        yield RewardRow(result_hash=result_hash, account=reward.account, cumulative_wei=reward.cumulative_wei)
    for signer, signature in record.signatures.items():
        yield SignatureRow(result_hash=result_hash, signer=signer, signature=hexadecimal(signature))

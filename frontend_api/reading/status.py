"""The whole in one answer."""

from __future__ import annotations

from importlib.metadata import version
from typing import cast

from contracts.deploy import Deployment
from contracts.values import Address
from frontend_api.errors import ProjectNotFound
from frontend_api.indexing.service import IndexService
from frontend_api.reading.items import project_item
from frontend_api.reading.reader import Reader
from frontend_api.schemas import CurrentRound, IndexState, MissingRecord, StatusAnswer
from node.rounds.history import Phase, RoundHistory, SwarmHistory


async def status_answer(
    reader: Reader, service: IndexService, deployment: Deployment, project: str | None
) -> StatusAnswer:
    """Deployment, index, project and current round. A deployment without projects has a status too."""
    try:
        row = await reader.project(project)
    except ProjectNotFound:
        if project is not None:
            raise
        row = None
    indexer = service.indexer
    found = indexer.state.projects.get(cast(Address, row.address)) if row else None
    history = found.history if found else indexer.state.registry
    return StatusAnswer(
        head=reader.head,
        version=version("swarmproof"),
        chain_id=deployment.chain_id,
        chain_time=reader.time,
        token=deployment.token,
        registry=deployment.registry,
        factory=deployment.factory,
        seats=len(history.active_seats(reader.epoch)),
        index=IndexState(
            state=service.state,
            chain_block=indexer.chain_block,
            lag_blocks=None if indexer.chain_block is None else max(0, indexer.chain_block - reader.head.block),
            records=await reader.record_count(),
            missing_records=[
                MissingRecord(round=item.round, cause=item.cause)
                for item in service.collector.missing
                if row and item.project == row.address
            ],
            cause=service.cause,
        ),
        project=project_item(row) if row else None,
        round=_current(history, history.current, reader.time) if history.current else None,
        checkpoint=await reader.newest_checkpoint(row.address) if row else None,
    )


def _current(history: SwarmHistory, current: RoundHistory, now: int) -> CurrentRound:
    phase = current.phase(now)
    challenge_end = current.acceptance.challenge_end if current.acceptance else None
    ends = {
        Phase.COMMIT: current.commit_end,
        Phase.REVEAL: current.reveal_end,
        Phase.ATTEST: current.attest_end,
        Phase.CHALLENGE: challenge_end,
    }
    return CurrentRound(
        number=current.number,
        phase=phase.value,
        ends_at=ends.get(phase),
        committed=len(current.commits),
        revealed=len(current.reveals),
        seats=len(history.active_seats(current.epoch)),
    )

"""The whole in one answer."""

from __future__ import annotations

from importlib.metadata import version
from typing import cast

from contracts.deploy import Deployment
from contracts.values import Phase, RoundView, Status
from frontend_api.errors import ProjectNotFound
from frontend_api.indexing.database import RoundView as RoundRow
from frontend_api.indexing.service import IndexService
from frontend_api.reading.court_reader import CourtReader
from frontend_api.reading.items import project_item
from frontend_api.reading.reader import Reader
from frontend_api.schemas import CurrentRound, IndexState, MissingRecord, PhaseName, StatusAnswer


async def status_answer(
    reader: Reader, court: CourtReader, service: IndexService, deployment: Deployment, project: str | None
) -> StatusAnswer:
    """Deployment, index, project, current round and court. A deployment without projects has a status too."""
    try:
        row = await reader.project(project)
    except ProjectNotFound:
        if project is not None:
            raise
        row = None
    indexer = service.indexer
    return StatusAnswer(
        head=reader.head,
        version=version("swarmproof"),
        chain_id=deployment.chain_id,
        chain_time=reader.time,
        token=deployment.token,
        disputes=deployment.disputes,
        attendance=deployment.attendance,
        factory=deployment.factory,
        seats=await reader.seat_count(row.address, reader.time // row.epoch_seconds) if row else 0,
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
        round=await _current_round(reader, row.address) if row else None,
        checkpoint=await reader.newest_checkpoint(row.address) if row else None,
        court=await court.status(deployment),
    )


async def _current_round(reader: Reader, project: str) -> CurrentRound | None:
    row = await reader.newest_round(project)
    if row is None:
        return None
    seats = await reader.seat_count(project, row.epoch)
    phase = _as_the_contract_sees(row, seats).phase_at(reader.time)
    ends = {
        Phase.COMMIT: row.commit_end,
        Phase.REVEAL: row.reveal_end,
        Phase.AVAILABILITY: row.availability_end,
        Phase.ATTEST_COMMIT: row.attest_start,
        Phase.ATTEST: row.attest_end,
        Phase.CHALLENGE: row.challenge_end,
    }
    return CurrentRound(
        number=row.number,
        phase=cast(PhaseName, str(phase)),
        ends_at=ends.get(phase),
        committed=row.committed,
        revealed=row.revealed,
        seats=seats,
    )


def _as_the_contract_sees(row: RoundRow, seats: int) -> RoundView:
    """The round as the contract would tell it: its rule says which phase a time is in."""
    return RoundView(
        status=Status[row.status.upper()],
        phase=Phase.NONE,
        epoch=row.epoch,
        seats=seats,
        commits=row.committed,
        reveals=row.revealed,
        batches=row.batches,
        previous_accepted=0,
        commit_end=row.commit_end,
        reveal_end=row.reveal_end,
        availability_end=row.availability_end,
        attest_start=row.attest_start,
        attest_end=row.attest_end,
        challenge_end=row.challenge_end or 0,
        cumulative_total=0,
        result_hash=bytes.fromhex((row.result_hash or "").removeprefix("0x")),
        reveals_hash=bytes(32),
    )

"""How it all stands."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import IndexDep, ProjectQuery, ReaderDep
from frontend_api.errors import IndexFailing
from frontend_api.problems import responses
from frontend_api.reading.court_reader import CourtReader
from frontend_api.reading.status import status_answer
from frontend_api.schemas import HealthAnswer, StatusAnswer

router = APIRouter(tags=["status"])


@router.get("/status", response_model=StatusAnswer, responses=responses(404, 422, 503))
async def get_status(request: Request, reader: ReaderDep, index: IndexDep, project: ProjectQuery = None) -> Response:
    """Deployment, index, project, current round and output court."""
    court = reader.beside(CourtReader).with_epochs(index.verifier_epoch_seconds)
    return answer(request, await status_answer(reader, court, index.service, index.deployment, project))


@router.get("/health", response_model=HealthAnswer, responses=responses(503))
async def get_health(request: Request, reader: ReaderDep, index: IndexDep) -> Response:
    """200 while the index follows the chain, else 503."""
    if index.service.state == "failing":
        raise IndexFailing(index.service.cause or "unknown", reader.head.block)
    return answer(request, HealthAnswer(head=reader.head, status="ok"))

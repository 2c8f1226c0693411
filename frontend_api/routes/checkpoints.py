"""Checkpoints of a project."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import ReaderDep, list_parameters, requested_page
from frontend_api.problems import responses
from frontend_api.reading.listings import CHECKPOINTS
from frontend_api.schemas import Checkpoint, Listed

router = APIRouter(tags=["checkpoints"])


@router.get(
    "/checkpoints",
    response_model=Listed[Checkpoint],
    responses=responses(404, 422, 503),
    **list_parameters(CHECKPOINTS),
)
async def list_checkpoints(request: Request, reader: ReaderDep) -> Response:
    """Accepted checkpoints, newest first. Any peer's gateway has the bytes under `/ipfs/{cid}`."""
    page, project = await requested_page(request, reader, CHECKPOINTS)
    return answer(request, await reader.checkpoints(project, page))

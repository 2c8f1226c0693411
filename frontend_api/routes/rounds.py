"""Rounds of a project."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import ProjectQuery, ReaderDep, RoundPath, list_parameters, requested_page
from frontend_api.problems import responses
from frontend_api.reading.listings import ROUNDS
from frontend_api.schemas import Listed, Round, RoundAnswer

router = APIRouter(tags=["rounds"])


@router.get("/rounds", response_model=Listed[Round], responses=responses(404, 422, 503), **list_parameters(ROUNDS))
async def list_rounds(request: Request, reader: ReaderDep) -> Response:
    """Rounds, newest first."""
    page, project = await requested_page(request, reader, ROUNDS)
    return answer(request, await reader.rounds(project, page))


@router.get("/rounds/{number}", response_model=RoundAnswer, responses=responses(404, 422, 503))
async def get_round(request: Request, reader: ReaderDep, number: RoundPath, project: ProjectQuery = None) -> Response:
    """One round: windows, result, contributions, signatures. Immutable once finalized and its record found."""
    chosen = await reader.project(project)
    document, immutable = await reader.round(chosen.address, number)
    return answer(request, document, immutable=immutable)

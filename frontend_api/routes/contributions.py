"""What seats contributed, and why they earned what they earned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import (
    AddressPath,
    ProjectQuery,
    ReaderDep,
    RoundPath,
    list_parameters,
    requested_page,
)
from frontend_api.problems import responses
from frontend_api.reading.listings import CONTRIBUTIONS
from frontend_api.schemas import Contribution, ContributionAnswer, Listed

router = APIRouter(tags=["contributions"])


@router.get(
    "/contributions",
    response_model=Listed[Contribution],
    responses=responses(404, 422, 503),
    **list_parameters(CONTRIBUTIONS),
)
async def list_contributions(request: Request, reader: ReaderDep) -> Response:
    """Signed contributions of accepted rounds, newest round first."""
    page, project = await requested_page(request, reader, CONTRIBUTIONS)
    return answer(request, await reader.contributions(project, page))


@router.get("/contributions/{number}/{address}", response_model=ContributionAnswer, responses=responses(404, 422, 503))
async def get_contribution(
    request: Request,
    reader: ReaderDep,
    number: RoundPath,
    address: AddressPath,
    project: ProjectQuery = None,
    proof: Annotated[bool, Query(description="Add Merkle paths to the roots the contract holds.")] = False,
) -> Response:
    """An account's seats in a round: score, weight, reward, reason, evidence. Immutable as its round is."""
    chosen = await reader.project(project)
    document, immutable = await reader.contribution(chosen.address, number, address, proof=proof)
    return answer(request, document, immutable=immutable)

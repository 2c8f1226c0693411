"""What accounts earned."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import AddressPath, ProjectQuery, ReaderDep
from frontend_api.problems import responses
from frontend_api.schemas import RewardAnswer

router = APIRouter(tags=["rewards"])


@router.get("/rewards/{address}", response_model=RewardAnswer, responses=responses(404, 422, 503))
async def get_reward(
    request: Request, reader: ReaderDep, address: AddressPath, project: ProjectQuery = None
) -> Response:
    """Earned, final, claimed, claimable, and the proof with which anybody can claim for the account."""
    chosen = await reader.project(project)
    return answer(request, await reader.reward(chosen.address, address))

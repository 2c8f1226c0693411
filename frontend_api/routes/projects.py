"""Projects of the deployment."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import AddressPath, ReaderDep
from frontend_api.pagination import parse_page
from frontend_api.problems import responses
from frontend_api.reading.listings import PROJECTS
from frontend_api.schemas import Listed, Project, ProjectAnswer

router = APIRouter(tags=["projects"])


@router.get(
    "/projects",
    response_model=Listed[Project],
    responses=responses(422, 503),
    openapi_extra={"parameters": PROJECTS.parameters()},
)
async def list_projects(request: Request, reader: ReaderDep) -> Response:
    """Projects, in the order of creation."""
    page = parse_page(PROJECTS, request.query_params.multi_items())
    return answer(request, await reader.projects(page))


@router.get("/projects/{address}", response_model=ProjectAnswer, responses=responses(404, 422, 503))
async def get_project(request: Request, reader: ReaderDep, address: AddressPath) -> Response:
    """One project."""
    return answer(request, await reader.project_answer(address))

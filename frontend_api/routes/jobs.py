"""Jobs of the output court, and what its committees decided."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.court_schemas import CommitteeVerdict, Job, JobAnswer
from frontend_api.dependencies import CourtReaderDep, JobPath
from frontend_api.pagination import parse_page
from frontend_api.problems import responses
from frontend_api.reading.listings import JOBS, VERDICTS
from frontend_api.schemas import Listed

router = APIRouter(tags=["court"])


@router.get(
    "/jobs",
    response_model=Listed[Job],
    responses=responses(422, 503),
    openapi_extra={"parameters": JOBS.parameters()},
)
async def list_jobs(request: Request, reader: CourtReaderDep) -> Response:
    """Jobs, newest first, with their phase at the head's time."""
    return answer(request, await reader.jobs(parse_page(JOBS, request.query_params.multi_items())))


@router.get("/jobs/{job}", response_model=JobAnswer, responses=responses(404, 422, 503))
async def get_job(request: Request, reader: CourtReaderDep, job: JobPath) -> Response:
    """One job: committees, votes, distances, verdicts, payments, strikes. Immutable once it has ended."""
    document, immutable = await reader.job(job)
    return answer(request, document, immutable=immutable)


@router.get(
    "/verdicts",
    response_model=Listed[CommitteeVerdict],
    responses=responses(422, 503),
    openapi_extra={"parameters": VERDICTS.parameters()},
)
async def list_verdicts(request: Request, reader: CourtReaderDep) -> Response:
    """What committees decided, newest job first."""
    return answer(request, await reader.verdicts(parse_page(VERDICTS, request.query_params.multi_items())))

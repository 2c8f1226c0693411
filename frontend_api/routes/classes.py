"""Determinism classes of the output court."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.court_schemas import OutputClass, OutputClassAnswer
from frontend_api.dependencies import ClassPath, CourtReaderDep
from frontend_api.pagination import parse_page
from frontend_api.problems import responses
from frontend_api.reading.listings import CLASSES
from frontend_api.schemas import Listed

router = APIRouter(tags=["court"])


@router.get(
    "/classes",
    response_model=Listed[OutputClass],
    responses=responses(422, 503),
    openapi_extra={"parameters": CLASSES.parameters()},
)
async def list_classes(request: Request, reader: CourtReaderDep) -> Response:
    """Registered classes, in the order of registration."""
    return answer(request, await reader.classes(parse_page(CLASSES, request.query_params.multi_items())))


@router.get("/classes/{class_id}", response_model=OutputClassAnswer, responses=responses(404, 422, 503))
async def get_class(request: Request, reader: CourtReaderDep, class_id: ClassPath) -> Response:
    """One class: thresholds, prices, windows, its description with the calibration, and what became of its jobs."""
    return answer(request, await reader.output_class(class_id))

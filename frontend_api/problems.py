"""Errors of the API as RFC 9457 problem documents.

FastAPI answers `{"detail": ...}` from three places (HTTPException, validation of parameters, anything unhandled); all
three are replaced here, and our own errors keep their names: RoundNotFound becomes /problems/round-not-found.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from frontend_api.errors import RequestError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong (RFC 9457). Further members are the operands of the error."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/round-not-found",
                    "title": "Round not found",
                    "status": 404,
                    "detail": "round 9 has not been opened, the last one is 7",
                    "instance": "/api/v1/rounds/9",
                    "round": 9,
                    "last_round": 7,
                }
            ]
        },
    )

    type: str = Field(description="Name of the problem, as a path.")
    title: str
    status: int
    detail: str = Field(description="One sentence about this occurrence.")
    instance: str = Field(description="The path that was asked for.")


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""
    app.exception_handler(RequestError)(_request_error)
    app.exception_handler(HTTPException)(_http_exception)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(Exception)(_unhandled)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems a route can answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _problem(
    request: Request, status: int, slug: str, title: str, detail: str, headers: Any = None, **members: Any
) -> JSONResponse:
    body = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **members,
    }
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


async def _request_error(request: Request, error: RequestError) -> JSONResponse:
    return _problem(request, error.http_status, error.slug, error.title, str(error), **error.operands)


async def _http_exception(request: Request, error: HTTPException) -> JSONResponse:
    phrase = HTTPStatus(error.status_code).phrase
    slug = phrase.lower().replace(" ", "-")
    detail = str(error.detail)
    if detail == phrase:
        detail = f"{phrase.lower()}: {request.method} {request.url.path}"
    return _problem(request, error.status_code, slug, phrase, detail, error.headers)


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = [
        {
            "parameter": str(item["loc"][-1]),
            "in": str(item["loc"][0]),
            "value": item["input"],
            "expected": item["msg"].removeprefix("Value error, "),  # what Pydantic puts before our own words
        }
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['parameter']}={item['value']!r}: {item['expected']}" for item in errors)
    return _problem(request, 422, "invalid-parameter", "Invalid parameter", detail, errors=errors)


async def _unhandled(request: Request, error: Exception) -> JSONResponse:
    # The cause goes to the log only: a stranger learns nothing about this machine from a bug.
    structlog.get_logger("api").error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return _problem(request, 500, "internal-error", "Internal error", "this is a bug; the server's log says more")

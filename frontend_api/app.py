"""The REST application: routes over an index that it keeps up to date itself.

Read-only: no route changes anything, here or on the chain.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from importlib import resources
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from frontend_api import problems
from frontend_api.dependencies import Index
from frontend_api.problems import Problem
from frontend_api.routes import checkpoints, classes, contributions, jobs, peers, projects, rewards, rounds, status

PREFIX = "/api/v1"
DESCRIPTION = """What happened in a swarm, from the chain's events and from round records that check against them.

Every answer carries `head`, the block it is about. Amounts are decimal strings in the token's smallest unit. Errors are
problem documents (RFC 9457). Lists take `column__op=value` filters, `sort`, `limit`, and continue at `next_url`."""


def create_app(index: Index) -> FastAPI:
    """The application over an open index; its lifespan runs the index's service."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(index.service.run())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    app = FastAPI(
        title="SwarmProof",
        version=version("swarmproof"),
        description=DESCRIPTION,
        lifespan=lifespan,
        # The interactive pages load their scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.state.index = index
    problems.install(app)
    api = APIRouter(prefix=PREFIX)
    for module in (projects, rounds, contributions, peers, rewards, checkpoints, jobs, classes, status):
        api.include_router(module.router)
    app.include_router(api)
    _complete_description(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """Stable: the function's name, whatever path it moves to."""
    return route.name


def _complete_description(app: FastAPI) -> None:
    """Add to the OpenAPI document what FastAPI cannot know: the problem schema and an example of every answer."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    # FastAPI's own validation answers are never given here.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    examples = json.loads(resources.files("frontend_api").joinpath("examples.json").read_text("utf-8"))
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        operation["responses"]["200"]["content"]["application/json"]["example"] = examples[operation["operationId"]]

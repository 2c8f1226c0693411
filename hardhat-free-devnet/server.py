"""HTTP and WebSocket at one address: the ASGI application around the dispatcher."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from devnet.chain import Chain
from devnet.origins import OriginGuard
from devnet.rpc import MAXIMUM_BODY_BYTES, Dispatcher
from devnet.sessions import Sessions

# What uvicorn needs to know for the application's limits to hold. Idle connections are kept as long as browsers and
# Node.js keep theirs: a server that closes first makes a request fail now and then.
UVICORN_OPTIONS: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_max_size": MAXIMUM_BODY_BYTES,
    "ws_per_message_deflate": False,
    "timeout_keep_alive": 75,
    "limit_concurrency": 2_000,
}


def application(chain: Chain, cors_origins: Sequence[str] = ()) -> OriginGuard:
    """The ASGI application that serves a chain at `/`, to browsers on pages of `cors_origins` too."""
    dispatcher = Dispatcher(chain)
    return endpoint(dispatcher.answer, Sessions(chain, dispatcher).serve, cors_origins)


def endpoint(
    answer: Callable[[bytes], Awaitable[bytes | None]],
    connect: Callable[[WebSocket], Awaitable[None]],
    cors_origins: Sequence[str],
) -> OriginGuard:
    """The ASGI application of an engine: `answer` takes what is posted to `/`, `connect` what connects there."""

    async def post(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAXIMUM_BODY_BYTES:
                return Response(status_code=413)
        answered = await answer(bytes(body))
        return Response(status_code=204) if answered is None else Response(answered, media_type="application/json")

    routes = [Route("/", post, methods=["POST"]), WebSocketRoute("/", connect)]
    return OriginGuard(Starlette(routes=routes), cors_origins)

"""HTTP and WebSocket in front of the bridge to anvil: what server.py is for the other engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from devnet.bridge import Bridge
from devnet.origins import OriginGuard
from devnet.rpc import MAXIMUM_BODY_BYTES


def application(bridge: Bridge, cors_origins: Sequence[str] = ()) -> OriginGuard:
    """The ASGI application that serves the bridge at `/`."""

    async def post(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAXIMUM_BODY_BYTES:
                return Response(status_code=413)
        answer = await bridge.answer(bytes(body))
        return Response(status_code=204) if answer is None else Response(answer, media_type="application/json")

    async def connect(websocket: WebSocket) -> None:
        await websocket.accept()
        async with bridge.connect() as upstream:
            back = asyncio.create_task(_bring_back(upstream, websocket))
            try:
                while True:
                    message = await websocket.receive_text()
                    if not bridge.is_own(message.encode()):
                        await upstream.send_str(message)
                    elif (answer := await bridge.answer(message.encode())) is not None:
                        await websocket.send_text(answer.decode())
            except WebSocketDisconnect:
                pass
            finally:
                back.cancel()

    routes = [Route("/", post, methods=["POST"]), WebSocketRoute("/", connect)]
    return OriginGuard(Starlette(routes=routes), cors_origins)


async def _bring_back(upstream: aiohttp.ClientWebSocketResponse, websocket: WebSocket) -> None:
    """Answers and notifications, until anvil closes."""
    async for message in upstream:
        if message.type == aiohttp.WSMsgType.TEXT:
            await websocket.send_text(message.data)
    await websocket.close()

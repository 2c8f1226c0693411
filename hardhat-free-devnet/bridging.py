"""WebSocket, and HTTP as server.py has it, in front of the bridge to anvil."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from starlette.websockets import WebSocket, WebSocketDisconnect

from devnet.bridge import Bridge
from devnet.origins import OriginGuard
from devnet.server import endpoint


def application(bridge: Bridge, cors_origins: Sequence[str] = ()) -> OriginGuard:
    """The ASGI application that serves the bridge at `/`."""

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

    return endpoint(bridge.answer, connect, cors_origins)


async def _bring_back(upstream: aiohttp.ClientWebSocketResponse, websocket: WebSocket) -> None:
    """Answers and notifications, until anvil closes."""
    async for message in upstream:
        if message.type == aiohttp.WSMsgType.TEXT:
            await websocket.send_text(message.data)
    await websocket.close()

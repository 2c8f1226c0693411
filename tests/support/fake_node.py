"""A node that answers what a test tells it to, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[list[Any]], Any]


class Failure(Exception):
    """Answer with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class FakeNode:
    """`answers`: result by method, or a function of the parameters; `raw`: a body instead of any answer."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Any] = {"eth_chainId": "0x7a69"}
        self.raw: bytes | None = None
        self.status = 200
        self.requests: list[tuple[str, list[Any]]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST."""
        asked = await request.json()
        method, parameters = asked["method"], asked["params"]
        self.requests.append((method, parameters))
        if self.raw is not None:
            return web.Response(body=self.raw, status=self.status)
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            if method not in self.answers:
                raise Failure(-32601, f"the method {method} does not exist")
            answer = self.answers[method]
            reply["result"] = answer(parameters) if callable(answer) else answer
        except Failure as failure:
            reply["error"] = failure.error
        return web.json_response(reply, status=self.status)


@asynccontextmanager
async def fake_node() -> AsyncIterator[FakeNode]:
    """Serve a fake node on a free port of loopback."""
    node = FakeNode()
    application = web.Application()
    application.router.add_post("/", node.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        node.url = f"http://{host}:{port}/"
        yield node
    finally:
        await runner.cleanup()

"""JSON-RPC 2.0 over HTTP POST: one request or a batch a body.

Methods of reading.py are answered in the event loop, the others in a few threads, so that a long `eth_call` or a block
in the making never holds up somebody who asks for the head. Source: https://www.jsonrpc.org/specification
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devnet import reading, running
from devnet.chain import Chain
from devnet.errors import InternalError, InvalidParams, InvalidRequest, MethodNotFound, ParseError, RpcError
from devnet.filters import Filters
from devnet.parameters import Method, Params

logger = logging.getLogger("devnet")

MAXIMUM_BODY_BYTES = 16 << 20
MAXIMUM_BATCH = 1_000
MAXIMUM_DEPTH = 64
THREADS = 4
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')

Answer = dict[str, object]


class Dispatcher:
    """Answers parsed requests."""

    def __init__(self, chain: Chain) -> None:
        self._quick: Mapping[str, Method] = {**reading.methods(chain), **Filters(chain).methods()}
        self._slow: Mapping[str, Method] = running.methods(chain)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="devnet-call")

    async def answer(self, body: bytes) -> bytes | None:
        """The answer to a body; None when there is none to give, because it held only notifications."""
        try:
            request = _parse(body)
        except ParseError as failure:
            return _encode(_failure(None, failure))
        if not isinstance(request, list):
            answer = await self._one(request)
            return None if answer is None else _encode(answer)
        if not request:
            return _encode(_failure(None, InvalidRequest("empty batch")))
        if len(request) > MAXIMUM_BATCH:
            return _encode(_failure(None, InvalidRequest(f"batch too large: at most {MAXIMUM_BATCH} requests")))
        answers = [answer for item in request if (answer := await self._one(item)) is not None]
        return _encode(answers) if answers else None

    async def _one(self, request: object) -> Answer | None:
        """Answer one request; None for a notification."""
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            return _failure(None, InvalidRequest('expected an object with "jsonrpc": "2.0"'))
        identifier = request.get("id")
        if isinstance(identifier, dict | list | bool):
            return _failure(None, InvalidRequest("id must be a string, a number or null"))
        try:
            result = await self._result(request)
        except RpcError as failure:
            answer = _failure(identifier, failure)
        except Exception:
            logger.exception("%s failed", request.get("method"))
            answer = _failure(identifier, InternalError("internal error: see the devnet's own output"))
        else:
            answer = {"jsonrpc": "2.0", "id": identifier, "result": result}
        return answer if "id" in request else None

    async def _result(self, request: Mapping[str, object]) -> object:
        name, params = request.get("method"), request.get("params", [])
        if not isinstance(name, str):
            raise InvalidRequest("method must be a string")
        values: Params = [] if params is None else params  # type: ignore[assignment]
        if not isinstance(values, list):
            raise InvalidParams("params must be a list")
        quick = self._quick.get(name)
        if quick is not None:
            return quick(values)
        slow = self._slow.get(name)
        if slow is None:
            raise MethodNotFound(name)
        return await asyncio.get_running_loop().run_in_executor(self._threads, slow, values)


def application(chain: Chain) -> Starlette:
    """The ASGI application that serves a chain at `/`."""
    dispatcher = Dispatcher(chain)

    async def post(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAXIMUM_BODY_BYTES:
                return Response(status_code=413)
        answer = await dispatcher.answer(bytes(body))
        return Response(status_code=204) if answer is None else Response(answer, media_type="application/json")

    return Starlette(routes=[Route("/", post, methods=["POST"])])


def _parse(body: bytes) -> object:
    """Read a body. Raises ParseError.

    py-evm raises Python's recursion limit beyond what the main thread's stack can hold, so that the JSON parser would
    crash the process on deep nesting instead of refusing it.
    """
    if body.count(b"[") + body.count(b"{") > MAXIMUM_DEPTH:
        depth = 0
        for token in TOKENS.finditer(body):
            depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
            if depth > MAXIMUM_DEPTH:
                raise ParseError(f"the body is nested more than {MAXIMUM_DEPTH} levels deep")
    try:
        return json.loads(body)
    except ValueError as failure:
        raise ParseError("the body is not JSON") from failure


def _failure(identifier: object, failure: RpcError) -> Answer:
    return {"jsonrpc": "2.0", "id": identifier, "error": failure.to_json()}


def _encode(answer: object) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()

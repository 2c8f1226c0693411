"""JSON-RPC 2.0: one request or a batch a body, over HTTP POST or WebSocket.

Methods of reading.py are answered in the event loop, the others in a few threads, so that a long `eth_call` or a block
in the making never holds up somebody who asks for the head. Source: https://www.jsonrpc.org/specification
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from devnet import control, raw, reading, signing, tracing
from devnet.chain import Chain
from devnet.errors import (
    InternalError,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    NotificationsUnsupported,
    ParseError,
    ResponseTooLarge,
    RpcError,
)
from devnet.filters import Filters
from devnet.parameters import Method, Params
from devnet.running import Running

logger = logging.getLogger("devnet")

MAXIMUM_BODY_BYTES = 16 << 20
MAXIMUM_BATCH = 1_000
MAXIMUM_BATCH_RESPONSE_BYTES = 25 << 20
MAXIMUM_DEPTH = 64
THREADS = 4
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')

Answer = dict[str, object]


class Dispatcher:
    """Answers parsed requests."""

    def __init__(self, chain: Chain) -> None:
        running = Running(chain)
        self._quick: Mapping[str, Method] = {
            **reading.methods(chain),
            **raw.methods(chain),
            **Filters(chain).methods(),
            "eth_subscribe": _not_here,
            "eth_unsubscribe": _not_here,
        }
        self._slow: Mapping[str, Method] = {
            **running.methods(),
            **signing.methods(chain, running),
            **control.methods(chain),
            **tracing.methods(chain),
        }
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="devnet-call")

    def method_names(self) -> frozenset[str]:
        """Every method there is."""
        return frozenset({*self._quick, *self._slow})

    async def answer(self, body: bytes, own: Mapping[str, Method] | None = None) -> bytes | None:
        """The answer to a body; None when there is none to give, because it held only notifications.

        `own`: methods of the connection the body came over.
        """
        try:
            request = _parse(body)
        except ParseError as failure:
            return _encode(_failure(None, failure))
        if not isinstance(request, list):
            answer = await self._one(request, own or {})
            return None if answer is None else _encode(answer)
        if not request:
            return _encode(_failure(None, InvalidRequest("empty batch")))
        if len(request) > MAXIMUM_BATCH:
            return _encode(_failure(None, InvalidRequest(f"batch too large: at most {MAXIMUM_BATCH} requests")))
        return await self._batch(request, own or {})

    async def _batch(self, requests: list[object], own: Mapping[str, Method]) -> bytes | None:
        answers: list[bytes] = []
        size = 0
        for request in requests:
            if size <= MAXIMUM_BATCH_RESPONSE_BYTES:
                answer = await self._one(request, own)
            else:
                identifier = request.get("id") if isinstance(request, dict) else None
                answer = _failure(identifier, ResponseTooLarge("response too large"))
            if answer is not None:
                answers.append(_encode(answer))
                size += len(answers[-1])
        return b"[" + b",".join(answers) + b"]" if answers else None

    async def _one(self, request: object, own: Mapping[str, Method]) -> Answer | None:
        """Answer one request; None for a notification."""
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            return _failure(None, InvalidRequest('expected an object with "jsonrpc": "2.0"'))
        identifier = request.get("id")
        if isinstance(identifier, dict | list | bool) or (isinstance(identifier, float) and math.isinf(identifier)):
            return _failure(None, InvalidRequest("id must be a string, a number or null"))
        try:
            result = await self._result(request, own)
        except RpcError as failure:
            answer = _failure(identifier, failure)
        except Exception:
            logger.exception("%s failed", request.get("method"))
            answer = _failure(identifier, InternalError("internal error: see the devnet's own output"))
        else:
            answer = {"jsonrpc": "2.0", "id": identifier, "result": result}
        return answer if "id" in request else None

    async def _result(self, request: Mapping[str, object], own: Mapping[str, Method]) -> object:
        name, params = request.get("method"), request.get("params", [])
        if not isinstance(name, str):
            raise InvalidRequest("method must be a string")
        values: Params = [] if params is None else params  # type: ignore[assignment]
        if not isinstance(values, list):
            raise InvalidParams("non-array args: params must be a list")
        quick = own.get(name) or self._quick.get(name)
        if quick is not None:
            return quick(values)
        slow = self._slow.get(name)
        if slow is None:
            raise MethodNotFound(name)
        return await asyncio.get_running_loop().run_in_executor(self._threads, slow, values)


def encode_notification(subscription: str, result: object) -> bytes:
    """What a subscriber is told, in the form of geth's `eth_subscription`."""
    params = {"subscription": subscription, "result": result}
    return _encode({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})


def _not_here(params: Params) -> object:
    raise NotificationsUnsupported


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
        return json.loads(body, parse_constant=_no_constant)
    except ValueError as failure:
        raise ParseError("the body is not JSON") from failure


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _failure(identifier: object, failure: RpcError) -> Answer:
    return {"jsonrpc": "2.0", "id": identifier, "error": failure.to_json()}


def _encode(answer: object) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()

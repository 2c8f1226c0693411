"""What a peer serves: blocks and files as an IPFS trustless gateway, envelopes, and its records of rounds.

    GET  /ipfs/{cid}                 the file; Range, ETag, HEAD
    GET  /ipfs/{cid}?format=raw      the one block (also by Accept: application/vnd.ipld.raw)
    GET  /ipfs/{cid}?format=car      a CARv1 archive of the file (also by Accept: application/vnd.ipld.car)
    POST /swarm/envelopes            hand over a signed envelope of at most 4 KiB
    GET  /swarm/envelopes[?round=N]  hashes of the envelopes held
    GET  /swarm/envelopes/{hash}     one envelope
    GET  /swarm/rounds               number of the last round on record
    GET  /swarm/rounds/{n}           the record of round n
    GET  /swarm/health               alive

Source: https://specs.ipfs.tech/http-gateways/trustless-gateway/
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.exchange.content_routes import ContentRoutes, Policy
from node.exchange.envelope import MAXIMUM_ENVELOPE_BYTES
from node.exchange.http import BodyTooLarge, ProblemResponse, bad_request, not_found, read_body
from node.exchange.limits import GatewayLimits, RateLimiter
from node.exchange.mailbox import Mailbox, Verdict
from node.exchange.server import serve
from node.storage.store import ContentReader

_STATUS = {
    Verdict.ADDED: 202,
    Verdict.DUPLICATE: 200,
    Verdict.STALE: 409,
    Verdict.EXPIRED: 410,
    Verdict.STRANGER: 403,
    Verdict.FULL: 507,
    Verdict.MALFORMED: 400,
    Verdict.FORGED: 403,
}


class Records(Protocol):
    """Where the records of rounds come from. Called from worker threads."""

    def latest(self) -> int | None:
        """The last round on record, or None."""

    def get(self, round: int) -> bytes | None:
        """The record of a round as JSON bytes, or None."""


class Gateway:
    """The HTTP face of one peer. `policy` may falsify or refuse what is served: it exists for attackers."""

    def __init__(
        self,
        store: ContentReader,
        mailbox: Mailbox,
        records: Records,
        *,
        policy: Policy | None = None,
        limits: GatewayLimits | None = None,
    ) -> None:
        self._mailbox, self._records = mailbox, records
        self._limits = limits or GatewayLimits()
        content = ContentRoutes(store, policy)
        routes = [
            Route("/ipfs/{cid}", content.get, methods=["GET", "HEAD"]),
            Route("/swarm/envelopes", self._post_envelope, methods=["POST"]),
            Route("/swarm/envelopes", self._list_envelopes, methods=["GET"]),
            Route("/swarm/envelopes/{hash}", self._get_envelope, methods=["GET"]),
            Route("/swarm/rounds", self._latest_round, methods=["GET"]),
            Route("/swarm/rounds/{round}", self._get_round, methods=["GET"]),
            Route("/swarm/health", self._health, methods=["GET"]),
        ]
        self.app: ASGIApp = RateLimited(Starlette(routes=routes), RateLimiter(self._limits), time.monotonic)

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[str]:
        """Serve while the context is open; gives the base URL. Port 0 takes any free one. Raises PortOccupied."""
        async with serve(self.app, host, port, self._limits) as bound_port:
            yield f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"

    async def _post_envelope(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                data = await read_body(request, MAXIMUM_ENVELOPE_BYTES)
        except BodyTooLarge:
            return ProblemResponse(
                413,
                "envelope-too-large",
                "Envelope too large",
                f"An envelope has at most {MAXIMUM_ENVELOPE_BYTES} bytes.",
            )
        except TimeoutError:
            limit = f"It took more than {self._limits.idle_seconds} s."
            return ProblemResponse(408, "body-too-slow", "Body too slow", limit)
        verdict = self._mailbox.offer(data)
        return JSONResponse({"verdict": verdict.value}, _STATUS[verdict])

    async def _list_envelopes(self, request: Request) -> Response:
        wanted = request.query_params.get("round")
        if wanted is not None and not _is_number(wanted):
            return bad_request("round", f"{wanted[:40]!r} is not a round number.")
        hashes = self._mailbox.hashes(None if wanted is None else int(wanted))
        return JSONResponse({"hashes": ["0x" + item.hex() for item in hashes]})

    async def _get_envelope(self, request: Request) -> Response:
        name = request.path_params["hash"].removeprefix("0x")
        try:
            data = self._mailbox.get(bytes.fromhex(name))
        except ValueError:
            return bad_request("hash", f"{name[:80]!r} is not a hash in hex.")
        if data is None:
            return not_found("envelope", f"No envelope {name} is held here.")
        return Response(data, media_type="application/cbor")

    async def _latest_round(self, request: Request) -> Response:
        return JSONResponse({"latest": await asyncio.to_thread(self._records.latest)})

    async def _get_round(self, request: Request) -> Response:
        wanted = request.path_params["round"]
        if not _is_number(wanted):
            return bad_request("round", f"{wanted[:40]!r} is not a round number.")
        record = await asyncio.to_thread(self._records.get, int(wanted))
        if record is None:
            return not_found("round", f"No record of round {wanted} is held here.")
        return Response(record, media_type="application/json")

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "envelopes": len(self._mailbox)})


class RateLimited:
    """ASGI middleware: counts requests and bytes for each client address."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter, clock: Callable[[], float]) -> None:
        self._app, self._limiter, self._clock = app, limiter, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"][0] if scope.get("client") else ""
        wait_seconds = self._limiter.admit(client, self._clock())
        if wait_seconds > 0:
            headers = {"Retry-After": str(int(wait_seconds) + 1)}
            problem = ProblemResponse(429, "too-many-requests", "Too many requests", "Come back later.", headers)
            await problem(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.body":
                self._limiter.spend(client, len(message.get("body", b"")), self._clock())
            await send(message)

        await self._app(scope, receive, counted)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18

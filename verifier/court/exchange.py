"""How the parties to a job show each other what they committed to, so that one transaction can carry all of it.

    GET /court/openings/{job}/{round}    what this party committed to, once nobody can commit any more; else 404
    GET /ipfs/{cid}                      outputs, as every peer serves content

An opening that was shown too early could be copied by whoever has not committed yet: `OpeningBook` holds each back
until its owner says that the chain has all commitments. What others serve is checked against their commitments, so a
lie is as good as no answer.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.court_values import Opening
from node.exchange.content_routes import ContentRoutes
from node.exchange.gateway import RateLimited
from node.exchange.http import bad_request, not_found
from node.exchange.limits import GatewayLimits, RateLimiter
from node.exchange.peer_client import PeerClient
from node.exchange.server import serve
from node.exchange.source import Source
from node.storage.store import ContentStore

MAXIMUM_OPENING_BYTES: Final = 1024
_FIELDS: Final = frozenset({"index", "digest", "output_digest", "salt"})


class OpeningBook:
    """Own openings by job and round, from the moment on that they may be shown."""

    def __init__(self) -> None:
        self._shown: dict[tuple[bytes, int], Opening] = {}

    def show(self, job: bytes, round_number: int, opening: Opening) -> None:
        """Serve an opening from now on. Call it only when nobody can commit to this round any more."""
        self._shown[job, round_number] = opening

    def shows(self, job: bytes, round_number: int) -> bool:
        """Whether the opening of this round is served."""
        return (job, round_number) in self._shown

    def get(self, job: bytes, round_number: int) -> Opening | None:
        """The opening of this round if it may be shown."""
        return self._shown.get((job, round_number))


class CourtGateway:
    """The HTTP face of a party to the court."""

    def __init__(self, store: ContentStore, book: OpeningBook, *, limits: GatewayLimits | None = None) -> None:
        self._book, self._limits = book, limits or GatewayLimits()
        content = ContentRoutes(store, None)
        routes = [
            Route("/ipfs/{cid}", content.get, methods=["GET", "HEAD"]),
            Route("/court/openings/{job}/{round}", self._opening, methods=["GET"]),
        ]
        self.app = RateLimited(Starlette(routes=routes), RateLimiter(self._limits), time.monotonic)

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[str]:
        """Serve while the context is open; gives the base URL. Port 0 takes any free one. Raises PortOccupied."""
        async with serve(self.app, host, port, self._limits) as bound_port:
            yield f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"

    async def _opening(self, request: Request) -> Response:
        wanted, number = request.path_params["job"].removeprefix("0x"), request.path_params["round"]
        try:
            job, round_number = bytes.fromhex(wanted), int(number)
        except ValueError:
            return bad_request("opening", f"{wanted[:80]!r} is no job, or {number[:20]!r} no round.")
        opening = self._book.get(job, round_number)
        if opening is None:
            return not_found("opening", f"No opening of job 0x{job.hex()} in round {round_number} may be shown here.")
        return JSONResponse(opening_document(opening))


async def ask_opening(client: PeerClient, source: Source, job: bytes, round_number: int) -> Opening | None:
    """What a party says it committed to; None for what is no opening at all. Raises PeerError."""
    path = f"/court/openings/0x{job.hex()}/{round_number}"
    return read_opening(await client.document(source, path, MAXIMUM_OPENING_BYTES))


def opening_document(opening: Opening) -> dict[str, Any]:
    """An opening as JSON; 32-byte values in hexadecimal."""
    return {
        "index": opening.index,
        "digest": f"0x{opening.digest:064x}",
        "output_digest": f"0x{opening.output_digest.hex()}",
        "salt": f"0x{opening.salt.hex()}",
    }


def read_opening(data: bytes) -> Opening | None:
    """The opening in a JSON document, None unless it is one."""
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.keys() != _FIELDS or type(document["index"]) is not int:
            return None
        digest, output_digest, salt = (_word(document[name]) for name in ("digest", "output_digest", "salt"))
    except (ValueError, TypeError, RecursionError):
        return None
    return Opening(document["index"], int.from_bytes(digest, "big"), output_digest, salt)


def _word(text: str) -> bytes:
    if len(text) != 66 or not text.startswith("0x"):
        raise ValueError(f"{text[:80]!r} is not 32 bytes in hexadecimal")
    return bytes.fromhex(text[2:])

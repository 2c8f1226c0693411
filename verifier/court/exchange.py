"""How the parties to a job show each other what they commit to and open, so that one transaction can carry all of it.

    GET /court/commitments/{job}/{round}    this party's commitment, signed for anybody to send, once it is made
    GET /court/openings/{job}/{round}       what it hides, once nobody can commit any more; else 404
    GET /ipfs/{cid}                         outputs, as every peer serves content

An opening that was shown too early could be copied by whoever has not committed yet: its owner puts it on the board
only when the chain has all commitments. What others serve is checked, signatures against accounts and openings against
commitments, so a lie is as good as no answer.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.court_values import COMMITTEE_SIZES, Entry, Opening, SignedEntry
from node.exchange.content_routes import ContentRoutes
from node.exchange.gateway import RateLimited
from node.exchange.http import bad_request, not_found, refused
from node.exchange.limits import GatewayLimits, RateLimiter
from node.exchange.peer_client import PeerClient
from node.exchange.server import serve
from node.exchange.source import Source
from node.storage.store import ContentStore

MAXIMUM_DOCUMENT_BYTES: Final = 1024
_WORD: Final = re.compile("0x[0-9a-fA-F]{64}")
_ROUNDS: Final = tuple(str(number) for number in range(len(COMMITTEE_SIZES)))

T = TypeVar("T")


class Board:
    """What a party shows to others, by job and round."""

    def __init__(self) -> None:
        self._commitments: dict[tuple[bytes, int], SignedEntry] = {}
        self._openings: dict[tuple[bytes, int], Opening] = {}

    def offer(self, job: bytes, round_number: int, signed: SignedEntry) -> None:
        """Let anybody send this commitment."""
        self._commitments[job, round_number] = signed

    def show(self, job: bytes, round_number: int, opening: Opening) -> None:
        """Serve an opening from now on. Call it only when nobody can commit to this round any more."""
        self._openings[job, round_number] = opening

    def commitment(self, job: bytes, round_number: int) -> SignedEntry | None:
        """The signed commitment of this round, if there is one."""
        return self._commitments.get((job, round_number))

    def opening(self, job: bytes, round_number: int) -> Opening | None:
        """The opening of this round, if it may be shown."""
        return self._openings.get((job, round_number))


class CourtGateway:
    """The HTTP face of a party to the court."""

    def __init__(self, store: ContentStore, board: Board, *, limits: GatewayLimits | None = None) -> None:
        self._board, self._limits = board, limits or GatewayLimits()
        content = ContentRoutes(store, None)
        routes = [
            Route("/ipfs/{cid}", content.get, methods=["GET", "HEAD"]),
            Route("/court/commitments/{job}/{round}", self._commitment, methods=["GET"]),
            Route("/court/openings/{job}/{round}", self._opening, methods=["GET"]),
        ]
        self.app = RateLimited(
            Starlette(routes=routes, exception_handlers={HTTPException: refused}),
            RateLimiter(self._limits),
            time.monotonic,
        )

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[str]:
        """Serve while the context is open; gives the base URL. Port 0 takes any free one. Raises PortOccupied."""
        async with serve(self.app, host, port, self._limits) as bound_port:
            yield f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"

    async def _commitment(self, request: Request) -> Response:
        return _answer(request, self._board.commitment, commitment_document)

    async def _opening(self, request: Request) -> Response:
        return _answer(request, self._board.opening, opening_document)


def _answer(
    request: Request, find: Callable[[bytes, int], T | None], document: Callable[[T], dict[str, Any]]
) -> Response:
    job, number = request.path_params["job"], request.path_params["round"]
    if _WORD.fullmatch(job) is None or number not in _ROUNDS:
        return bad_request("round", f"{job[:80]!r} is no job of 0x and 64 digits, or {number[:20]!r} no round.")
    found = find(bytes.fromhex(job[2:]), int(number))
    if found is None:
        return not_found("round", f"Nothing of job {job} in round {number} may be shown here.")
    return JSONResponse(document(found))


async def ask_commitment(client: PeerClient, source: Source, job: bytes, round_number: int) -> SignedEntry | None:
    """The commitment a party has signed, its signature not checked; None for what is none. Raises PeerError."""
    path = f"/court/commitments/0x{job.hex()}/{round_number}"
    return read_commitment(await client.document(source, path, MAXIMUM_DOCUMENT_BYTES))


async def ask_opening(client: PeerClient, source: Source, job: bytes, round_number: int) -> Opening | None:
    """What a party says it committed to; None for what is no opening at all. Raises PeerError."""
    path = f"/court/openings/0x{job.hex()}/{round_number}"
    return read_opening(await client.document(source, path, MAXIMUM_DOCUMENT_BYTES))


def commitment_document(signed: SignedEntry) -> dict[str, Any]:
    """A signed commitment as JSON; 32-byte values in hexadecimal."""
    words = {"commitment": signed.entry.commitment, "r": signed.r, "vs": signed.vs}
    return {"index": signed.entry.index} | {name: f"0x{word.hex()}" for name, word in words.items()}


def opening_document(opening: Opening) -> dict[str, Any]:
    """An opening as JSON; 32-byte values in hexadecimal."""
    digest = opening.digest.to_bytes(32, "big")
    words = {"digest": digest, "output_digest": opening.output_digest, "salt": opening.salt}
    return {"index": opening.index} | {name: f"0x{word.hex()}" for name, word in words.items()}


def read_commitment(data: bytes) -> SignedEntry | None:
    """The signed commitment in a JSON document, None unless it is one."""
    found = _read(data, ("commitment", "r", "vs"))
    return None if found is None else SignedEntry(Entry(found[0], found[1]), found[2], found[3])


def read_opening(data: bytes) -> Opening | None:
    """The opening in a JSON document, None unless it is one."""
    found = _read(data, ("digest", "output_digest", "salt"))
    return None if found is None else Opening(found[0], int.from_bytes(found[1], "big"), found[2], found[3])


def _read(data: bytes, names: tuple[str, str, str]) -> tuple[int, bytes, bytes, bytes] | None:
    """An index and three words of 32 bytes; None for anything else."""
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.keys() != {"index", *names}:
            return None
        index = document["index"]
        if type(index) is not int or not 0 <= index < 32:
            return None
        first, second, third = (_word(document[name]) for name in names)
    except (ValueError, TypeError, RecursionError):
        return None
    return index, first, second, third


def _word(text: str) -> bytes:
    if _WORD.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is not 32 bytes in hexadecimal")
    return bytes.fromhex(text[2:])

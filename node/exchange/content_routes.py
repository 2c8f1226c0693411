"""`GET /ipfs/{cid}`: one block, an archive or the file, with the headers that caches and IPFS clients expect.

Disk is read in worker threads. A file is served only when this peer holds all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from node.errors import StorageError
from node.exchange.http import ProblemResponse, RangeUnsatisfiable, bad_request, etag_matches, not_found, parse_range
from node.exchange.peer_client import PEER_HEADER
from node.storage import car
from node.storage.cid import RAW, Cid
from node.storage.errors import BadCid, BlockMissing, MalformedDag, StoreCorrupt
from node.storage.store import ContentReader
from node.storage.unixfs_reader import file_size, is_complete, read_file

Policy = Callable[[str | None, bytes, bytes], bytes | None]
"""(who asks, digest, block) -> the bytes to serve, or None to deny having them. Called from worker threads."""

RAW_TYPE: Final = "application/vnd.ipld.raw"
CAR_TYPE: Final = "application/vnd.ipld.car"
_CAR_PARAMETERS = "; version=1; order=dfs; dups=n"
_IMMUTABLE = "public, max-age=29030400, immutable"


@dataclass(frozen=True)
class _Content:
    """One request's view of the store: its object, and blocks as the policy lets this requester see them."""

    cid: Cid
    store: ContentReader
    policy: Policy | None
    requester: str | None

    def block(self, cid: Cid) -> bytes:
        block = self.store.get_block(cid.digest)
        if self.policy is None:
            return block
        served = self.policy(self.requester, cid.digest, block)
        if served is None:
            raise BlockMissing(cid, "this peer")
        return served

    def has(self, cid: Cid) -> bool:
        return self.store.has(cid)


class ContentRoutes:
    """The content half of a gateway."""

    def __init__(self, store: ContentReader, policy: Policy | None) -> None:
        self._store, self._policy = store, policy

    async def get(self, request: Request) -> Response:
        """Answer GET and HEAD of /ipfs/{cid}."""
        try:
            cid = Cid.parse(request.path_params["cid"])
        except BadCid as error:
            return bad_request("cid", str(error))
        answer = {"raw": self._raw, "car": self._car, "": self._file}.get(_format(request))
        if answer is None:
            return bad_request("format", "Served are the formats raw and car, and the file itself.")
        content = _Content(cid, self._store, self._policy, request.headers.get(PEER_HEADER))
        try:
            return await answer(request, content)
        except (BlockMissing, StoreCorrupt):
            return not_found("content", f"{cid} is not held here.")
        except MalformedDag as error:
            return ProblemResponse(422, "malformed-dag", "Malformed DAG", str(error))
        except StorageError as error:
            return ProblemResponse(503, "store-unavailable", "Store unavailable", str(error), {"Retry-After": "1"})
        except RangeUnsatisfiable as error:
            headers = {"Content-Range": f"bytes */{error.size}"}
            return ProblemResponse(416, "range-not-satisfiable", "Range not satisfiable", str(error), headers)

    async def _raw(self, request: Request, content: _Content) -> Response:
        block = await asyncio.to_thread(content.block, Cid(RAW, content.cid.digest))
        headers = _headers(content.cid, f'"{content.cid}.raw"', f"{content.cid}.bin")
        if etag_matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return _sliced(request, block, headers)

    async def _file(self, request: Request, content: _Content) -> Response:
        size = await asyncio.to_thread(_size_if_whole, content)
        headers = _headers(content.cid, f'"{content.cid}"')
        if etag_matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        part = parse_range(request.headers.get("range"), size)
        start, stop = (0, size) if part is None else (part.start, part.stop)
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(stop - start)}
        if part is not None:
            headers["Content-Range"] = part.content_range
        status = 200 if part is None else 206
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type="application/octet-stream")
        pieces = read_file(content.block, content.cid, start=start, stop=stop)
        return StreamingResponse(pieces, status, headers, "application/octet-stream")

    async def _car(self, request: Request, content: _Content) -> Response:
        await asyncio.to_thread(_size_if_whole, content)
        headers = _headers(content.cid, f'W/"{content.cid}.car"', f"{content.cid}.car")
        if etag_matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        media_type = CAR_TYPE + _CAR_PARAMETERS
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media_type)
        return StreamingResponse(car.archive(content.block, [content.cid]), 200, headers, media_type)


def _format(request: Request) -> str:
    """The format asked for: the query beats the Accept header."""
    named = request.query_params.get("format")
    if named is not None:
        return named or "none"
    accept = request.headers.get("accept", "")
    return "raw" if RAW_TYPE in accept else "car" if CAR_TYPE in accept else ""


def _headers(cid: Cid, etag: str, filename: str | None = None) -> dict[str, str]:
    headers = {
        "ETag": etag,
        "Cache-Control": _IMMUTABLE,
        "X-Ipfs-Path": f"/ipfs/{cid}",
        "X-Content-Type-Options": "nosniff",
    }
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return headers


def _sliced(request: Request, block: bytes, headers: dict[str, str]) -> Response:
    part = parse_range(request.headers.get("range"), len(block))
    headers["Accept-Ranges"] = "bytes"
    if part is None:
        return Response(block, 200, headers, RAW_TYPE)
    headers["Content-Range"] = part.content_range
    return Response(block[part.start : part.stop], 206, headers, RAW_TYPE)


def _size_if_whole(content: _Content) -> int:
    """The size of the file. Raises BlockMissing unless every block of it is here."""
    size = file_size(content.block, content.cid)
    if not is_complete(content.block, content.has, content.cid):
        raise BlockMissing(content.cid, "this peer")
    return size

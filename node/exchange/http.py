"""Small HTTP matters of the gateway: problem answers, byte ranges, bounded bodies. Pure, or about one request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class ProblemResponse(JSONResponse):
    """RFC 9457 problem+json."""

    media_type = "application/problem+json"

    def __init__(self, status: int, name: str, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        body = {"type": f"/problems/{name}", "title": title, "status": status, "detail": detail}
        super().__init__(body, status, headers)


@dataclass(frozen=True)
class ByteRange:
    """The half-open range [start, stop) of a representation of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the Content-Range header, which counts the last byte in."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


class RangeUnsatisfiable(ValueError):
    """A range that starts behind the end of `size` bytes."""

    def __init__(self, value: str | None, size: int) -> None:
        super().__init__(f"{value} starts behind the end of {size} bytes.")
        self.size = size


def parse_range(value: str | None, size: int) -> ByteRange | None:
    """Read a Range header; None for no range, or one that may be ignored (several ranges, other units).

    Raises RangeUnsatisfiable. Source: RFC 9110, section 14.
    """
    match = _RANGE.fullmatch(value.strip()) if value else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        suffix = min(int(last), size)
        if suffix == 0:
            raise RangeUnsatisfiable(value, size)
        return ByteRange(size - suffix, size, size)
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeUnsatisfiable(value, size)
    return ByteRange(start, stop, size)


def etag_matches(value: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header names `etag` (weak comparison, as RFC 9110 section 13.1.2 demands)."""
    if value is None:
        return False
    names = {part.strip().removeprefix("W/") for part in value.split(",")}
    return "*" in names or etag.removeprefix("W/") in names


class BodyTooLarge(ValueError):
    """A request body above its limit."""


async def read_body(request: Request, maximum_bytes: int) -> bytes:
    """Read a request body of at most `maximum_bytes`, never holding more. Raises BodyTooLarge."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > maximum_bytes:
        raise BodyTooLarge
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > maximum_bytes:
            raise BodyTooLarge
    return bytes(body)


def not_found(name: str, detail: str) -> Response:
    """A 404 that says what is missing."""
    return ProblemResponse(404, f"{name}-not-found", f"{name.capitalize()} not found", detail)


async def refused(request: Request, error: Exception) -> Response:
    """An unknown path or another method, which Starlette raises as HTTPException, as a problem."""
    if not isinstance(error, HTTPException):
        raise error
    status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
    detail = f"There is no {request.method[:20]} of this path."
    return ProblemResponse(status, status.phrase.lower().replace(" ", "-"), status.phrase, detail, headers)


def bad_request(name: str, detail: str) -> Response:
    """A 400 that says what is wrong."""
    return ProblemResponse(400, f"bad-{name}", f"Bad {name}", detail)

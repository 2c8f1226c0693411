"""What a peer can be asked over HTTP, with every answer bounded in size and time before it is believed.

This is the only place that knows the protocol is HTTP: fetching and gossip see its verbs alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from node.exchange.envelope import MAXIMUM_ENVELOPE_BYTES
from node.exchange.errors import PeerAnswered, PeerBusy, PeerLied, PeerTooSlow, PeerUnreachable
from node.exchange.pace import Pace
from node.exchange.source import Source
from node.storage.cid import RAW, Cid
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES

PEER_HEADER: Final = "Swarm-Peer"
MAXIMUM_RECORD_BYTES: Final = 1 << 24
MAXIMUM_HASHES_BYTES: Final = 1 << 21
# Slower than this is a trickle that only holds a connection open: a mebibyte would take a quarter of an hour.
MINIMUM_BYTES_PER_SECOND: Final = 1024
_GIVE_UP_FACTOR = 16  # a request is given up, not only called late, after this many times the swarm's patience
_LONGEST_RETRY_AFTER_SECONDS = 5.0
_BLOCK_HEADERS = {"Accept": "application/vnd.ipld.raw"}


def new_session() -> aiohttp.ClientSession:
    """A client session fit for strangers: no cookies, no proxy from the environment, no total timeout of its own."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        connector=aiohttp.TCPConnector(limit=256, limit_per_host=16),
        auto_decompress=False,
        read_bufsize=1 << 20,
    )


@dataclass
class Transfer:
    """The state of one request, kept up to date while it runs so that a late one can be described."""

    started: float
    first_byte_seconds: float | None = None
    received: bytearray = field(default_factory=bytearray)


class PeerClient:
    """Requests to peers. `self_address` tells them who asks; `pace` is what all of them together taught."""

    def __init__(self, session: aiohttp.ClientSession, self_address: str, pace: Pace | None = None) -> None:
        self._session = session
        self._headers = {PEER_HEADER: self_address, "Accept-Encoding": "identity"}
        self.pace = pace or Pace()

    async def block(self, source: Source, digest: bytes) -> tuple[bytes, Transfer]:
        """Ask for one block, not yet checked against its digest. Raises PeerError."""
        path = f"/ipfs/{Cid(RAW, digest)}?format=raw"
        return await self._get(source, path, MAXIMUM_BLOCK_BYTES, _BLOCK_HEADERS)

    async def record(self, source: Source, round: int) -> bytes:
        """Ask for the record of a round: JSON that proves nothing by itself. Raises PeerError."""
        data, _ = await self._get(source, f"/swarm/rounds/{round}", MAXIMUM_RECORD_BYTES)
        return data

    async def document(self, source: Source, path: str, maximum_bytes: int) -> bytes:
        """Ask for whatever the peer serves at a path: bytes that prove nothing by themselves. Raises PeerError."""
        data, _ = await self._get(source, path, maximum_bytes)
        return data

    async def latest_round(self, source: Source) -> int | None:
        """Ask for the number of the last round the peer has a record of. Raises PeerError."""
        data, _ = await self._get(source, "/swarm/rounds", MAXIMUM_ENVELOPE_BYTES)
        latest = _json_field(source, data, "latest")
        if latest is None or type(latest) is int:
            return latest
        raise PeerLied(source, "the latest round is not a number")

    async def envelope_hashes(self, source: Source) -> list[bytes]:
        """Ask which envelopes the peer holds. Raises PeerError."""
        data, _ = await self._get(source, "/swarm/envelopes", MAXIMUM_HASHES_BYTES)
        hashes = _json_field(source, data, "hashes")
        try:
            return [_hash(item) for item in hashes]  # type: ignore[attr-defined]
        except (TypeError, ValueError):
            raise PeerLied(source, "a list of envelopes that is not one of hashes") from None

    async def envelope(self, source: Source, hash: bytes) -> bytes:
        """Ask for one envelope; its hash has been checked, its signature not. Raises PeerError."""
        data, _ = await self._get(source, f"/swarm/envelopes/{hash.hex()}", MAXIMUM_ENVELOPE_BYTES)
        if hashlib.sha256(data).digest() != hash:
            raise PeerLied(source, f"an envelope that is not {hash.hex()}")
        return data

    async def post_envelope(self, source: Source, data: bytes) -> int:
        """Hand over an envelope and return the HTTP status. Raises PeerUnreachable, PeerTooSlow."""
        limit = _GIVE_UP_FACTOR * self.pace.patience_seconds(len(data))
        try:
            async with asyncio.timeout(limit):
                request = self._session.post(
                    _url(source, "/swarm/envelopes"), data=data, headers=self._headers, allow_redirects=False
                )
                async with request as response:
                    await response.content.readany()
                    return response.status
        except TimeoutError:
            raise PeerTooSlow(source, f"no answer to an envelope within {limit:.1f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerUnreachable(source, _cause(error)) from error

    async def _get(
        self, source: Source, path: str, maximum_bytes: int, headers: dict[str, str] | None = None
    ) -> tuple[bytes, Transfer]:
        loop = asyncio.get_running_loop()
        transfer = Transfer(loop.time())
        url = _url(source, path)
        try:
            async with asyncio.timeout(self._give_up_seconds()) as deadline:
                request = self._session.get(url, headers={**self._headers, **(headers or {})}, allow_redirects=False)
                async with request as response:
                    _check_head(source, response, maximum_bytes)
                    async for piece in response.content.iter_any():
                        if transfer.first_byte_seconds is None:
                            transfer.first_byte_seconds = loop.time() - transfer.started
                        transfer.received += piece
                        if len(transfer.received) > maximum_bytes:
                            raise PeerLied(source, f"more than the {maximum_bytes} bytes that may be")
                        # The time limit grows with what arrives: only a trickle runs into it.
                        earned = len(transfer.received) / MINIMUM_BYTES_PER_SECOND
                        deadline.reschedule(transfer.started + self._give_up_seconds() + earned)
        except TimeoutError:
            raise PeerTooSlow(source, describe(transfer, loop.time())) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerUnreachable(source, _cause(error)) from error
        total = loop.time() - transfer.started
        self.pace.observe(transfer.first_byte_seconds or total, total, len(transfer.received))
        return bytes(transfer.received), transfer

    def _give_up_seconds(self) -> float:
        return _GIVE_UP_FACTOR * self.pace.patience_seconds(0)


def describe(transfer: Transfer, now: float) -> str:
    """Say how far a transfer came."""
    return f"{len(transfer.received)} bytes in {now - transfer.started:.1f} s"


def _check_head(source: Source, response: aiohttp.ClientResponse, maximum_bytes: int) -> None:
    """Refuse an answer by its status and headers, before any of its body is read."""
    if response.status in (429, 503):
        raise PeerBusy(source, response.status, _retry_after_seconds(response.headers.get("Retry-After", "")))
    if response.status != 200:
        raise PeerAnswered(source, response.status)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise PeerLied(source, "a compressed answer that nobody asked for")
    if response.content_length is not None and response.content_length > maximum_bytes:
        raise PeerLied(source, f"{response.content_length} bytes announced, at most {maximum_bytes} may be")


def _retry_after_seconds(value: str) -> float:
    return min(float(value), _LONGEST_RETRY_AFTER_SECONDS) if value.isascii() and value.isdigit() else 1.0


def _url(source: Source, path: str) -> str:
    return source.url.rstrip("/") + path


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__


def _json_field(source: Source, data: bytes, name: str) -> object:
    try:
        value: object = json.loads(data)[name]
        return value
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PeerLied(source, f"an answer that is not JSON with {name!r}") from None


def _hash(text: object) -> bytes:
    if not isinstance(text, str) or len(text) != 66 or not text.startswith("0x"):
        raise ValueError("not a hash")
    return bytes.fromhex(text[2:])

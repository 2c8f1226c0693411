"""JSON-RPC over HTTP to one node: one request, one answer or one exception of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from web3 import AsyncHTTPProvider
from web3.types import RPCEndpoint

from contracts.decoding import decode_revert, hex_bytes, hex_number
from contracts.errors import ChainError, ChainUnreachable, MalformedAnswer, RequestRejected

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.1
CONNECTIONS = 32
IDLE_SECONDS = 3.0  # shorter than servers wait (often five): a request on a connection just closed is lost


class Transport(AsyncHTTPProvider):
    """web3's provider on one session of our own, which keeps its connections.

    web3's session cache opens a connection for every request, and guards itself with one lock for the whole process: a
    request that is cancelled while it waits for the lock takes it for good, and nobody in the process gets through any
    more (web3 8.0.0).
    """

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__(url)
        self._url = url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            headers={"Content-Type": "application/json"},
        )

    async def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        pause_seconds = FIRST_PAUSE_SECONDS
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._post(request_data)
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(pause_seconds)
                pause_seconds *= 2
        return await self._post(request_data)

    async def _post(self, request_data: bytes) -> bytes:
        async with self._session.post(self._url, data=request_data) as response:
            response.raise_for_status()
            return await response.read()

    async def disconnect(self) -> None:
        """Close all connections."""
        await self._session.close()


class Rpc:
    """A connection to a node. Every request may be repeated: a raw transaction counts once however often it is sent."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.url = url
        self._transport = transport

    @classmethod
    async def open(cls, url: str, *, timeout_seconds: float) -> Rpc:
        """Prepare the connection; nothing is sent yet. Raises ChainUnreachable for what is no HTTP address."""
        if not _is_http(url):
            raise ChainUnreachable(url, "not an http or https address")
        return cls(url, Transport(url, timeout_seconds=timeout_seconds))

    async def request(self, method: str, *parameters: object) -> Any:
        """The result of one call.

        Raises ChainUnreachable, ContractReverted where a contract refused, RequestRejected for any other error.
        """
        try:
            answer: object = await self._transport.make_request(RPCEndpoint(method), list(parameters))
        except TimeoutError as error:
            raise ChainUnreachable(self.url, f"no answer to {method} in time") from error
        except aiohttp.ClientConnectorError as error:
            raise ChainUnreachable(self.url, error.strerror or str(error.os_error)) from error
        except aiohttp.ClientError as error:
            raise ChainUnreachable(self.url, str(error) or type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise ChainUnreachable(self.url, f"the answer to {method} is not JSON") from error
        if not isinstance(answer, Mapping) or ("result" not in answer and not isinstance(answer.get("error"), Mapping)):
            raise ChainUnreachable(self.url, f"the answer to {method} is not JSON-RPC")
        if "result" not in answer:
            raise _failure(method, answer["error"])
        return answer["result"]

    async def number(self, method: str, *parameters: object) -> int:
        """The result of a call that answers with a quantity. Errors as in `request`, and MalformedAnswer."""
        try:
            return hex_number(await self.request(method, *parameters))
        except ValueError as error:
            raise MalformedAnswer(method, str(error)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.disconnect()


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _failure(method: str, error: Mapping[str, Any]) -> ChainError:
    """A contract's refusal carries its error data; nodes differ in the code, and some nest the data once more."""
    data: object = error.get("data")
    if isinstance(data, Mapping):
        data = data.get("data")
    reason = str(error.get("message", "no reason given"))
    try:
        raw = hex_bytes(data) if isinstance(data, str) else None
    except ValueError:
        raw = None
    if "revert" in reason.lower() or (raw is not None and error.get("code") == 3):
        return decode_revert(raw or b"")
    code = error.get("code")
    return RequestRejected(method, code if isinstance(code, int) else 0, reason, raw)

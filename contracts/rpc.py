"""JSON-RPC over HTTP to one node: one request, one answer or one exception of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from web3 import AsyncHTTPProvider
from web3.providers.rpc.utils import ExceptionRetryConfiguration
from web3.types import RPCEndpoint

from contracts.decoding import decode_revert, hex_bytes, hex_number
from contracts.errors import ChainError, ChainUnreachable, MalformedAnswer, RequestRejected

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.1
CONNECTIONS = 32


class Rpc:
    """A connection to a node. Every request may be repeated: a raw transaction counts once however often it is sent."""

    def __init__(self, url: str, provider: AsyncHTTPProvider) -> None:
        self.url = url
        self._provider = provider

    @classmethod
    async def open(cls, url: str, *, timeout_seconds: float) -> Rpc:
        """Prepare the connection; nothing is sent yet. Raises ChainUnreachable for what is no HTTP address."""
        if not _is_http(url):
            raise ChainUnreachable(url, "not an http or https address")
        provider = AsyncHTTPProvider(
            url,
            request_kwargs={"timeout": aiohttp.ClientTimeout(total=timeout_seconds)},
            exception_retry_configuration=ExceptionRetryConfiguration(
                errors=(aiohttp.ClientConnectionError,), retries=ATTEMPTS, backoff_factor=FIRST_PAUSE_SECONDS
            ),
        )
        # The provider's own session opens a new connection for every request.
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=aiohttp.ClientTimeout(total=timeout_seconds)
        )
        await provider.cache_async_session(session)
        return cls(url, provider)

    async def request(self, method: str, *parameters: object) -> Any:
        """The result of one call.

        Raises ChainUnreachable, ContractReverted where a contract refused, RequestRejected for any other error.
        """
        try:
            answer: object = await self._provider.make_request(RPCEndpoint(method), list(parameters))
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
        await self._provider.disconnect()


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

"""Raw JSON-RPC for tests: what goes over the wire and nothing in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx


class RpcFailure(Exception):
    """An error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: str | None = error.get("data")


class Rpc:
    """A client that adds nothing: `rpc("eth_getBalance", address, "latest")` returns `result`."""

    def __init__(self, rpc_url: str) -> None:
        self.http = httpx.Client(base_url=rpc_url, timeout=60, trust_env=False)
        self._identifier = 0

    def __call__(self, method: str, *params: object) -> Any:
        answer = self.post(self.request(method, *params))
        if "error" in answer:
            raise RpcFailure(answer["error"])
        return answer["result"]

    def request(self, method: str, *params: object) -> dict[str, object]:
        """A request of its own id."""
        self._identifier += 1
        return {"jsonrpc": "2.0", "id": self._identifier, "method": method, "params": list(params)}

    def post(self, body: object) -> Any:
        """The parsed answer to any JSON body."""
        answer = self.http.post("/", json=body)
        assert answer.status_code == 200, answer
        return answer.json()

    def integer(self, method: str, *params: object) -> int:
        """The result as an integer."""
        return int(self(method, *params), 16)

    def receipt(self, transaction_hash: str) -> dict[str, Any]:
        """Wait for a receipt."""
        receipt: dict[str, Any] = wait_for(lambda: self("eth_getTransactionReceipt", transaction_hash))
        return receipt

    def close(self) -> None:
        """Close the connection."""
        self.http.close()


def wait_for(condition: Callable[[], Any], *, timeout_seconds: float = 30) -> Any:
    """Poll until the condition answers something true, and return that."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"not within {timeout_seconds} seconds")

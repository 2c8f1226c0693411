"""A bare JSON-RPC client over WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.devnet import Devnet
from tests.support.rpc import RpcFailure


class Socket:
    """Calls methods, and keeps what subscriptions tell in between."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._identifier = 0
        self._told: list[dict[str, Any]] = []

    def __call__(self, method: str, *params: object) -> Any:
        self._identifier += 1
        request = {"jsonrpc": "2.0", "id": self._identifier, "method": method, "params": list(params)}
        answer = self.exchange(json.dumps(request))
        if "error" in answer:
            raise RpcFailure(answer["error"])
        return answer["result"]

    def exchange(self, text: str | bytes) -> Any:
        """The next answer after this message."""
        self.connection.send(text)
        while True:
            message = json.loads(self.connection.recv(timeout=30))
            if isinstance(message, dict) and message.get("method") == "eth_subscription":
                self._told.append(message["params"])
            else:
                return message

    def told(self, subscription: str) -> Any:
        """The next thing this subscription tells."""
        while True:
            for position, params in enumerate(self._told):
                if params["subscription"] == subscription:
                    return self._told.pop(position)["result"]
            message = json.loads(self.connection.recv(timeout=30))
            self._told.append(message["params"])


@contextmanager
def open_socket(devnet: Devnet, **options: Any) -> Iterator[Socket]:
    """A connection to a devnet."""
    with connect(devnet.rpc_url.replace("http", "ws"), max_size=None, compression=None, **options) as connection:
        yield Socket(connection)

"""What both engines have in common: the socket, the server, and the words it begins with."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

import uvicorn

from devnet.accounts import Account
from devnet.chain import INITIAL_BALANCE_WEI
from devnet.errors import DevnetError
from devnet.server import UVICORN_OPTIONS


class Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, application: Any, announcement: str) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
                **UVICORN_OPTIONS,
            )
        )
        self._announcement = announcement
        self.failed = False

    def fail(self) -> None:
        """Stop serving, because the chain cannot go on."""
        self.failed = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then announce it."""
        await super().startup(sockets)
        print(self._announcement, flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises DevnetError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without it each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as failure:
        listener.close()
        reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
        raise DevnetError(f"cannot listen on {host} port {port}: {reason}") from failure
    return listener


def announcement(listener: socket.socket, chain_id: int, accounts: Sequence[Account], *, as_json: bool) -> str:
    """The greeting, or its line of JSON."""
    host, port = listener.getsockname()[:2]
    rpc_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        keys = [{"address": account.address, "private_key": account.private_key} for account in accounts]
        return json.dumps({"rpc_url": rpc_url, "chain_id": chain_id, "accounts": keys})
    lines = [
        f"devnet listening on {rpc_url}, chain id {chain_id}",
        f"accounts with {INITIAL_BALANCE_WEI // 10**18:,} ether each; everybody knows the keys, use them nowhere else:",
    ]
    lines += [f"  {account.address}  {account.private_key}" for account in accounts]
    return "\n".join(lines)

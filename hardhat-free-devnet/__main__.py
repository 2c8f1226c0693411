"""`python -m devnet`: start a devnet and serve it until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn

from devnet.accounts import development_accounts
from devnet.chain import INITIAL_BALANCE_WEI, Chain
from devnet.datadir import open_chain
from devnet.errors import DevnetError
from devnet.server import UVICORN_OPTIONS, application
from devnet.worker import Worker


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    logging.getLogger("eth").setLevel(logging.WARNING)
    try:
        return _serve(options)
    except DevnetError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devnet", description="A local Ethereum node for development.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=_integer(0, 65_535), default=8545, help="0 picks a free one (default %(default)s)"
    )
    parser.add_argument("--chain-id", type=_integer(1, (1 << 53) - 1), default=31337, help="default %(default)s")
    parser.add_argument("--blocks-per-second", type=_positive, default=4.0, help="at most (default %(default)s)")
    parser.add_argument(
        "--heartbeat-seconds",
        type=_not_negative,
        default=1.0,
        help="an empty block after that long without one; 0 = never (default %(default)s)",
    )
    parser.add_argument(
        "--accounts", type=_integer(0, 1_000), default=20, help="development accounts (default %(default)s)"
    )
    parser.add_argument(
        "--cors-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="also serve web pages from there, e.g. https://app.example.org, or * for all; can be repeated",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="keep the chain in this folder, where it survives any end of the process (default: in memory)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line once listening")
    return parser


def _serve(options: argparse.Namespace) -> int:
    # uvicorn ends in peace and then raises the signal again: to end when asked is a success, as for SIGINT.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listener = _listen(options.host, options.port)
    accounts = development_accounts(options.accounts)
    if options.data_dir is None:
        chain = Chain(chain_id=options.chain_id, accounts=accounts)
    else:
        chain = open_chain(options.data_dir, chain_id=options.chain_id, accounts=accounts)
    host, port = listener.getsockname()[:2]
    rpc_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    server = _Server(
        uvicorn.Config(
            application(chain, options.cors_origin),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            **UVICORN_OPTIONS,
        ),
        announcement=_json_line(chain, rpc_url) if options.json else _greeting(chain, rpc_url),
    )
    worker = Worker(
        chain,
        blocks_per_second=options.blocks_per_second,
        heartbeat_seconds=options.heartbeat_seconds,
        on_failure=server.fail,
    )
    worker.start()
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        worker.stop()
    return 1 if server.failed else 0


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement
        self.failed = False

    def fail(self) -> None:
        """Stop serving, because the chain cannot go on."""
        self.failed = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._announcement, flush=True)


def _listen(host: str, port: int) -> socket.socket:
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


def _json_line(chain: Chain, rpc_url: str) -> str:
    accounts = [{"address": account.address, "private_key": account.private_key} for account in chain.accounts]
    return json.dumps({"rpc_url": rpc_url, "chain_id": chain.chain_id, "accounts": accounts})


def _greeting(chain: Chain, rpc_url: str) -> str:
    lines = [
        f"devnet listening on {rpc_url}, chain id {chain.chain_id}",
        f"accounts with {INITIAL_BALANCE_WEI // 10**18:,} ether each; everybody knows the keys, use them nowhere else:",
    ]
    lines += [f"  {account.address}  {account.private_key}" for account in chain.accounts]
    return "\n".join(lines)


def _integer(smallest: int, largest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not smallest <= int(text) <= largest:
            raise argparse.ArgumentTypeError(f"expected an integer from {smallest} to {largest}, got {text}")
        return int(text)

    return parse


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {text}")
    return value


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: that waits for every call and block that still computes, and nobody is left to answer.
    os._exit(status)

"""`python -m devnet`: start a devnet and serve it until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from devnet import bridging
from devnet.accounts import Account, development_accounts
from devnet.anvil import Anvil
from devnet.bridge import Bridge
from devnet.chain import Chain
from devnet.datadir import open_chain
from devnet.errors import DevnetError
from devnet.server import application
from devnet.serving import Server, announcement, listen
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
        "--engine",
        choices=["py-evm", "anvil"],
        default="py-evm",
        help="what executes; anvil is a program of its own and many times faster (default %(default)s)",
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
    if options.engine == "anvil" and options.data_dir is not None:
        raise DevnetError("--data-dir needs --engine py-evm: anvil cannot keep a chain so that it survives any end")
    listener = listen(options.host, options.port)
    accounts = development_accounts(options.accounts)
    greeting = announcement(listener, options.chain_id, accounts, as_json=options.json)
    run = _run_anvil if options.engine == "anvil" else _run_py_evm
    return run(options, accounts, listener, greeting)


def _run_py_evm(
    options: argparse.Namespace, accounts: Sequence[Account], listener: socket.socket, greeting: str
) -> int:
    if options.data_dir is None:
        chain = Chain(chain_id=options.chain_id, accounts=accounts)
    else:
        chain = open_chain(options.data_dir, chain_id=options.chain_id, accounts=accounts)
    server = Server(application(chain, options.cors_origin), greeting)
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


def _run_anvil(options: argparse.Namespace, accounts: Sequence[Account], listener: socket.socket, greeting: str) -> int:
    anvil = Anvil(chain_id=options.chain_id, accounts=len(accounts))

    async def serve() -> int:
        bridge = Bridge(anvil, blocks_per_second=options.blocks_per_second, heartbeat_seconds=options.heartbeat_seconds)
        server = Server(bridging.application(bridge, options.cors_origin), greeting)
        async with bridge.running(on_end=server.fail):
            await server.serve(sockets=[listener])
        return 1 if server.failed else 0

    try:
        return asyncio.run(serve())
    finally:
        anvil.stop()


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

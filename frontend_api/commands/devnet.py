"""`swarmproof devnet`: a local chain."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof devnet --port 8545 --json")(with_invocation(devnet))


class Engine(Enum):
    """Of the devnet."""

    PY_EVM = "py-evm"
    ANVIL = "anvil"


def devnet(
    invocation: Invocation,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 = any free one.", min=0, max=65535)] = 8545,
    blocks_per_second: Annotated[float, typer.Option(help="Blocks a second, at most.")] = 4,
    heartbeat_seconds: Annotated[float, typer.Option(help="An empty block after this long; 0 = never.")] = 1,
    engine: Annotated[Engine, typer.Option(help="What executes; anvil is faster.")] = Engine.PY_EVM,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the chain in this folder.", show_default="memory")] = None,
    accounts: Annotated[int, typer.Option(help="Funded accounts to print.", min=1)] = 20,
    cors_origin: Annotated[
        list[str] | None, typer.Option(help="Serve web pages from there too; * = all. Can be repeated.")
    ] = None,
) -> None:
    """Run a local Ethereum JSON-RPC node with funded accounts until interrupted."""
    arguments = [
        f"--host={host}",
        f"--port={port}",
        f"--chain-id={invocation.settings.chain_id or 31337}",
        f"--blocks-per-second={blocks_per_second:g}",
        f"--heartbeat-seconds={heartbeat_seconds:g}",
        f"--accounts={accounts}",
        f"--engine={engine.value}",
    ]
    if data_dir is not None:
        arguments.append(f"--data-dir={data_dir}")
    arguments += [f"--cors-origin={origin}" for origin in cors_origin or []]
    if invocation.output.as_json:
        arguments.append("--json")
    # The devnet is a program of its own: nothing of ours imports it, as with any other chain.
    os.execv(sys.executable, [sys.executable, "-m", "devnet", *arguments])

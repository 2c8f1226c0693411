"""`python -m node --config FILE`: run one training peer from a TOML file of `node.config.NodeSettings`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tomllib
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts.errors import SwarmProofError
from node.config import NodeSettings
from node.errors import ConfigurationError
from node.logs import configure_logs

S = TypeVar("S", bound=BaseModel)


def read_settings(path: Path) -> NodeSettings:
    """Read a configuration file. Raises ConfigurationError."""
    return read_settings_as(NodeSettings, path)


def read_settings_as(kind: type[S], path: Path) -> S:
    """Read a configuration file of another kind of peer. Raises ConfigurationError."""
    try:
        return kind(**tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise ConfigurationError(f"configuration {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        cause = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"configuration {path}: {where}: {cause}") from error


async def run_until_signal(settings: NodeSettings) -> None:
    """Run a peer; SIGTERM and SIGINT end it cleanly."""
    from node.service import run_node  # after the settings are known to be right: torch takes seconds to import

    await until_signal(run_node(settings))


async def until_signal(peer: Coroutine[None, None, None]) -> None:
    """Await a peer; SIGTERM and SIGINT end it cleanly."""
    running = asyncio.create_task(peer)
    loop = asyncio.get_running_loop()
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not stopped:
            raise


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m node", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file, for instance node.toml")
    configure_logs()
    try:
        asyncio.run(run_until_signal(read_settings(parser.parse_args().config)))
    except SwarmProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m node.neighbourhood --config FILE`: run one peer in gossip mode from a TOML file of its settings."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from contracts.errors import SwarmProofError
from node.__main__ import read_settings_as, until_signal
from node.logs import configure_logs
from node.neighbourhood.config import NeighbourhoodSettings


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m node.neighbourhood", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file, for instance peer.toml")
    configure_logs()
    try:
        settings = read_settings_as(NeighbourhoodSettings, parser.parse_args().config)
        from node.neighbourhood.service import run_peer  # torch takes seconds to import

        asyncio.run(until_signal(run_peer(settings)))
    except SwarmProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

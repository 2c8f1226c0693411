"""`python -m verifier.court --config FILE`: run a worker or verifier from a TOML file of `CourtSettings`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from contracts.errors import SwarmProofError
from node.__main__ import read_settings_as, until_signal
from node.logs import configure_logs
from verifier.court.config import CourtSettings


async def run_until_signal(settings: CourtSettings) -> None:
    """Run a party to the court; SIGTERM and SIGINT end it cleanly."""
    from verifier.court.service import run_party  # after the settings are known to be right: torch takes seconds

    await until_signal(run_party(settings))


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m verifier.court", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file, for instance verifier.toml")
    configure_logs()
    try:
        asyncio.run(run_until_signal(read_settings_as(CourtSettings, parser.parse_args().config)))
    except SwarmProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

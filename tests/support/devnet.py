"""A real devnet process for a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.tied import tied


@dataclass(frozen=True)
class DevnetAccount:
    """A funded account; `address` is EIP-55 text, `private_key` 0x-prefixed hexadecimal."""

    address: str
    private_key: str


@dataclass(frozen=True)
class Devnet:
    """A devnet that listens on loopback."""

    rpc_url: str
    chain_id: int
    accounts: tuple[DevnetAccount, ...]
    process: subprocess.Popen[str]


@contextmanager
def running_devnet(
    *,
    port: int = 0,
    blocks_per_second: float = 50,
    heartbeat_seconds: float = 1,
    accounts: int = 20,
    chain_id: int = 31337,
    data_dir: Path | None = None,
    engine: str | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[Devnet]:
    """Start a devnet, on a free port unless one is named, and stop it at the end."""
    options: dict[str, object] = {
        "--port": port,
        "--blocks-per-second": blocks_per_second,
        "--heartbeat-seconds": heartbeat_seconds,
        "--accounts": accounts,
        "--chain-id": chain_id,
    }
    if data_dir is not None:
        options["--data-dir"] = data_dir
    else:
        # DEVNET_ENGINE=anvil runs what needs just any chain on the devnet's other engine.
        options["--engine"] = engine or os.environ.get("DEVNET_ENGINE", "py-evm")
    command = tied(
        sys.executable, "-m", "devnet", "--json", *(str(part) for pair in options.items() for part in pair), *arguments
    )
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                process.wait()
                output.seek(0)
                raise RuntimeError(f"the devnet ended with status {process.returncode}: {output.read()}")
            told = json.loads(line)
            yield Devnet(
                rpc_url=told["rpc_url"],
                chain_id=told["chain_id"],
                accounts=tuple(DevnetAccount(**account) for account in told["accounts"]),
                process=process,
            )
        finally:
            process.terminate()
            process.wait()

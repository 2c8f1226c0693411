"""Foundry's anvil as a child process: found, started with our accounts and rules, limited, never left behind."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from devnet.accounts import MNEMONIC
from devnet.chain import BLOCK_GAS_LIMIT, INITIAL_BALANCE_WEI
from devnet.errors import DevnetError

# Where `npm ci` in contracts/ puts it, one package a platform.
INSTALLED = Path(__file__).resolve().parent.parent / "contracts" / "node_modules" / "@foundry-rs"
# Memory it may map. Without a limit, bursts were seen to take all there is on the machine.
ADDRESS_SPACE_BYTES = 8 << 30
# As many as a pruned node on a public network keeps; each is held in memory.
STATES_KEPT = 128
START_SECONDS = 30.0
PR_SET_PDEATHSIG = 1


def find_anvil() -> str:
    """The program: of contracts/node_modules, whose version is pinned, or else on PATH. Raises DevnetError."""
    for found in sorted(INSTALLED.glob("anvil-*/bin/anvil*")):
        if os.access(found, os.X_OK):
            return str(found)
    on_path = shutil.which("anvil")
    if on_path is None:
        raise DevnetError(
            f"anvil was not found, neither in {INSTALLED} (run: npm ci --ignore-scripts, in contracts/) nor on PATH"
        )
    return on_path


class Anvil:
    """A running anvil that builds a block only when told to. `rpc_url`: known to this process alone."""

    def __init__(self, *, chain_id: int, accounts: int) -> None:
        """Start it and wait until it answers. Raises DevnetError."""
        port = _free_port()
        self.rpc_url = f"http://127.0.0.1:{port}"
        command = [
            *(find_anvil(), "--quiet", "--host", "127.0.0.1", "--port", str(port)),
            *("--chain-id", str(chain_id), "--accounts", str(accounts), "--mnemonic", MNEMONIC),
            *("--balance", str(INITIAL_BALANCE_WEI // 10**18), "--gas-limit", str(BLOCK_GAS_LIMIT)),
            *("--hardfork", "prague", "--order", "fifo", "--no-mining", "--no-request-size-limit"),
            *("--prune-history", str(STATES_KEPT)),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=_limits(os.getpid())
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def describe_end(self) -> str:
        """Why the chain is gone, as one sentence."""
        status = self.exit_status or 0
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"anvil ended with {how}; it may map at most {ADDRESS_SPACE_BYTES >> 30} GiB of memory"

    def stop(self) -> None:
        """End it; nothing of its chain is kept."""
        self._process.kill()
        self._process.wait()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "web3_clientVersion", "params": []}).encode()
        request = urllib.request.Request(self.rpc_url, body, {"content-type": "application/json"})
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while self.exit_status is None and time.monotonic() < deadline:
            try:
                with direct.open(request, timeout=5) as answer:
                    version = json.load(answer)["result"]
            except OSError:
                time.sleep(0.02)
                continue
            if not version.startswith("anvil/"):
                raise DevnetError(f"expected anvil at {self.rpc_url}, found {version}")
            return
        if self.exit_status is not None:
            raise DevnetError(self.describe_end())
        raise DevnetError(f"anvil did not answer within {START_SECONDS:g} seconds")


def _limits(parent: int) -> Callable[[], None]:
    """What the child does before it becomes anvil: bound its memory, and die with its parent, however that dies."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before it could be asked for
                os._exit(1)

    return limit


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port

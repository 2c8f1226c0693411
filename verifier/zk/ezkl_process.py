"""EZKL, each call in a process of its own: bytes from strangers can crash or hang that process, but never ours.

No call may use the network: EZKL would otherwise fetch a Solidity compiler by itself.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from verifier.zk.errors import EzklDied, EzklMissing, EzklRefused

TIMEOUT_SECONDS: Final = 600.0
# Nothing listens on the discard port.
_NO_NETWORK: Final = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")


@dataclass(frozen=True)
class Answer:
    """What a call returned, as JSON holds it, and the most memory its process held (0 where unknown)."""

    value: Any
    peak_bytes: int


def call(
    name: str,
    *arguments: Path | str | int | bool | None,
    run_args: Mapping[str, object] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Call EZKL's function `name`; `run_args` become its last argument.

    Raises EzklMissing, EzklRefused when the function raises, EzklDied when its process crashes or takes too long.
    """
    if importlib.util.find_spec("ezkl") is None:
        raise EzklMissing("ezkl")
    plain = [str(argument) if isinstance(argument, Path) else argument for argument in arguments]
    request = json.dumps({"call": name, "arguments": plain, "run_args": None if run_args is None else dict(run_args)})
    command = [sys.executable, "-m", "verifier.zk.ezkl_child"]
    try:
        done = subprocess.run(
            command,
            input=request,
            env={**os.environ, **_NO_NETWORK},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EzklDied(name, f"stopped after {timeout_seconds:g} seconds") from error
    if done.returncode < 0:
        raise EzklDied(name, f"ended by signal {-done.returncode}")
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        last = done.stderr.strip().rpartition("\n")[2][:200]
        raise EzklDied(name, f"exit status {done.returncode}: {last}") from error
    if "error" in answer:
        raise EzklRefused(name, answer["error"])
    return Answer(answer["value"], answer["peak_bytes"])

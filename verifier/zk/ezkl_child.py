"""The process one call of EZKL runs in: `python -m verifier.zk.ezkl_child`, spoken to by `verifier.zk.ezkl_process`.

A request {"call", "arguments", "run_args"} comes as JSON on standard input; {"value"} or {"error"} and the peak memory
in bytes go to standard output, and whatever EZKL prints to standard error.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import sys
from pathlib import Path
from typing import Any


async def _call(request: dict[str, Any]) -> Any:
    import ezkl

    arguments = list(request["arguments"])
    if request["run_args"] is not None:
        run_args = ezkl.PyRunArgs()
        for name, value in request["run_args"].items():
            setattr(run_args, name, tuple(value) if isinstance(value, list) else value)
        arguments.append(run_args)
    # Some of EZKL's functions want a running event loop and answer an awaitable.
    value = getattr(ezkl, request["call"])(*arguments)
    return await value if inspect.isawaitable(value) else value


def _peak_bytes() -> int:
    """The most memory this process held, 0 where the system does not tell. getrusage would count the parent's too."""
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    except OSError:
        return 0
    return 1024 * int(found[1]) if found else 0


def main() -> None:
    """Answer one request."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer: dict[str, Any]
    try:
        answer = {"value": asyncio.run(_call(json.load(sys.stdin)))}
    except BaseException as error:  # a panic in EZKL's Rust code is no Exception
        answer = {"error": str(error) or type(error).__name__}
    answer["peak_bytes"] = _peak_bytes()
    with answers:
        json.dump(answer, answers)
    sys.stderr.flush()
    os._exit(0)  # threads that EZKL leaves behind can abort an interpreter that takes its leave


if __name__ == "__main__":
    main()

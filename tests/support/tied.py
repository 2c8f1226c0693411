"""Child processes that end with the test run, even when that is killed and can clean up nothing."""

from __future__ import annotations

import shutil


def tied(*command: str) -> tuple[str, ...]:
    """A command that the kernel kills when the thread that started it is gone; as it is where that cannot be asked.

    The process keeps its number, so signals reach it as before.
    """
    return ("setpriv", "--pdeathsig", "KILL", *command) if shutil.which("setpriv") else command

"""Processes of a demonstration: started with a log file each, ended in reverse order, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from contracts.errors import SwarmProofError

GRACE_SECONDS = 10.0
LOG_TAIL_LINES = 12


class ProcessDied(SwarmProofError):
    """A process of the demonstration ended before its time."""

    def __init__(self, name: str, status: int, log: Path) -> None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        super().__init__(f"{name} ended with status {status}; the end of {log}:\n{tail}")
        self.name, self.status, self.log = name, status, log


@dataclass(frozen=True)
class Running:
    """One process and where its log goes."""

    name: str
    process: asyncio.subprocess.Process
    log: Path


class Processes:
    """A group of processes that ends with the `async with` block."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._running: list[Running] = []

    async def start(self, name: str, *arguments: str, stdout: int | None = None) -> Running:
        """Start a process; standard error, and standard output unless `stdout` says otherwise, go to its log."""
        log = self._log_dir / f"{name}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file if stdout is None else stdout,
                stderr=file,
                # Several processes share the cores: one thread each, or they wait for one another at barriers.
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        running = Running(name, process, log)
        self._running.append(running)
        return running

    async def end(self, running: Running) -> None:
        """End a process as a person would, and stop minding it."""
        running.process.send_signal(signal.SIGTERM)
        await _ended(running)
        self._running.remove(running)

    async def kill(self, running: Running) -> None:
        """End a process without warning, as a power cut would, and stop minding it."""
        running.process.kill()
        await running.process.wait()
        self._running.remove(running)

    def check(self) -> None:
        """Raise ProcessDied if a process has ended with an error."""
        for running in self._running:
            if running.process.returncode:
                raise ProcessDied(running.name, running.process.returncode, running.log)

    async def __aenter__(self) -> Processes:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for running in reversed(self._running):
            if running.process.returncode is None:
                running.process.send_signal(signal.SIGTERM)
        for running in reversed(self._running):
            await _ended(running)


async def _ended(running: Running) -> None:
    """Wait for a process that was told to end; one that takes too long is killed."""
    try:
        await asyncio.wait_for(running.process.wait(), GRACE_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):  # it may have ended this very moment
            running.process.kill()
        await running.process.wait()

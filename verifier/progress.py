"""A progress bar on stderr for whatever takes more than two seconds; nothing for what is faster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SILENT_SECONDS = 2.0


class Steps(Protocol):
    """Told of every step of a longer work."""

    def step(self, description: str) -> None:
        """One more step is done; `description` is what comes next."""


class NoSteps:
    """Shows nothing."""

    def step(self, description: str) -> None:
        """See Steps."""


class _Bar:
    def __init__(self, progress: Progress, total: int, silent_seconds: float) -> None:
        self._progress, self._silent_seconds, self._done = progress, silent_seconds, 0
        self._started = time.monotonic()
        self._task = progress.add_task("", total=total, visible=False)

    def step(self, description: str) -> None:
        """See Steps."""
        self._done += 1
        late = time.monotonic() - self._started >= self._silent_seconds
        self._progress.update(self._task, completed=self._done, description=description, visible=late)


@contextmanager
def progress_bar(
    total: int, *, console: Console | None = None, silent_seconds: float = SILENT_SECONDS
) -> Iterator[Steps]:
    """A bar of `total` steps, by default on stderr; only on a terminal, and only once the silent seconds are over."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield NoSteps()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, total, silent_seconds)

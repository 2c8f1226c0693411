"""The progress bar: there for the slow, silent for the fast, absent where nobody looks."""

from __future__ import annotations

import io

from rich.console import Console

from verifier.progress import progress_bar


def drawn(*, terminal: bool, silent_seconds: float) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=80)
    with progress_bar(3, console=console, silent_seconds=silent_seconds) as progress:
        for number in range(3):
            progress.step(f"round {number} recomputed")
    return output.getvalue()


def test_slow_work_on_a_terminal_shows_its_steps() -> None:
    shown = drawn(terminal=True, silent_seconds=0)
    assert "round 2 recomputed" in shown
    assert "3/3" in shown


def test_fast_work_on_a_terminal_shows_nothing() -> None:
    assert "round" not in drawn(terminal=True, silent_seconds=3600)


def test_without_a_terminal_nothing_is_written() -> None:
    assert drawn(terminal=False, silent_seconds=0) == ""

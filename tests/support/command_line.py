"""A command inside the test's own process, as a person at a terminal would see it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from frontend_api.cli import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.stdout)

    @property
    def rows(self) -> list[list[str]]:
        """Standard output as tab-separated rows."""
        return [line.split("\t") for line in self.stdout.splitlines()]

    @property
    def facts(self) -> dict[str, str]:
        """Standard output as names and values."""
        return {row[0]: row[1] for row in self.rows}


Command = Callable[..., Outcome]


def command_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: Callable[[], int | None] = main
) -> Command:
    """A function that runs `main` with arguments; `swarmproof` unless told otherwise."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["swarmproof", *map(str, arguments)])
        capsys.readouterr()
        try:
            exit_code = main() or 0
        except SystemExit as ended:
            exit_code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    return run

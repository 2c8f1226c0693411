"""A demonstration that is ended, or that cannot start, leaves nothing behind and says so in one sentence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from scripts.demo.processes import Processes
from tests.support.command_line import Command, command_in

FEW = ("--peers", "2", "--attackers", "0", "--rounds", "50")


async def start(tmp_path: Path) -> asyncio.subprocess.Process:
    """A demonstration whose temporary files go to `tmp_path`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "frontend_api", "demo", *FEW),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
        # A shell starts what runs in its background with SIGINT ignored, and everything below would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture
def swarmproof(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in the test's own process."""
    return command_in(monkeypatch, capsys)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals, status: int) -> None:
    running = await start(tmp_path)
    assert running.stderr is not None
    async with asyncio.timeout(120):
        while b"starting 2 peers" not in await running.stderr.readline():
            pass
        running.send_signal(number)
        # The end of its standard error comes when its children, which hold their own logs, are gone or never had it.
        said = await running.stderr.read()
        assert await running.wait() == status
    assert b"Traceback" not in said
    assert b"Unclosed" not in said
    assert _folders_in(tmp_path) == []
    assert _processes_about(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--peers", "3", "--attackers", "1", "--attack", "bogus"), "attack 'bogus' is unknown"),
        (("--split", "foo"), "split 'foo' is unknown"),
        (("--rule", "nonsense"), "rule 'nonsense' is unknown"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swarmproof: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Processes, "start", pytest.fail)
    found = swarmproof("demo", *FEW, *arguments)
    assert found.exit_code == 2
    assert found.stderr.startswith(f"error: {sentence}")
    assert "Unclosed" not in found.stderr
    assert _folders_in(tmp_path) == []


def _folders_in(folder: Path) -> list[Path]:
    return list(folder.glob("swarmproof-demo-*"))


def _processes_about(text: str) -> list[str]:
    """Command lines of processes of this machine that name `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # ended meanwhile
        if text in line and str(os.getpid()) != entry.parent.name:
            found.append(line)
    return found

"""`python -m verifier`: what it prints and its exit codes. One way each, good and bad, is run as a process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Command, command_in
from verifier.__main__ import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in the test's own process."""
    return command_in(monkeypatch, capsys, main)


def run_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verifier", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_true_archive_exits_with_0(archives: dict[str, Path], run: Command) -> None:
    process = run_process("--offline", archives["folder"], "--json")
    assert (process.returncode, process.stderr) == (0, "")
    assert json.loads(process.stdout)["verdict"] == "accept"
    finished = run("--offline", archives["car"], "--json")
    assert (finished.exit_code, finished.stdout, finished.stderr) == (0, process.stdout, "")


def test_a_false_archive_exits_with_3_and_says_why(archives: dict[str, Path], tmp_path: Path, run: Command) -> None:
    shutil.copytree(archives["folder"], tmp_path / "copy")
    target = tmp_path / "copy" / "messages" / "1" / "2"
    target.write_bytes(target.read_bytes()[:-1] + b"\x00")
    finished = run_process("--offline", tmp_path / "copy")
    assert finished.returncode == 3
    assert finished.stdout.startswith("reject: message of seat 2 in round 1: digest: expected 0x")
    document = run("--offline", tmp_path / "copy", "--json").document
    assert (document["verdict"], document["round"], document["object"]) == ("reject", 1, "message of seat 2 in round 1")


def test_an_archive_with_a_hole_exits_with_4(archives: dict[str, Path], tmp_path: Path, run: Command) -> None:
    shutil.copytree(archives["folder"], tmp_path / "copy")
    (tmp_path / "copy" / "checkpoints" / "3").unlink()
    finished = run("--offline", tmp_path / "copy")
    assert finished.exit_code == 4
    assert finished.stdout.startswith("inconclusive: checkpoint of round 3: ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "needs a deployment record"),
        (("--offline", "/nowhere/x.car"), 2, "no archive can be read at /nowhere/x.car"),
        (("--deployment", "/nowhere.json"), 2, "deployment record /nowhere.json"),
        (("--round", "0", "--offline", "x"), 2, "setting round"),
        (("--wrong",), 2, "unrecognized arguments"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: tuple[str, ...], code: int, said: str, run: Command) -> None:
    finished = run(*arguments)
    assert finished.exit_code == code
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""


def test_a_chain_that_does_not_answer_exits_with_4(finished_deployment: Path, run: Command) -> None:
    finished = run("--rpc-url", "http://127.0.0.1:9", "--deployment", finished_deployment)
    assert finished.exit_code == 4
    assert finished.stderr.count("\n") == 1

"""`python -m verifier` as a process: what it prints and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verifier", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("form", ["folder", "car"])
def test_a_true_archive_exits_with_0(archives: dict[str, Path], form: str) -> None:
    finished = run("--offline", archives[form], "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["verdict"] == "accept"
    assert finished.stderr == ""


def test_a_false_archive_exits_with_3_and_says_why(archives: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(archives["folder"], tmp_path / "copy")
    target = tmp_path / "copy" / "messages" / "1" / "2"
    target.write_bytes(target.read_bytes()[:-1] + b"\x00")
    finished = run("--offline", tmp_path / "copy")
    assert finished.returncode == 3
    assert finished.stdout.startswith("reject: message of seat 2 in round 1: digest: expected 0x")
    document = json.loads(run("--offline", tmp_path / "copy", "--json").stdout)
    assert (document["verdict"], document["round"], document["object"]) == ("reject", 1, "message of seat 2 in round 1")


def test_an_archive_with_a_hole_exits_with_4(archives: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(archives["folder"], tmp_path / "copy")
    (tmp_path / "copy" / "checkpoints" / "3").unlink()
    finished = run("--offline", tmp_path / "copy")
    assert finished.returncode == 4
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
def test_wrong_usage_is_one_sentence(arguments: tuple[str, ...], code: int, said: str) -> None:
    finished = run(*arguments)
    assert finished.returncode == code
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""


def test_a_chain_that_does_not_answer_exits_with_4(finished_deployment: Path) -> None:
    finished = run("--rpc-url", "http://127.0.0.1:9", "--deployment", finished_deployment)
    assert finished.returncode == 4
    assert finished.stderr.count("\n") == 1

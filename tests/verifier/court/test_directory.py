"""Answers survive the process that made them, and the first one counts."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from node.durable_directory import (
    StateDirectoryDamaged,
    StateDirectoryForeign,
    StateDirectoryInUse,
    StateDirectoryUnusable,
)
from verifier.court.directory import Answer, CourtDirectory

IDENTITY = {"account": "0x1", "court": "0x2"}
JOB, SEED, OTHER_SEED = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
ANSWER = Answer(JOB, 0, SEED, 2**256 - 1, b"\x04" * 32, b"\x05" * 32)


def open_directory(path: Path, **changes: str) -> CourtDirectory:
    return CourtDirectory(path, identity=IDENTITY | changes)


def test_an_answer_is_found_again_with_its_output(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    directory.save(ANSWER, b"output")
    directory.close()
    again = open_directory(tmp_path)
    assert again.answer(JOB, 0, SEED) == ANSWER
    assert again.answer(JOB, 1, SEED) is None
    assert again.answer(JOB, 0, OTHER_SEED) is None
    assert again.waiting_output(ANSWER) == b"output"
    again.handed_over(ANSWER)
    assert again.waiting_output(ANSWER) is None
    again.close()


def test_of_two_answers_the_first_counts(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    directory.save(ANSWER, b"output")
    directory.save(Answer(JOB, 0, SEED, 7, b"\x06" * 32, b"\x07" * 32), b"another")
    assert directory.answer(JOB, 0, SEED) == ANSWER
    assert directory.waiting_output(ANSWER) == b"output"
    directory.close()


def test_answers_to_different_beacons_stand_side_by_side(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    other = Answer(JOB, 0, OTHER_SEED, 7, b"\x06" * 32, b"\x07" * 32)
    directory.save(ANSWER, b"output")
    directory.save(other, b"another")
    assert (directory.answer(JOB, 0, SEED), directory.answer(JOB, 0, OTHER_SEED)) == (ANSWER, other)
    assert (directory.waiting_output(ANSWER), directory.waiting_output(other)) == (b"output", b"another")
    directory.close()


def test_what_was_saved_outlives_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os, signal; from pathlib import Path; from verifier.court.directory import Answer, CourtDirectory;"
        f"directory = CourtDirectory(Path({str(tmp_path)!r}), identity={IDENTITY!r});"
        f"directory.save({ANSWER!r}, b'output');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert killed.returncode == -signal.SIGKILL
    directory = open_directory(tmp_path)
    assert directory.answer(JOB, 0, SEED) == ANSWER
    assert directory.waiting_output(ANSWER) == b"output"
    directory.close()


def test_a_directory_has_one_owner_at_a_time_and_is_of_one_court(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    with pytest.raises(StateDirectoryInUse):
        open_directory(tmp_path)
    directory.close()
    with pytest.raises(StateDirectoryForeign, match="court 0x2, expected 0x3"):
        open_directory(tmp_path, court="0x3")


def test_outputs_without_the_database_that_named_them_are_damage(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    directory.save(ANSWER, b"output")
    directory.close()
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    with pytest.raises(StateDirectoryDamaged):
        open_directory(tmp_path)


FULL = """
import resource, signal, sys
from pathlib import Path
from node.durable_directory import StateDirectoryUnusable
from verifier.court.directory import Answer, CourtDirectory

directory = CourtDirectory(Path({path!r}), identity={identity!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the kernel refuses bytes beyond the limit, as a full disk does
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
try:
    directory.save({answer!r}, b"output" * 100)
except StateDirectoryUnusable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize(("limit", "folder"), [(0, "/outbox"), (600, "")])
def test_a_full_disk_is_an_error_that_names_the_directory(tmp_path: Path, limit: int, folder: str) -> None:
    """With no room at all the output is not written, with room for it alone the row that names it."""
    program = FULL.format(path=str(tmp_path), identity=IDENTITY, answer=ANSWER, limit=limit)
    environment = {**os.environ, "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"state directory {tmp_path}{folder} cannot be used: ")
    directory = open_directory(tmp_path)
    assert directory.answer(JOB, 0, SEED) is None
    directory.save(ANSWER, b"output")
    assert directory.answer(JOB, 0, SEED) == ANSWER
    directory.close()


def test_a_table_that_is_gone_is_no_bare_error_of_the_database(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as database:
        database.execute("DROP TABLE answers")
    with pytest.raises(StateDirectoryUnusable, match="no such table"):
        directory.answer(JOB, 0, SEED)
    directory.close()

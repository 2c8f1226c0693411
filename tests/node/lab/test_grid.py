"""Running grids: what is there is not computed again, what fails is kept apart, nothing is lost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import StateError
from node.lab.experiment import AnyCell
from node.lab.grid import WorkerDied, run_grid
from node.lab.report import markdown
from node.lab.results import ResultsFile
from tests.node.lab.stub_experiment import DIES, FAILS, experiment
from tests.support.imports import REPOSITORY


def test_results_come_in_the_order_of_the_cells_each_once(tmp_path: Path) -> None:
    outcome = run_grid(experiment(3, 1, 3, 2), tmp_path / "deep" / "results.jsonl")
    assert [(cell.number, result.square) for cell, result in outcome.results] == [(3, 9), (1, 1), (2, 4)]
    assert (outcome.failed, outcome.reused) == ([], 0)


def test_a_second_run_computes_only_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    run_grid(experiment(1, 2), path)
    before = path.read_bytes()
    reported: list[str] = []

    def report(cell: AnyCell, error: str | None) -> None:
        reported.append(cell.key)

    outcome = run_grid(experiment(1, 2, 3), path, report=report)
    assert outcome.reused == 2
    assert len(outcome.results) == 3
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes().splitlines()) == 3
    assert reported == ["cell-1", "cell-2", "cell-3"]


def test_results_of_other_code_are_used_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"
    assert run_grid(experiment(1, 2), path).outdated == 0
    monkeypatch.setattr("node.lab.grid.code_fingerprint", lambda: "0" * 12)
    outcome = run_grid(experiment(1, 2, 3), path)
    assert (outcome.reused, outcome.outdated) == (2, 2)
    assert "2 of 3 results were made by another version of the code." in markdown(experiment(1, 2, 3), outcome)


def test_half_a_line_at_the_end_is_dropped_and_its_cell_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    run_grid(experiment(1, 2), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    outcome = run_grid(experiment(1, 2), path)
    assert outcome.reused == 1
    assert path.read_bytes() == whole


@pytest.mark.parametrize("line", [b"{}}", b"[1]", b"7", b"[" * 100_000])
def test_a_damaged_line_elsewhere_is_an_error_that_names_it(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "results.jsonl"
    run_grid(experiment(1, 2), path)
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(StateError, match=r"results\.jsonl, line 1 is not a result"):
        run_grid(experiment(1), path)


def test_a_result_of_another_shape_is_an_error_that_names_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps({"key": "cell-1", "cell": {}, "result": {"cube": 1}}) + "\n")
    with pytest.raises(StateError, match="the result of cell cell-1 cannot be read"):
        run_grid(experiment(1), path)


def test_a_cell_that_fails_is_recorded_reported_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    errors: list[str | None] = []
    for _ in range(2):
        outcome = run_grid(experiment(1, FAILS, 2), path, report=lambda cell, error: errors.append(error))
        assert [cell.number for cell, _ in outcome.results] == [1, 2]
        assert [(cell.number, error) for cell, error in outcome.failed] == [(FAILS, "TaskError: no luck")]
    assert errors.count("TaskError: no luck") == 2
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("error") for line in lines] == [None, "TaskError: no luck", None, "TaskError: no luck"]


def test_worker_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    together = run_grid(experiment(1, FAILS, 2, 3), tmp_path / "together.jsonl", workers=2)
    alone = run_grid(experiment(1, FAILS, 2, 3), tmp_path / "alone.jsonl")
    assert [(cell, result.square) for cell, result in together.results] == [
        (cell, result.square) for cell, result in alone.results
    ]
    assert together.failed == alone.failed
    assert all(result.process != os.getpid() for _, result in together.results)
    assert all(result.process == os.getpid() for _, result in alone.results)


def test_a_worker_that_dies_ends_the_run_and_what_was_done_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    run_grid(experiment(1), path)
    with pytest.raises(WorkerDied, match="run again to go on"):
        run_grid(experiment(1, DIES, 2), path, workers=2)
    assert run_grid(experiment(1), path).reused == 1


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from node.lab.grid import run_grid\n"
        "from tests.node.lab.stub_experiment import experiment\n"
        "if __name__ == '__main__':\n"
        f"    folder = Path({str(tmp_path)!r})\n"
        "    run_grid(experiment(1000, 1001), folder / 'results.jsonl', data_dir=folder / 'waiting', workers=2)\n"
    )
    waiting = tmp_path / "waiting"
    waiting.mkdir()
    script = tmp_path / "program.py"
    script.write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen([sys.executable, script], env=environment, cwd=REPOSITORY) as parent:
        wait_until(lambda: len(list(waiting.iterdir())) == 2)
        parent.kill()
    for file in waiting.iterdir():
        wait_until(lambda pid=file.name: not Path("/proc", pid).exists())  # type: ignore[misc]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_file_is_written_by_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultsFile(path), pytest.raises(StateError, match="in use by another process"):
        run_grid(experiment(1), path)
    assert run_grid(experiment(1), path).reused == 0


def test_a_full_disk_is_an_error_and_what_was_written_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    run_grid(experiment(1), path)
    whole, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(StateError, match="cannot be written: File too large"):
            _run_in_so_many_bytes(path, len(whole) + 9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    outcome = run_grid(experiment(1, 2), path)
    assert outcome.reused == 1
    assert path.read_bytes().startswith(whole + b"{")


def _run_in_so_many_bytes(path: Path, most: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    run_grid(experiment(1, 2), path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written"):
        run_grid(experiment(1), tmp_path / "file" / "results.jsonl")

"""The measurements beside ByzFL, without ByzFL: its worker runs in this Python on modules that stand in for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.lab.cell import Cell
from node.lab.run import cut, load_image_task
from scripts import bench_byzfl
from scripts.byzfl import accuracy, measure
from scripts.byzfl.client import Client, WorkerFailed
from scripts.byzfl.document import put
from scripts.byzfl.environment import EnvironmentMissing, existing, prepare
from scripts.byzfl.float_swarm import run_float_cell
from scripts.byzfl.workload import Workload, float_updates, write_updates

TORCH = """
__version__ = "0"

class Tensor:
    def __init__(self, values):
        self.values = values
    def numpy(self):
        return self.values

from_numpy = Tensor

def set_num_threads(count):
    assert count == 1
"""
# An average; one that shifts by f first; one that raises; one that ends the process; any other is an average with f.
BYZFL = """
import os
import torch
print("a library that talks")

class Average:
    def __call__(self, vectors):
        print("and goes on")
        return torch.Tensor(vectors.values.mean(axis=0))

class Shift:
    def __init__(self, f):
        self.f = f
    def __call__(self, vectors):
        return torch.Tensor(vectors.values + self.f)

class Refuses:
    def __init__(self, f):
        pass
    def __call__(self, vectors):
        raise ValueError(f"not with {len(vectors.values)}")

class Ends(Refuses):
    def __call__(self, vectors):
        os._exit(3)

def __getattr__(name):
    if name in ("GeometricMedian", "CenteredClipping", "Median"):
        return Average
    if name == "NNM":
        return Shift
    class Bounded(Average):
        def __init__(self, f):
            pass
    return Bounded
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, source in (("torch", TORCH), ("byzfl", BYZFL)):
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.fixture
def client(modules: None) -> Iterator[Client]:
    with Client.in_environment(Path(sys.executable)) as client:
        yield client


def test_aggregators_run_one_after_another_and_errors_do_not_end_the_worker(client: Client) -> None:
    assert client.versions == {"torch": "0", "numpy": np.__version__}
    updates = np.array([[1, 2, 3], [3, 4, 7]], dtype=np.float32)
    client.start("Shift+Average", 2)
    assert client.aggregate(updates).tolist() == [4, 5, 7]
    client.start("Refuses", 0)
    with pytest.raises(WorkerFailed, match="ValueError: not with 2"):
        client.aggregate(updates)
    client.start("Average", 0)
    assert client.aggregate(updates).tolist() == [2, 3, 5]


def test_a_worker_that_ends_is_an_error_and_not_a_wait(client: Client) -> None:
    client.start("Ends", 0)
    for _ in range(2):
        with pytest.raises(WorkerFailed, match="has ended"):
            client.aggregate(np.zeros((1, 2), dtype=np.float32))


def test_a_python_without_the_library_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkerFailed, match="has ended"):
        Client.in_environment(Path(sys.executable))
    assert "byzfl" in capfd.readouterr().err


def test_times_are_of_what_was_loaded(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "updates.npy"
    write_updates(path, 1000, 3)
    assert (np.load(path) == np.stack(list(float_updates(1000, 3)))).all()
    with pytest.raises(WorkerFailed):
        client.time("Average", 0, "torch", 1)
    client.load(path)
    timing = client.time("Shift+Average", 1, "torch", 3)
    assert timing.cpu >= 0
    assert timing.wall > 0


def test_a_missing_environment_is_said_and_not_made_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentMissing, match=r"byzfl==0\.0\.11 is not set up"):
        existing(tmp_path)
    monkeypatch.setattr(bench_byzfl, "existing", lambda: existing(tmp_path))
    assert bench_byzfl.find_python(set_up=False) is None
    assert "ByzFL is left out: byzfl==0.0.11 is not set up (--set-up does it" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_environment_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentMissing, match="cannot be made"):
        prepare(tmp_path / "file" / "venv")


def test_an_environment_is_ready_for_what_it_was_made_for(tmp_path: Path) -> None:
    (tmp_path / ".ready").write_text("byzfl==0.0.11")
    assert prepare(tmp_path) == tmp_path / "bin" / "python"
    with pytest.raises(EnvironmentMissing):
        existing(tmp_path, "byzfl==0.0.12")


def test_the_benchmark_compares_with_what_is_there(modules: None, capsys: pytest.CaptureFixture[str]) -> None:
    text = bench_byzfl.measure(8192, 5, 1, values=True, python=Path(sys.executable))
    assert capsys.readouterr().out.rstrip() == text
    assert "byzfl==0.0.11 (torch 0, numpy" in text
    rows = [line.split(" | ") for line in text.splitlines() if "| NNM+Krum |" in line]
    assert len(rows) == 1
    assert float(rows[0][4]) > 0
    assert text.count("`nnm(f=1)+trimmed-mean(f=1)`") == 1


def test_without_the_library_the_benchmark_measures_ours() -> None:
    text = bench_byzfl.measure(4096, 5, 1, values=False, python=None)
    assert "| `krum(f=1)` | Krum | " in text
    assert "byzfl==" not in text


def test_what_does_not_fit_is_left_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measure.needed_bytes("NNM+Krum", 20, 4, 10**7) == 4 * 10**7 * (20 * 16 + 40)
    monkeypatch.setattr(measure, "_available_bytes", lambda: 10**4)
    workload = Workload.make(4096, 5, 64, 1)
    (pair,) = measure.measure_pairs(workload, [("krum(f={f})", "Krum", 5)], client, 1)
    assert pair.theirs is None
    assert pair.note.startswith("needs ")
    assert "| needs " in bench_byzfl.pairs_table([pair])


def test_a_target_that_is_missed_is_marked() -> None:
    ours, twice = measure.Seconds(0.1, 0.1), measure.Seconds(0.2, 0.3)
    pair = measure.Pair("mean", "Average", 5, ours, twice)
    assert bench_byzfl.pairs_table([pair]).endswith("| `mean` | Average | 100.0 | 200.0 | 2.0 | 3.0 | 5 (missed) |")
    assert bench_byzfl.pairs_table([replace(pair, target=2)]).endswith("| 2 |")
    memory = measure.Memory(messages=1, decoded=2, block=10, state=5, peak=26)
    assert "next state (missed) |" in bench_byzfl.memory_table(memory, [])
    assert "(missed)" not in bench_byzfl.memory_table(replace(memory, peak=25), [])
    assert "| 5.1% (missed) |" in bench_byzfl.further_table([("flag", 0.0051)], 0.1)


def test_a_round_takes_far_less_memory_than_dense_floats() -> None:
    memory = measure.measure_memory(Workload.make(1 << 18, 20, 64, 4))
    assert memory.peak <= memory.limit
    assert memory.peak < 20 * (1 << 18)  # n x d floats are four times as much


def test_tables_replace_what_stands_between_their_comments(tmp_path: Path) -> None:
    document = tmp_path / "results.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n")
    put(document, "a", "new\n")
    put(document, "a", "newer\n")
    assert document.read_text() == "before\n<!-- a -->\n\nnewer\n\n<!-- end of a -->\nafter\n"
    with pytest.raises(ValueError, match="no section 'b'"):
        put(document, "b", "")


def test_float_updates_train_the_labs_swarm_until_nothing_is_finite() -> None:
    cell = Cell(
        task="digits", width=8, rule="mean", attack="sign-flip", attackers=1, seats=4, rounds=2, compressed=False
    )
    task = load_image_task(cell.task, cell.width, None)
    shards = cut(cell, None)
    seen: list[tuple[int, ...]] = []

    def honest_mean(updates: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        seen.append(updates.shape)
        assert (np.sign(updates[3]) != np.sign(updates[:3].mean(axis=0))).mean() > 0.5
        return np.asarray(updates[:3].mean(axis=0))

    outcome = run_float_cell(cell, task, shards, honest_mean)
    d = cell.manifest(task).layout.parameter_count
    assert seen == [(4, d)] * 2
    assert outcome.accuracy > 0.3
    assert outcome.attack_success is None
    endless = run_float_cell(cell, task, shards, lambda updates: updates[0] * np.float32(np.inf))
    assert endless.accuracy < 0.3


def test_both_halves_of_the_grid_meet_the_same_attacks_and_tables_keep_them_apart() -> None:
    theirs = list(accuracy.cells([3, 6], 2, theirs=True))
    ours = list(accuracy.cells([3, 6], 2, theirs=False))
    assert len(theirs) == len(accuracy.AGGREGATORS) * 64
    assert len(ours) == len(accuracy.OURS) * 64
    assert {side.cell.attack for side in theirs} == {side.cell.attack for side in ours} == set(accuracy.ATTACKS)
    assert len({side.key for side in (*theirs, *ours)}) == len(theirs) + len(ours)
    for side in ours:
        side.cell.check()
    results = [(side, accuracy.SideResult(0.5 + side.cell.seed / 4, None, 1.0)) for side in (*theirs, *ours)]
    tables = accuracy.tables(results)
    assert [table.title for table in tables] == [
        "iid, f = 3",
        "iid, f = 6",
        "dirichlet(0.5), f = 3",
        "dirichlet(0.5), f = 6",
    ]
    assert "| `ByzFL NNM+TrMean, float32` | 62.5 | **62.5** |" in tables[0].to_markdown()
    assert "| `mean, compressed` | 62.5 |" in tables[0].to_markdown()


def test_a_run_with_failures_leaves_the_published_tables_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = tmp_path / "document.md"
    published.write_text("<!-- accuracy -->\n97.1\n<!-- end of accuracy -->\n")
    options = ["--ours-only", "--byzantine", "3", "--data-dir", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["accuracy", *options, "--into", str(published)])
    with pytest.raises(SystemExit, match="cells failed"):
        accuracy.main()
    assert "97.1" in published.read_text()

"""Finding tasks, also those of other distributions."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from node.errors import TaskError
from node.tasks import Split, load_task


def _distribution(folder: Path, entry: str) -> None:
    (folder / "foreign_task.py").write_text(
        textwrap.dedent("""
        from node.tasks.digits import DigitsTask

        class Foreign(DigitsTask):
            name = "foreign"
        """)
    )
    metadata = folder / "foreign_task-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-task\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[swarmproof.tasks]\n{entry}\n")


def test_a_task_of_another_distribution_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _distribution(tmp_path, "foreign = foreign_task:Foreign")
    monkeypatch.syspath_prepend(tmp_path)
    task = load_task("foreign", options={"width": 8})
    assert task.name == "foreign"
    assert len(task.shards(3, Split(), 0)) == 3


def test_an_entry_point_cannot_take_over_one_of_our_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _distribution(tmp_path, "digits = foreign_task:Foreign")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_task("digits").name == "digits"


def test_an_entry_point_that_leads_nowhere_is_a_task_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _distribution(tmp_path, "broken = no_such_module_here:Task")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TaskError, match="'broken' cannot be loaded from no_such_module_here:Task"):
        load_task("broken")


def test_an_unknown_task_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TaskError, match="task 'chess' is unknown; known tasks: digits, flow, mnist, text"):
        load_task("chess")

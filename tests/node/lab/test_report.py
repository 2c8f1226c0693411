"""Tables, documents and plots."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from node.errors import StateError
from node.lab.cell import Cell, CellResult
from node.lab.engine import server_tables
from node.lab.grid import GridOutcome, run_grid
from node.lab.report import draw_heat_map, markdown, write_report
from node.lab.table import WIDEST, Figure, Table
from tests.node.lab.stub_experiment import FAILS, experiment

CLEAN = Cell(rule="mean", bound=3)
RESULT = CellResult(0.9, 0.9, 0.3, None, (), 0.0, 0.0, (1.0,), 0.0, 0.0, 0.0, 0, 0, 0.19, 1.0)


def reached(accuracy: float, success: float | None = None) -> CellResult:
    return replace(RESULT, accuracy=accuracy, attack_success=success)


def test_a_table_has_means_over_seeds_the_worst_case_and_what_safety_costs() -> None:
    flip, backdoor = (replace(CLEAN, attack=attack, attackers=3) for attack in ("sign-flip", "backdoor"))
    krum = replace(CLEAN, rule="multi-krum(f=3)")
    results = [
        (flip, reached(0.10)),
        (replace(flip, seed=1), reached(0.30)),
        (CLEAN, reached(0.93)),
        (replace(CLEAN, seed=1), reached(0.95)),
        (backdoor, reached(0.92, 1.0)),
        (krum, reached(0.90)),
        (replace(krum, seed=1), reached(0.92)),
    ]
    (table,) = server_tables(results)
    assert table.columns == ("none", "worst", "below", "cost", "sign-flip", "backdoor")
    texts = {name: [None if item is None else item.text for item in figures] for name, figures in table.rows}
    assert texts == {
        "mean": ["94.0", "20.0 sign-flip", "74.0", "0.0", "20.0", "92.0 (100) [1 of 2]"],
        "multi-krum(f=3)": ["91.0", None, None, "3.0", None, None],
    }
    assert "mean over 2 seeds" in table.note
    assert "| `mean` | 94.0 | 20.0 sign-flip | 74.0 | 0.0 | 20.0 | 92.0 (100) [1 of 2] |" in table.to_markdown()
    assert table.to_json()["rows"]["multi-krum(f=3)"]["none"] == pytest.approx(0.91)


def test_bounds_splits_and_kinds_of_messages_have_tables_of_their_own() -> None:
    cells = [CLEAN, replace(CLEAN, bound=6), replace(CLEAN, split="dirichlet(0.5)"), replace(CLEAN, compressed=False)]
    tables = server_tables([(cell, RESULT) for cell in cells])
    assert [table.title for table in tables] == [
        "mnist, n = 15, f = 3, iid, 64 of 4096, 1 bit",
        "mnist, n = 15, f = 6, iid, 64 of 4096, 1 bit",
        "mnist, n = 15, f = 3, dirichlet(0.5), 64 of 4096, 1 bit",
        "mnist, n = 15, f = 3, iid, dense int8",
    ]
    assert tables[2].slug == "mnist-n-15-f-3-dirichlet-0.5-64-of-4096-1-bit"


def test_without_the_plain_mean_there_is_nothing_to_compare_with() -> None:
    (table,) = server_tables([(replace(CLEAN, rule="clipped-mean", attack="noise", attackers=3), RESULT)])
    assert table.columns == ("worst", "below", "cost", "noise")
    ((_, figures),) = table.rows
    assert [item is None for item in figures] == [False, True, True, False]


def test_a_report_has_tables_document_and_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    outcome = run_grid(experiment(2, FAILS), tmp_path / "results.jsonl")
    files = write_report(experiment(2, FAILS), outcome, tmp_path)
    assert [file.name for file in files] == ["tables.md", "lab.json", "squares-of-n.png"]
    document = json.loads(files[1].read_text())
    assert document["experiment"] == "squares"
    assert document["left_out"] == ["cubes"]
    assert document["failed"] == [{"cell": {"number": FAILS}, "error": "TaskError: no luck"}]
    assert document["tables"][0]["rows"] == {"2": {"square": 4, "cube": None}}
    assert document["cells"][0]["result"]["square"] == 4
    assert files[2].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["tables.md", "lab.json"])
def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StateError, match=r"the report in .* cannot be written: Is a directory"):
        write_report(experiment(2), GridOutcome(), tmp_path)


def test_what_was_left_out_and_what_failed_is_said_below_the_tables(tmp_path: Path) -> None:
    outcome = run_grid(experiment(2, FAILS), tmp_path / "results.jsonl")
    text = markdown(experiment(2, FAILS), outcome)
    assert text.startswith("### Squares of n\n\n| number | square | cube |\n| --- | --- | --- |\n| `2` | 4 | – |\n")
    assert "- cubes\n" in text
    assert f"- square of {FAILS}: TaskError: no luck\n" in text


def test_without_matplotlib_everything_but_the_plots_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    outcome = run_grid(experiment(2), tmp_path / "results.jsonl")
    assert [file.suffix for file in write_report(experiment(2), outcome, tmp_path)] == [".md", ".json"]


def test_a_table_without_colours_is_not_drawn(tmp_path: Path) -> None:
    table = Table("t", "c", ("a",), (("r", (Figure(1.0, "1"),)), ("s", (None,))))
    assert not draw_heat_map(table, tmp_path / "t.png")
    assert not (tmp_path / "t.png").exists()


def test_nothing_done_is_an_empty_report(tmp_path: Path) -> None:
    assert len(write_report(experiment(), GridOutcome(), tmp_path)) == 2


def test_a_table_with_many_columns_is_turned_round() -> None:
    names = tuple(f"attack {i}" for i in range(WIDEST + 1))
    table = Table("wide", "rule", names, (("mean", (Figure(0.5, "50"), *[None] * WIDEST)),))
    assert table.to_markdown().splitlines()[2:6] == [
        "| rule | `mean` |",
        "| --- | --- |",
        "| attack 0 | 50 |",
        "| attack 1 | – |",
    ]

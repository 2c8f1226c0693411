"""`swarmproof lab` as a person at a terminal sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.aggregation.rules import RULES
from node.attacks import ATTACKS
from node.lab.presets import PRESETS
from tests.support.command_line import Command

SMALL = ("lab", "--rule", "mean", "--attack", "none", "--attack", "sign-flip", "--rounds", "2", "--workers", "1")


def test_a_small_grid_gives_a_table_and_files_and_goes_on_where_it_was(swarmproof: Command) -> None:
    first = swarmproof(*SMALL)
    assert first.exit_code == 0
    assert first.stdout.startswith("### digits, n = 8, f = 2, iid, 256 of 4096, 1 bit\n")
    assert "| `mean` | " in first.stdout
    assert "2 cells, 0 of them from before" in first.stderr
    folder = Path("lab-results") / "quick"
    assert (folder / "tables.md").read_text() == first.stdout
    assert len((folder / "results.jsonl").read_text().splitlines()) == 2
    again = swarmproof(*SMALL, "--json")
    assert "2 cells, 2 of them from before" in again.stderr
    assert again.document == json.loads((folder / "lab.json").read_text())


def test_kinds_of_messages_bounds_splits_and_seeds_are_options(swarmproof: Command, tmp_path: Path) -> None:
    options = ("--compressed", "--dense", "--byzantine", 1, "--split", "iid", "--split", "dirichlet(1)", "--seeds", 2)
    found = swarmproof(
        "lab", "--rule", "mean", "--attack", "none", "--rounds", 1, "--peers", 4, "--examples", 200, *options,
        "--workers", 1, "--out", tmp_path / "out", "--json",
    )  # fmt: skip
    assert found.exit_code == 0
    cells = [item["cell"] for item in found.document["cells"]]
    assert len(cells) == 8
    assert {(cell["seats"], cell["bound"], cell["examples"]) for cell in cells} == {(4, 1, 200)}
    assert (tmp_path / "out" / "lab.json").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--preset", "slow"), "preset 'slow' is unknown"),
        (("--rule", "krumm"), "rule 'krumm' is unknown"),
        (("--attack", "shout"), "attack 'shout' is unknown"),
        (("--rule", "multi-krum(f={f})", "--byzantine", "3"), "needs n >= 2 f + 3 = 9 seats, got 8"),
        (("--preset", "paper-server"), "needs a folder with the MNIST IDX files"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    swarmproof: Command, options: tuple[str, ...], sentence: str
) -> None:
    refused = swarmproof("lab", *options)
    assert refused.exit_code == 2
    assert sentence in refused.stderr
    assert refused.stdout == ""
    assert not Path("lab-results").exists()


def test_a_failed_cell_is_named_and_the_exit_code_is_1(swarmproof: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.lab.swarm.judge", lambda *args, **named: 1 / 0)
    failed = swarmproof(*SMALL)
    assert failed.exit_code == 1
    assert "failed: mean, none, iid, seed 0: ZeroDivisionError" in failed.stderr
    assert "2 cells failed" in failed.stderr


def test_an_interrupt_keeps_what_is_done(swarmproof: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    assert swarmproof(*SMALL).exit_code == 0
    with monkeypatch.context() as patch:
        patch.setattr("node.lab.swarm.judge", interrupted)
        stopped = swarmproof(*SMALL, "--seeds", "2")
    assert stopped.exit_code == 130
    assert "the same command goes on from here" in stopped.stderr
    assert "2 of them from before" in swarmproof(*SMALL).stderr


def test_list_names_rules_attacks_and_presets(swarmproof: Command) -> None:
    names = swarmproof("lab", "--list", "--json").document
    assert names["rules"] == [*RULES]
    assert names["attacks"] == [*ATTACKS]
    assert names["presets"] == [*PRESETS]
    assert ["default-rule"] in swarmproof("lab", "--list").rows

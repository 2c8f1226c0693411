"""Which mutants there are, and what is kept of them; the campaign itself is run by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.build import ROOT
from scripts.mutate_contracts import TARGETS, Mutant, Verdict, Verdicts, mutants_of, report

FILE = "src/libraries/Quorum.sol"
SOURCE = """library Quorum {
    function check(uint256 weight, uint256 seats) internal pure {
        uint256 twice = seats * 2; // * is not code here
        if (weight * 3 <= twice) revert NotMet();
    }

    function other(uint256 a) internal pure returns (bool) {
        return a < 1;
    }
}"""


@pytest.mark.parametrize("file", TARGETS)
def test_every_function_to_break_is_there_and_can_be_broken(file: str) -> None:
    source = (ROOT / file).read_text("utf-8").split("\n")
    for name in TARGETS[file].functions.split():
        assert any(re.match(rf"    function {name}\(", line) for line in source), name
    assert mutants_of(file, source, TARGETS[file].functions.split())


def test_operators_are_exchanged_and_statements_left_out() -> None:
    assert [mutant.text.strip() for mutant in mutants_of(FILE, SOURCE.split("\n"), ["check"])] == [
        "uint256 twice = seats / 2; // * is not code here",
        "if (weight * 3 < twice) revert NotMet();",
        "if (weight / 3 <= twice) revert NotMet();",
        "",
    ]


def test_a_mutant_changes_one_line() -> None:
    assert Mutant(FILE, 1, "new").applied("a\nb\nc") == "a\nnew\nc"
    assert str(Mutant(FILE, 1, "")) == f"{FILE}:2: (left out)"


def test_a_verdict_is_kept_until_a_source_or_test_changes(tmp_path: Path) -> None:
    for file in TARGETS:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("a\nb\nc", "utf-8")
    (tmp_path / "foundry.toml").touch()
    kept, mutant = tmp_path / "verdicts.jsonl", Mutant(FILE, 1, "new")
    assert Verdicts(kept, tmp_path).get(mutant) is None
    Verdicts(kept, tmp_path).add(mutant, Verdict.KILLED)
    assert Verdicts(kept, tmp_path).get(mutant) is Verdict.KILLED
    assert Verdicts(kept, tmp_path).get(Mutant(FILE, 1, "other")) is None
    (tmp_path / "src" / "Treasury.sol").write_text("changed", "utf-8")
    assert Verdicts(kept, tmp_path).get(mutant) is None


def test_a_report_counts_by_file_and_names_survivors() -> None:
    verdicts = (Verdict.KILLED, Verdict.SURVIVED, Verdict.INVALID)
    text = report([(Mutant(FILE, 1 + index, "x"), verdict) for index, verdict in enumerate(verdicts)], "command")
    assert f"| {FILE} | 2 | 1 | 50.0% |" in text
    assert "| together | 2 | 1 | 50.0% |" in text
    assert f"- `{FILE}:3: x`" in text

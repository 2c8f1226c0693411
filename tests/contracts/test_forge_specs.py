"""What the contracts' tests in Solidity keep beside themselves: trees of branches, vectors and snapshots of storage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contracts.build import ARTIFACTS, ROOT
from scripts import contract_storage, contract_vectors

SPECS = ROOT / "spec"
BRANCH = re.compile(r"^((?:│   |    )*)(?:├── |└── )(.+)$")
TEST = re.compile(r"^    function test(?:Fuzz)?_(\w+)\(", re.MULTILINE)
CONTRACT = re.compile(r"^contract (\w+Test) ", re.MULTILINE)
DEPTH = 4  # characters of a level


def leaves(tree: str) -> list[str]:
    """The lines of a tree that have nothing below them, in order."""
    rows = [match for line in tree.splitlines()[1:] if (match := BRANCH.match(line))]
    depths = [len(row[1]) // DEPTH for row in rows] + [0]
    return [row[2] for row, depth, below in zip(rows, depths, depths[1:], strict=False) if below <= depth]


def names_by_contract() -> dict[str, list[str]]:
    """Names of test functions, without `test_`, by contract; of files that hold one test contract."""
    found: dict[str, list[str]] = {}
    for path in (ROOT / "test").rglob("*.t.sol"):
        text = path.read_text("utf-8")
        names = CONTRACT.findall(text)
        if len(names) == 1:
            found[names[0]] = TEST.findall(text)
    return found


def trees_of_tests() -> list[Path]:
    """Trees whose root is a test contract; others are for readers only."""
    return [path for path in sorted(SPECS.glob("*.tree")) if path.read_text("utf-8").splitlines()[0].endswith("Test")]


@pytest.mark.parametrize("path", trees_of_tests(), ids=lambda path: path.stem)
def test_every_leaf_of_a_tree_is_a_test_and_every_test_a_leaf(path: Path) -> None:
    text = path.read_text("utf-8")
    wanted = [leaf.replace(" ", "_") for leaf in leaves(text)]
    assert len(wanted) == len(set(wanted))
    assert sorted(wanted) == sorted(names_by_contract()[text.splitlines()[0]])


def test_there_is_a_tree_for_every_contract_of_a_project() -> None:
    assert {path.stem for path in trees_of_tests()} >= {
        "Absence",
        "Attacks",
        "Attendance",
        "Budget",
        "Drawing",
        "PeerRegistry",
        "ProjectFactory",
        "Results",
        "Rounds",
        "SeedBeacon",
        "Sortition",
        "Updates",
        "Voids",
    }


def test_the_vectors_are_what_python_makes_of_them() -> None:
    assert contract_vectors.VECTORS.read_text("utf-8") == contract_vectors.render()


def test_no_variable_moved_in_storage() -> None:
    """Whoever moves one on purpose writes the file again: python -m scripts.contract_storage."""
    kept = json.loads(contract_storage.SNAPSHOT.read_text("utf-8"))
    built = {path.stem: json.loads(path.read_text("utf-8"))["storage"] for path in sorted(ARTIFACTS.glob("*.json"))}
    assert kept == built

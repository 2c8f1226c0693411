"""Cells as values: equal questions have equal keys, impossible ones are refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from node.errors import ConfigurationError, RuleError
from node.lab.cell import Cell, CellResult
from node.lab.run import load_image_task
from node.tasks.defaults import default_rule

CELL = Cell(task="digits", rule="multi-krum(f=3)", attack="sign-flip", attackers=3, bound=3)
OTHERS: dict[str, Any] = {
    "task": "mnist",
    "rule": "mean",
    "attack": "noise",
    "split": "dirichlet(0.5)",
    "compressed": False,
    "training": "worker",
    "optimizer": "adamw",
    "mean": "contributor",
}


@pytest.mark.parametrize("name", [item.name for item in fields(Cell)])
def test_a_cell_that_differs_in_anything_has_another_key(name: str) -> None:
    base = replace(CELL, steps=1) if name in ("training", "optimizer") else CELL
    other = replace(base, **{name: OTHERS.get(name, getattr(base, name) + 1 if name not in OTHERS else None)})
    assert other.key != base.key


def test_a_key_does_not_depend_on_how_the_default_rule_was_asked_for() -> None:
    named = replace(CELL, rule=default_rule(CELL.seats, CELL.bound))
    assert replace(CELL, rule="default").key == named.key
    assert len(named.key) == 16


def test_cells_and_results_survive_json() -> None:
    assert Cell.from_json(json.loads(json.dumps(CELL.to_json()))) == CELL
    result = CellResult(0.9, 0.8, 0.3, None, (1, 4), 0.1, 0.0, (0.5, 0.5), 0.5, 0.5, 0.2, 1, 0, 0.19, 1.5)
    assert CellResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_attacks_are_dealt_in_turn_to_the_last_seats() -> None:
    cell = replace(CELL, attack="sign-flip+noise")
    assert cell.attack_names == ("sign-flip", "noise", "sign-flip")
    assert cell.honest == 12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attackers": 8}, "8 of 15 seats attack"),
        ({"bound": 8}, "bound f = 8 with 15 seats: n > 2 f is needed"),
        ({"attack": "none"}, "attack 'none' by 3 attackers"),
        ({"attackers": 0}, "attack 'sign-flip' by 0 attackers"),
        ({"rounds": 0}, "0 rounds"),
        ({"training": "worker"}, "worker momentum takes 1 step of sgd, not 10 of sgd"),
    ],
)
def test_impossible_cells_are_refused_with_the_numbers(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigurationError, RuleError), match=message):
        replace(CELL, **changes)


def test_a_rule_outside_its_bound_is_refused_with_the_numbers() -> None:
    with pytest.raises(RuleError, match="needs n >= 2 f \\+ 3 = 17 seats, got 15"):
        replace(CELL, rule="multi-krum(f=7)").check()


def test_dense_and_compressed_cells_differ_in_the_manifests_tensors() -> None:
    task = load_image_task("digits", 32, None)
    sparse, dense = CELL.manifest(task), replace(CELL, compressed=False).manifest(task)
    assert [tensor.entries_per_chunk for tensor in sparse.tensors] == [64, 0, 64, 0]
    assert {tensor.entries_per_chunk for tensor in dense.tensors} == {0}
    assert (sparse.byzantine, sparse.shard_count, sparse.history_buckets) == (3, 15, 0)
    assert replace(CELL, rule="history+mean").manifest(task).history_buckets == 1024

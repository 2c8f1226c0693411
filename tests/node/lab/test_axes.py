"""Axes and presets: what a grid consists of, and what is refused before anything runs."""

from __future__ import annotations

import pytest

from node.attacks import ATTACKS
from node.errors import ConfigurationError, RuleError, TaskError
from node.lab.axes import Axes, Chosen, cells_of, rule_name
from node.lab.cell import Cell
from node.lab.presets import BETWEEN_PEERS, PRESETS, find_preset

AXES = Axes(
    rules=("mean", "multi-krum(f={f},keep={honest})"),
    attacks=("none", "sign-flip"),
    bounds=(2, 3),
    splits=("iid", "dirichlet(0.5)"),
    seeds=2,
    compressed=(True, False),
)
SERVER_PRESETS = ["quick", "default-rule", "paper-server"]


def base(template: str, compressed: bool) -> Cell:
    return Cell(task="digits")


def test_a_grid_is_the_product_of_its_axes() -> None:
    cells, left_out = cells_of(AXES, base, leave_out=False)
    assert len({cell.key for cell in cells}) == len(cells) == 2**6
    assert left_out == ()
    assert {(cell.attack, cell.attackers) for cell in cells} == {("none", 0), ("sign-flip", 2), ("sign-flip", 3)}
    assert {cell.rule for cell in cells if cell.bound == 3} == {"mean", "multi-krum(f=3,keep=12)"}


def test_a_rule_outside_its_bound_stops_the_grid_or_is_left_out_by_name() -> None:
    axes = Axes(("mean", "bulyan(f={f})"), ("none",), (3, 6), ("iid",), 1, (True,))
    with pytest.raises(RuleError, match="bulyan"):
        cells_of(axes, base, leave_out=False)
    cells, left_out = cells_of(axes, base, leave_out=True)
    assert [(cell.rule, cell.bound) for cell in cells] == [("mean", 3), ("bulyan(f=3)", 3), ("mean", 6)]
    assert len(left_out) == 1
    assert left_out[0].endswith("(f = 6, n = 15)")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Chosen(rules=("krumm",)), "rule 'krumm' is unknown"),
        (Chosen(rules=("multi-krum(f={g})",)), "placeholders are {f}, {n} and {honest}"),
        (Chosen(rules=("multi-krum(f={f.real.nothing})",)), "placeholders are {f}, {n} and {honest}"),
        (Chosen(rules=("multi-krum(f={f:>99999999999})",)), "placeholders are {f}, {n} and {honest}"),
        (Chosen(rules=("multi-krum(f={f)",)), "placeholders are {f}, {n} and {honest}"),
        (Chosen(rules=("multi-krum(f={f})",), bounds=(3,)), "needs n >= 2 f \\+ 3 = 9 seats, got 8"),
        (Chosen(bounds=(4,)), "bound f = 4 with 8 seats"),
        (Chosen(attacks=("sing-flip",)), "attack 'sing-flip' is unknown"),
        (Chosen(attacks=("none+sign-flip",)), "attack 'none' is unknown"),
        (Chosen(attacks=("sign-flip",), bounds=(0,)), "by 0 attackers"),
        (Chosen(splits=("even",)), "split 'even' is unknown"),
        (Chosen(task="chess"), "task 'chess' is unknown"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(chosen: Chosen, message: str) -> None:
    with pytest.raises((ConfigurationError, RuleError, TaskError), match=message):
        find_preset("quick").experiment(chosen, None)


def test_an_unknown_rule_is_never_left_out_silently() -> None:
    axes = Axes(("spectacular(f={f})",), ("none",), (3,), ("iid",), 1, (True,))
    with pytest.raises(RuleError, match="unknown"):
        cells_of(axes, base, leave_out=True)


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="known presets: quick, default-rule, paper-server"):
        find_preset("slow")
    assert all(preset.name == name and preset.summary for name, preset in PRESETS.items())


@pytest.mark.parametrize("name", SERVER_PRESETS)
def test_every_preset_names_rules_and_attacks_that_exist(name: str) -> None:
    # On digits, whose data is always there; the grid is the same.
    experiment = PRESETS[name].experiment(Chosen(task="digits", seats=15, bounds=(3, 6)), None)
    assert experiment.left_out == ()
    assert len({cell.key for cell in experiment.cells}) == len(experiment.cells)


def test_the_grid_for_the_default_rule_has_every_attack_on_updates() -> None:
    experiment = PRESETS["default-rule"].experiment(Chosen(task="digits"), None)
    attacks = {cell.attack for cell in experiment.cells}
    assert attacks == {"none", *ATTACKS} - BETWEEN_PEERS
    assert {(cell.bound, cell.split, cell.seed) for cell in experiment.cells} == {
        (bound, split, seed) for bound in (3, 6) for split in ("iid", "dirichlet(0.5)") for seed in range(3)
    }


def test_what_is_asked_for_replaces_a_presets_axes() -> None:
    chosen = Chosen(rules=("mean", "mean"), attacks=("noise",), bounds=(1,), seeds=2, compressed=(False,), rounds=3)
    cells = find_preset("quick").experiment(chosen, None).cells
    assert [(cell.rule, cell.attack, cell.seed, cell.compressed, cell.rounds) for cell in cells] == [
        ("mean", "noise", seed, False, 3) for seed in range(2)
    ]


def test_templates_count_seats() -> None:
    assert rule_name("multi-krum(f={f},keep={honest})", 15, 6) == "multi-krum(f=6,keep=9)"

"""The server grids: swarms as `node.lab.swarm` runs them, and the tables of their accuracies.

One table for each task, split, bound f and kind of messages: rules as rows, attacks as columns, means over the seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from node.lab.cell import NO_ATTACK, Cell, CellResult
from node.lab.experiment import Engine
from node.lab.run import run_cell
from node.lab.table import Figure, Table
from node.tasks.defaults import default_rule

BASELINE: Final = "mean"  # what robust rules are measured against: plain averaging when nobody attacks

Results = Sequence[tuple[Cell, CellResult]]


def server_tables(results: Results) -> list[Table]:
    """All tables of these results, in the order in which their first cell comes."""
    groups: defaultdict[str, list[tuple[Cell, CellResult]]] = defaultdict(list)
    for cell, result in results:
        groups[_title(cell)].append((cell, result))
    return [_table(title, group) for title, group in groups.items()]


SERVER: Final = Engine(run=run_cell, read=CellResult.from_json, tables=server_tables)


def _title(cell: Cell) -> str:
    kind = f"{cell.entries_per_chunk} of 4096, {cell.bits} bit" if cell.compressed else "dense int8"
    return f"{cell.task}, n = {cell.seats}, f = {cell.bound}, {cell.split}, {kind}"


def _table(title: str, group: Results) -> Table:
    found: defaultdict[tuple[str, str], list[CellResult]] = defaultdict(list)
    for cell, result in group:
        found[cell.rule_name, cell.attack].append(result)
    rules = list(dict.fromkeys(cell.rule_name for cell, _ in group))
    attacks = sorted(dict.fromkeys(cell.attack for cell, _ in group), key=lambda name: name != NO_ATTACK)
    unattacked = int(attacks[0] == NO_ATTACK)  # columns before the summary
    seeds = max(map(len, found.values()))
    clean = _mean_accuracy(found, BASELINE, NO_ATTACK)
    rows = []
    for rule in rules:
        figures = tuple(_figure(found[rule, attack], seeds) if (rule, attack) in found else None for attack in attacks)
        accuracies = {attack: _mean_accuracy(found, rule, attack) for attack in attacks}
        rows.append((rule, (*figures[:unattacked], *_summary(accuracies, clean), *figures[unattacked:])))
    columns = (*attacks[:unattacked], "worst", "below", "cost", *attacks[unattacked:])
    return Table(title, "rule", columns, tuple(rows), _note(group[0][0], seeds, clean is not None))


def _summary(accuracies: Mapping[str, float | None], clean: float | None) -> tuple[Figure | None, ...]:
    """Worst accuracy under attack and which attack it was; how far it and the accuracy without attackers are below the
    plain mean's.
    """
    attacked = [(value, name) for name, value in accuracies.items() if name != NO_ATTACK and value is not None]
    worst, attack = min(attacked, default=(None, ""))
    own = accuracies.get(NO_ATTACK)
    return (
        None if worst is None else Figure(worst, f"{_percent(worst)} {attack}", worst),
        None if worst is None or clean is None else _points(clean - worst),
        None if own is None or clean is None else _points(clean - own),
    )


def _figure(results: Sequence[CellResult], seeds: int) -> Figure:
    """Mean accuracy; in brackets how far an attack with a goal of its own has reached it."""
    accuracy = sum(result.accuracy for result in results) / len(results)
    text = _percent(accuracy)
    reached = [result.attack_success for result in results if result.attack_success is not None]
    if reached:
        text += f" ({100 * sum(reached) / len(reached):.0f})"
    if len(results) < seeds:
        text += f" [{len(results)} of {seeds}]"
    return Figure(accuracy, text, accuracy)


def _mean_accuracy(found: Mapping[tuple[str, str], Sequence[CellResult]], rule: str, attack: str) -> float | None:
    results = found.get((rule, attack))
    return sum(result.accuracy for result in results) / len(results) if results else None


def _note(cell: Cell, seeds: int, has_baseline: bool) -> str:
    counted = "one seed" if seeds == 1 else f"mean over {seeds} seeds"
    parts = [f"Accuracy in % after {cell.rounds} rounds, {counted}; in brackets how often an attack reached its goal."]
    if has_baseline:
        parts.append(
            "below, cost: points that the worst case, and the run without attackers, lie below the plain mean."
        )
    parts.append(f"Default rule here: `{default_rule(cell.seats, cell.bound)}`.")
    return " ".join(parts)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _points(value: float) -> Figure:
    return Figure(value, f"{round(100 * value, 1) + 0.0:.1f}")  # never -0.0

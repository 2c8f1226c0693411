"""The preset `paper-sybil`: SybilWall's comparison of rules on a graph, over densities of attack edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from node.errors import ConfigurationError
from node.lab.axes import Chosen, merged
from node.lab.decentralised import POISONS, NeighbourhoodCell, NeighbourhoodResult, run_neighbourhood
from node.lab.experiment import Engine, Experiment
from node.lab.neighbourhood_rules import NEIGHBOURHOOD_RULES
from node.lab.run import load_image_task
from node.lab.table import Figure, Table
from node.tasks.splits import Split
from node.training import one_thread

DENSITIES: Final = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0)

Results = Sequence[tuple[NeighbourhoodCell, NeighbourhoodResult]]


@dataclass(frozen=True)
class SybilPreset:
    """Rules x attacks x attack edges a node x seeds. `seats` chosen means honest nodes; bounds have no meaning here."""

    name: str = "paper-sybil"
    summary: str = "Sybils in a decentralised swarm: mnist, 99 nodes on a graph, rules of a neighbourhood."

    def experiment(self, chosen: Chosen, data_dir: Path | None) -> Experiment[Any, Any]:
        """See `Preset.experiment`."""
        if chosen.bounds or chosen.compressed or chosen.examples:
            raise ConfigurationError(f"preset {self.name} has no bounds, kinds of messages or number of examples")
        task = load_image_task(chosen.task or "mnist", 0, data_dir)
        grid = product(
            range(chosen.seeds or 1),
            merged(chosen.splits, ("dirichlet(0.1)",)),
            merged(chosen.attacks, POISONS),
            DENSITIES,
            merged(chosen.rules, NEIGHBOURHOOD_RULES),
        )
        base = NeighbourhoodCell(NEIGHBOURHOOD_RULES[0], POISONS[0], 0, task=task.name)
        base = replace(base, rounds=chosen.rounds or base.rounds, honest=chosen.seats or base.honest)
        cells = []
        for seed, split, attack, density, rule in grid:
            Split.parse(split)
            cells.append(replace(base, rule=rule, attack=attack, edges_per_node=density, seed=seed, split=split))
        return Experiment(self.name, tuple(cells), NEIGHBOURHOOD)


def run_cell(cell: NeighbourhoodCell, data_dir: Path | None) -> NeighbourhoodResult:
    """Run a cell on one thread. Raises TaskError."""
    task = load_image_task(cell.task, 0, data_dir)
    with one_thread():
        return run_neighbourhood(cell, task.shards(1, Split(), 0)[0], task.test)


def sybil_tables(results: Results) -> list[Table]:
    """A table for each task, split and attack: rules as rows, attack edges a node as columns."""
    groups: defaultdict[str, list[tuple[NeighbourhoodCell, NeighbourhoodResult]]] = defaultdict(list)
    for cell, result in results:
        groups[f"{cell.task}, {cell.attack}, {cell.honest} nodes, {cell.split}"].append((cell, result))
    return [_table(title, group) for title, group in groups.items()]


NEIGHBOURHOOD: Final = Engine(run=run_cell, read=NeighbourhoodResult.from_json, tables=sybil_tables)


def _table(title: str, group: Results) -> Table:
    found: defaultdict[tuple[str, float], list[NeighbourhoodResult]] = defaultdict(list)
    for cell, result in group:
        found[cell.rule, cell.edges_per_node].append(result)
    densities = sorted({cell.edges_per_node for cell, _ in group})
    rules = list(dict.fromkeys(cell.rule for cell, _ in group))
    rows = [(rule, tuple(_figure(found.get((rule, density), [])) for density in densities)) for rule in rules]
    first, seeds = group[0][0], max(map(len, found.values()))
    note = (
        f"Accuracy / attack score in %, means over the honest nodes and {seeds} seed{'s' if seeds > 1 else ''}, after "
        f"{first.rounds} rounds of {first.local.steps} local steps. phi: attack edges for each honest node."
    )
    return Table(title, "rule", tuple(f"phi = {density:g}" for density in densities), tuple(rows), note)


def _figure(results: Sequence[NeighbourhoodResult]) -> Figure | None:
    """The colour is the accuracy that is left once what the attack got is taken off."""
    if not results:
        return None
    accuracy = sum(result.accuracy for result in results) / len(results)
    score = sum(result.attack_score for result in results) / len(results)
    return Figure(accuracy, f"{100 * accuracy:.0f} / {100 * score:.0f}", max(0.0, accuracy - score))

"""The preset `contributions`: what free riders and copies earn, and whether pay ranks peers as their worth does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from node.errors import ConfigurationError
from node.lab.axes import Chosen, merged, rule_name
from node.lab.cell import Cell
from node.lab.contributions import ContributionCell, ContributionResult, run_contributions
from node.lab.experiment import Engine, Experiment
from node.lab.run import load_image_task
from node.lab.table import Figure, Table
from node.lab.values import rank_correlation
from node.tasks.splits import Split

RULES: Final = ("clipped-mean", "history-filter(f={f})")
RIDERS: Final = ("noise+replay+zero", "copy", "near-copy")
BOUND: Final = 3
SEATS: Final = 15
QUALITY_SEATS: Final = 12
SHAPLEY_SEATS: Final = 6
SHAPLEY_RULE: Final = "clipped-mean"  # a filter with f > 0 cannot judge the smallest coalitions

_VALUES: Final = ("pay", "shapley", "untrained")

Results = Sequence[tuple[ContributionCell, ContributionResult]]


@dataclass(frozen=True)
class ContributionsPreset:
    """Rules x (riders, quality) x splits x seeds, and Shapley values of a small swarm under one rule."""

    name: str = "contributions"
    summary: str = "What free riders and copies earn, and whether pay follows worth: mnist, compressed messages."

    def experiment(self, chosen: Chosen, data_dir: Path | None) -> Experiment[Any, Any]:
        """See `Preset.experiment`."""
        if chosen.attacks or chosen.bounds or chosen.compressed or chosen.seats:
            raise ConfigurationError(
                f"preset {self.name} has attacks, bounds, messages and numbers of peers of its own"
            )
        task = load_image_task(chosen.task or "mnist", Cell.width, data_dir)
        base = replace(Cell(), task=task.name, rounds=chosen.rounds or Cell.rounds, examples=chosen.examples)
        cells: list[ContributionCell] = []
        for split, seed in product(merged(chosen.splits, ("iid",)), range(chosen.seeds or 3)):
            Split.parse(split)
            swarm = replace(base, split=split, seed=seed, bound=BOUND)
            for rule in merged(chosen.rules, RULES):
                cells += _of_rule(replace(swarm, rule=rule_name(rule, SEATS, BOUND)))
            small = replace(swarm, rule=SHAPLEY_RULE, seats=SHAPLEY_SEATS, bound=1)
            cells.append(ContributionCell("shapley", small))
        for cell in cells:
            cell.swarm.check()
        return Experiment(self.name, tuple(cells), CONTRIBUTIONS)


def contribution_tables(results: Results) -> list[Table]:
    """Free riders, rank correlations, pay by label noise, Shapley values; those that there are results for."""
    tables: list[Table] = []
    for study, tables_of in (("riders", _riders), ("quality", _quality), ("shapley", _shapley)):
        groups: defaultdict[str, list[tuple[ContributionCell, ContributionResult]]] = defaultdict(list)
        for cell, result in results:
            if cell.study == study:
                groups[f"{cell.swarm.task}, n = {cell.swarm.seats}, {cell.swarm.split}"].append((cell, result))
        for where, group in groups.items():
            tables += tables_of(where, group)
    return tables


CONTRIBUTIONS: Final = Engine(run=run_contributions, read=ContributionResult.from_json, tables=contribution_tables)


def _of_rule(swarm: Cell) -> list[ContributionCell]:
    attackers = {attack: 2 if attack == "near-copy" else BOUND for attack in RIDERS}
    riders = [
        ContributionCell("riders", replace(swarm, seats=SEATS, attack=attack, attackers=count))
        for attack, count in attackers.items()
    ]
    return [*riders, ContributionCell("quality", replace(swarm, seats=QUALITY_SEATS))]


def _riders(where: str, group: Results) -> list[Table]:
    """Of each kind of rider its pay, and the least and most that an honest peer earned where others idle."""
    names = list(dict.fromkeys(name for cell, _ in group for name in cell.swarm.attack_names))
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    honest: defaultdict[str, list[float]] = defaultdict(list)
    for cell, result in group:
        rule, count = cell.swarm.rule_name, cell.swarm.honest
        for name, pay in zip(cell.swarm.attack_names, result.pay[count:], strict=True):
            found[rule, name].append(pay)
        if cell.swarm.attack == RIDERS[0]:
            honest[rule] += result.pay[:count]
    rows = []
    for rule in _rules(group):
        figures = [_mean_and(max, found[rule, name]) for name in names]
        spread = honest[rule] or [0.0]
        rows.append((rule, (*figures, Figure(min(spread), f"{min(spread):.2f} to {max(spread):.2f}"))))
    note = (
        "Mean pay of a rider in fair shares, in brackets the most that one earned in any run; near-copy: of both of a "
        "pair. honest: the least and the most that an honest peer earned next to noise, replay and zero."
    )
    return [Table(f"Riders: {where}", "rule", (*names, "honest"), tuple(rows), f"{note} {_counted(group)}")]


def _quality(where: str, group: Results) -> list[Table]:
    columns: dict[str, Callable[[ContributionResult], float]] = {
        "pay, quality": lambda one: rank_correlation(one.pay, [-part for part in one.noise]),
        "pay, left out of a round": lambda one: rank_correlation(one.pay, one.left_out),
        "pay, left out of training": lambda one: rank_correlation(one.pay, one.untrained),
        "left out of a round, quality": lambda one: rank_correlation(one.left_out, [-part for part in one.noise]),
        "left out of training, quality": lambda one: rank_correlation(one.untrained, [-part for part in one.noise]),
    }
    by_rule = _by_rule(group)
    ranks = [
        (rule, tuple(_mean_and(min, [figure(one) for one in by_rule[rule]]) for figure in columns.values()))
        for rule in _rules(group)
    ]
    levels = sorted(group[0][1].noise)
    pays = [
        (rule, tuple(_mean_and(None, [one.pay[one.noise.index(level)] for one in by_rule[rule]]) for level in levels))
        for rule in _rules(group)
    ]
    note = (
        f"Spearman's rank correlation of two figures each, {len(levels)} peers with label noise from 0 to 90%; mean "
        f"over the seeds, in brackets the least. {_counted(group)}"
    )
    shown = tuple(f"{100 * level:.0f}%" for level in levels)
    return [
        Table(f"Ranks: {where}", "rule", tuple(columns), tuple(ranks), note),
        Table(f"Pay by label noise: {where}", "rule", shown, tuple(pays), f"In fair shares. {_counted(group)}"),
    ]


def _shapley(where: str, group: Results) -> list[Table]:
    results = [result for _, result in group]
    rows = []
    for level in sorted(results[0].noise):
        places = [result.noise.index(level) for result in results]
        found = [[getattr(one, name)[place] for one, place in zip(results, places, strict=True)] for name in _VALUES]
        rows.append((f"{100 * level:.0f}%", tuple(_mean_and(None, values) for values in found)))
    ranks = [
        sum(rank_correlation(result.pay, getattr(result, name)) for result in results) / len(results)
        for name in _VALUES[1:]
    ]
    note = (
        f"`{group[0][0].swarm.rule_name}`; pay in fair shares, values in nats. Rank correlation with pay, mean over "
        f"the seeds: {ranks[0]:.2f} for Shapley values, {ranks[1]:.2f} for leaving out of training. {_counted(group)}"
    )
    columns = ("pay", "Shapley value", "left out of training")
    return [Table(f"Shapley values: {where}", "label noise", columns, tuple(rows), note)]


def _by_rule(group: Results) -> dict[str, list[ContributionResult]]:
    by_rule: defaultdict[str, list[ContributionResult]] = defaultdict(list)
    for cell, result in group:
        by_rule[cell.swarm.rule_name].append(result)
    return by_rule


def _rules(group: Results) -> list[str]:
    return list(dict.fromkeys(cell.swarm.rule_name for cell, _ in group))


def _mean_and(extreme: Callable[[Sequence[float]], float] | None, values: Sequence[float]) -> Figure | None:
    """Mean, and in brackets the extreme of several."""
    if not values:
        return None
    mean = sum(values) / len(values)
    text = f"{mean:.3f}"
    return Figure(mean, text if extreme is None or len(values) == 1 else f"{text} ({extreme(values):.3f})")


def _counted(group: Results) -> str:
    seeds = len({cell.swarm.seed for cell, _ in group})
    return f"{seeds} seed{'s' if seeds > 1 else ''}, {group[0][0].swarm.rounds} rounds."

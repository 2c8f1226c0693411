"""Accuracy under attack beside ByzFL 0.0.11: its rules on float32 updates, ours on messages, the same training.

    python -m scripts.byzfl.accuracy --data-dir FOLDER [--out FOLDER] [--byzantine F]... [--seeds N] [--workers N]
        [--set-up] [--ours-only] [--into FILE]

MNIST, 784-32-10, 15 seats, 30 rounds of 10 local steps with momentum 0.9: the lab's reference setting. ByzFL's
aggregators keep their own default parameters and get torch tensors, as in its own training framework. Results are kept
in --out, byzfl.jsonl and ours.jsonl, so that the same command goes on where it was stopped. Whoever has changed a rule
removes ours.jsonl; who has changed training or attacks, both. A cell takes two seconds; three seeds are 1,056 cells.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

from node.lab.axes import rule_name
from node.lab.cell import NO_ATTACK, Cell
from node.lab.experiment import Engine, Experiment
from node.lab.grid import run_grid
from node.lab.run import cut, load_image_task, run_cell
from node.lab.table import Figure, Table
from node.manifest import Q16_ONE
from node.training import one_thread
from scripts.byzfl.client import Client, WorkerFailed
from scripts.byzfl.document import describe, put
from scripts.byzfl.environment import BYZFL, EnvironmentMissing, existing, prepare
from scripts.byzfl.float_swarm import run_float_cell

AGGREGATORS: Final = (
    "Average",
    "MultiKrum",
    "TrMean",
    "Median",
    "GeometricMedian",
    "CenteredClipping",
    "NNM+TrMean",
)
# Template and whether messages are compressed.
OURS: Final = (
    ("mean", True),
    ("multi-krum(f={f},keep={honest})", True),
    ("nnm(f={f})+trimmed-mean(f={f})", False),
    ("default", True),
)
ATTACKS: Final = (
    NO_ATTACK,
    "sign-flip",
    "label-flip",
    "alie-1.5",
    "ipm-0.5",
    "min-max",
    "sybil",
    "backdoor",
)
SPLITS: Final = ("iid", "dirichlet(0.5)")


@dataclass(frozen=True)
class SideCell:
    """A cell of the lab for our code, or with an `aggregator` of ByzFL in place of messages and rule."""

    cell: Cell
    aggregator: str = ""

    @property
    def key(self) -> str:
        """Stands for the cell in the file of results."""
        return hashlib.sha256(f"{self.cell.key} {self.aggregator}".encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """Whose rule on what."""
        if self.aggregator:
            return f"ByzFL {self.aggregator}, float32"
        return f"{self.cell.rule_name}, {'compressed' if self.cell.compressed else 'int8'}"

    @property
    def title(self) -> str:
        """A few words for the person who waits."""
        return f"{self.name}, {self.cell.attackers} x {self.cell.attack}, {self.cell.split}"

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"aggregator": self.aggregator, "cell": {**self.cell.to_json(), "rule": self.cell.rule_name}}


@dataclass(frozen=True)
class SideResult:
    """Held-out accuracy after the last round, and how far an attack with a goal of its own has reached it."""

    accuracy: float
    attack_success: float | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SideResult:
        """Read it back."""
        return cls(**document)


Results = Sequence[tuple[SideCell, SideResult]]


def run_side_cell(side: SideCell, data_dir: Path | None) -> SideResult:
    """Run a cell, ByzFL's in its own environment."""
    started, cell = time.perf_counter(), side.cell
    if not side.aggregator:
        result = run_cell(cell, data_dir)
        return SideResult(result.accuracy, result.attack_success, time.perf_counter() - started)
    client = _client()
    client.start(side.aggregator, cell.bound)
    with one_thread():
        task = load_image_task(cell.task, cell.width, data_dir)
        outcome = run_float_cell(cell, task, cut(cell, data_dir), client.aggregate)
    return SideResult(outcome.accuracy, outcome.attack_success, time.perf_counter() - started)


@cache
def _client() -> Client:
    return Client.in_environment(existing())


def cells(bounds: Sequence[int], seeds: int, *, theirs: bool) -> Iterator[SideCell]:
    """The grid: ByzFL's half or ours, one seed after another."""
    for seed, split, bound, attack in product(range(seeds), SPLITS, bounds, ATTACKS):
        attackers = 0 if attack == NO_ATTACK else bound
        cell = Cell(rule="mean", split=split, bound=bound, seed=seed, attack=attack, attackers=attackers)
        dense = replace(cell, compressed=False, alpha_q16=Q16_ONE, beta_q16=Q16_ONE)
        if theirs:
            yield from (SideCell(dense, name) for name in AGGREGATORS)
        else:
            for template, compressed in OURS:
                rule = rule_name(template, cell.seats, bound)
                yield SideCell(replace(cell if compressed else dense, rule=rule))


def tables(results: Results) -> list[Table]:
    """One table a split and bound: rules as rows, attacks as columns, means over seeds."""
    groups: dict[tuple[str, int], list[tuple[SideCell, SideResult]]] = {}
    for side, result in results:
        groups.setdefault((side.cell.split, side.cell.bound), []).append((side, result))
    return [_table(f"{split}, f = {bound}", group) for (split, bound), group in groups.items()]


def _table(title: str, group: Results) -> Table:
    found: dict[str, dict[str, list[SideResult]]] = {}
    for side, result in group:
        found.setdefault(side.name, {}).setdefault(side.cell.attack, []).append(result)
    attacked = [attack for attack in ATTACKS if attack != NO_ATTACK]
    rows = []
    for name, by_attack in found.items():
        means = {attack: _mean(group) for attack, group in by_attack.items()}
        worst = min((mean for attack, mean in means.items() if attack != NO_ATTACK), default=None)
        figures = [_figure(by_attack.get(attack)) for attack in attacked]
        clean = _figure(by_attack.get(NO_ATTACK))
        rows.append((name, (clean, None if worst is None else Figure(worst, f"**{100 * worst:.1f}**"), *figures)))
    return Table(title, "rule, updates", (NO_ATTACK, "worst", *attacked), tuple(rows))


def _figure(results: Sequence[SideResult] | None) -> Figure | None:
    if not results:
        return None
    accuracy = _mean(results)
    reached = [result.attack_success for result in results if result.attack_success is not None]
    goal = f" ({100 * sum(reached) / len(reached):.0f})" if reached else ""
    return Figure(accuracy, f"{100 * accuracy:.1f}{goal}", accuracy)


def _mean(results: Sequence[SideResult]) -> float:
    return sum(result.accuracy for result in results) / len(results)


ENGINE: Final = Engine(run=run_side_cell, read=SideResult.from_json, tables=tables)


def main() -> None:
    """Read the command line, run what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder of the MNIST files")
    parser.add_argument("--out", type=Path, default=Path("build/byzfl-accuracy"), help="folder of the results")
    parser.add_argument("--byzantine", type=int, action="append", help="f, repeatable; default 3 and 6")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 to N - 1")
    parser.add_argument("--workers", type=int, default=1, help="processes, each with one thread")
    parser.add_argument("--set-up", action="store_true", help="make ByzFL's environment where it is missing")
    parser.add_argument("--ours-only", action="store_true", help="leave ByzFL out")
    parser.add_argument("--into", type=Path, help="put the tables into this document too")
    arguments = parser.parse_args()
    versions: Mapping[str, str] = {}
    try:
        if not arguments.ours_only:
            versions = _versions(prepare() if arguments.set_up else existing())
    except (EnvironmentMissing, WorkerFailed) as error:
        print(f"{BYZFL} is left out: {error}", file=sys.stderr)
    results: list[tuple[SideCell, SideResult]] = []
    failed = 0
    for name in ("byzfl", "ours") if versions else ("ours",):
        grid = tuple(cells(arguments.byzantine or [3, 6], arguments.seeds, theirs=name == "byzfl"))
        outcome = run_grid(
            Experiment(name, grid, ENGINE),
            arguments.out / f"{name}.jsonl",
            data_dir=arguments.data_dir,
            workers=arguments.workers,
            report=lambda cell, error: print(cell.title, error or "", file=sys.stderr, flush=True),
        )
        results += outcome.results
        failed += len(outcome.failed)
        if outcome.outdated:
            print(f"{outcome.outdated} results in {name}.jsonl are of another version of the code", file=sys.stderr)
    text = "\n".join([heading(versions, arguments.seeds), "", *(table.to_markdown() for table in tables(results))])
    print(text)
    if failed:  # and whatever the document says is worth more than a table with holes
        sys.exit(f"{failed} cells failed; the same command tries them again")
    if arguments.into is not None:
        put(arguments.into, "accuracy", text)


def heading(versions: Mapping[str, str], seeds: int) -> str:
    """A sentence: what the tables are of."""
    library = f"{BYZFL} ({describe(versions)}), " if versions else ""
    rate = Cell(rule="mean").learning_rate_millionths / 1e6
    return f"{library}rate {rate:g}, seeds 0 to {seeds - 1}; accuracy in percent after the last round."


def _versions(python: Path) -> Mapping[str, str]:
    with Client.in_environment(python) as client:
        return client.versions


if __name__ == "__main__":
    main()

"""The grids by name. A preset says what is simulated and what is varied; what is asked for on top replaces its axes.

A preset of another kind of swarm is a class of its own with the same three members, and its own engine
(`node.lab.experiment.Engine`) for its own cells; one line in PRESETS makes it known to the command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from node.attacks import ATTACKS
from node.errors import ConfigurationError
from node.lab.axes import Axes, Chosen, cells_of, merged
from node.lab.cell import NO_ATTACK, Cell
from node.lab.contribution_tables import ContributionsPreset
from node.lab.engine import SERVER
from node.lab.experiment import Experiment
from node.lab.paper_sybil import SybilPreset
from node.lab.run import load_image_task
from node.manifest import Q16_ONE
from node.tasks.perceptron import ImageTask

# What these do happens between peers, not in the update: in a lab their seats are merely absent.
BETWEEN_PEERS: Final = frozenset({"wrong-bytes", "partial-service", "silent", "captured-quorum", "censoring-collector"})
ON_UPDATES: Final = tuple(name for name in ATTACKS if name not in BETWEEN_PEERS)

REFERENCE_WIDTH: Final = 32  # 784-32-10: 25,450 parameters, what the published comparisons train
SERVER_EXAMPLES: Final = 8000


class Preset(Protocol):
    """A grid with a name."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def summary(self) -> str:
        """A sentence."""

    def experiment(self, chosen: Chosen, data_dir: Path | None) -> Experiment[Any, Any]:
        """The cells to run. Raises before anything runs: RuleError, ConfigurationError, TaskError."""


@dataclass(frozen=True)
class ServerPreset:
    """A grid of swarms with one aggregate. `settings(task, compressed)`: a cell to vary.

    `bounds`: empty for the bound that the task's own manifest has.
    """

    name: str
    summary: str
    task: str
    width: int
    settings: Callable[[ImageTask, bool], Cell]
    axes: Axes

    def experiment(self, chosen: Chosen, data_dir: Path | None) -> Experiment[Any, Any]:
        """See `Preset.experiment`."""
        task = load_image_task(chosen.task or self.task, self.width, data_dir)
        axes = Axes(
            rules=merged(chosen.rules, self.axes.rules),
            attacks=merged(chosen.attacks, self.axes.attacks),
            bounds=tuple(dict.fromkeys(chosen.bounds or self.axes.bounds or (task.default_manifest().byzantine,))),
            splits=merged(chosen.splits, self.axes.splits),
            seeds=chosen.seeds or self.axes.seeds,
            compressed=chosen.compressed or self.axes.compressed,
        )
        overrides = {name: value for name in ("rounds", "seats", "examples") if (value := getattr(chosen, name))}

        def base(template: str, compressed: bool) -> Cell:
            return replace(self.settings(task, compressed), task=task.name, **overrides)

        cells, left_out = cells_of(axes, base, leave_out=not chosen.rules)
        return Experiment(self.name, cells, SERVER, left_out)


def own_settings(task: ImageTask, compressed: bool) -> Cell:
    """What the task's own manifest says, for 8 rounds."""
    manifest = task.default_manifest()
    matrix = max(manifest.tensors, key=lambda tensor: tensor.size)
    return Cell(
        width=0,
        seats=manifest.shard_count,
        entries_per_chunk=matrix.entries_per_chunk,
        bits=matrix.bits,
        rounds=8,
        optimizer=manifest.local.optimizer,
        steps=manifest.local.steps,
        batch_size=manifest.local.batch_size,
        learning_rate_millionths=manifest.local.learning_rate_millionths,
        momentum_thousandths=manifest.local.momentum_thousandths,
        alpha_q16=manifest.alpha_q16,
        beta_q16=manifest.beta_q16,
        mean=manifest.mean,
        minimum_support=manifest.minimum_support,
    )


def reference_settings(task: ImageTask, compressed: bool) -> Cell:
    """15 seats, 30 rounds of 10 local steps with fresh momentum, rate 0.04.

    Compressed with outer rate 2 and decay 0.9: the plain mean without attackers reaches 93.4% iid and 92.7% on
    dirichlet(0.5). With outer rate 4 and less local training it is unstable on unlike data (73%).
    """
    cell = Cell(learning_rate_millionths=40_000)
    return cell if compressed else replace(cell, alpha_q16=Q16_ONE, beta_q16=Q16_ONE)


def paper_server_settings(task: ImageTask, compressed: bool) -> Cell:
    """One gradient a round in the workers' momentum, rate 0.5, 150 rounds, 8,000 training examples in all.

    One rate for all rules: what a normalising rule answers is as long as the median message, not of length 1.
    """
    return Cell(
        examples=SERVER_EXAMPLES,
        rounds=150,
        training="worker",
        steps=1,
        alpha_q16=Q16_ONE // 2,
        beta_q16=Q16_ONE,
    )


QUICK: Final = ServerPreset(
    name="quick",
    summary="Minutes: digits, or the task named with --task, with the task's own settings.",
    task="digits",
    width=0,
    settings=own_settings,
    axes=Axes(
        rules=("mean", "default"),
        attacks=(NO_ATTACK, "sign-flip", "label-flip", "noise", "ipm-0.5", "alie", "min-max", "sybil"),
        bounds=(),
        splits=("iid",),
        seeds=1,
        compressed=(True,),
    ),
)

DEFAULT_RULE_GRID: Final = ServerPreset(
    name="default-rule",
    summary="Which rule has the best worst case: mnist, 15 peers, compressed messages, every attack on updates.",
    task="mnist",
    width=REFERENCE_WIDTH,
    settings=reference_settings,
    axes=Axes(
        rules=(
            "mean",
            "default",
            "clipped-mean",
            "multi-krum(f={f},keep={honest})",
            "nnm(f={f})+multi-krum(f={f},keep={honest})",
            "geometric-median",
            "flag",
            "spectral(f={f})",
            "history+multi-krum(f={f},keep={honest})",
            "history+nnm(f={f})+multi-krum(f={f},keep={honest})",
            "history+spectral(f={f})",
        ),
        attacks=(NO_ATTACK, *ON_UPDATES),
        bounds=(3, 6),
        splits=("iid", "dirichlet(0.5)"),
        seeds=3,
        compressed=(True,),
    ),
)

PAPER_SERVER: Final = ServerPreset(
    name="paper-server",
    summary="The comparison of published rules on dense updates with worker momentum: mnist, 15 peers.",
    task="mnist",
    width=REFERENCE_WIDTH,
    settings=paper_server_settings,
    axes=Axes(
        rules=(
            "mean",
            "normalized-mean",
            "flag",
            "flag(iterations=10)",
            "multi-krum(f={f},keep={honest})",
            "trimmed-mean(f={f})",
            "geometric-median",
            "nnm(f={f})+trimmed-mean(f={f})",
        ),
        attacks=(NO_ATTACK, "uniform", "sign-flip", "label-flip", "alie-1.5", "ipm-1.0", "sybil"),
        bounds=(3, 6),
        splits=("iid",),
        seeds=3,
        compressed=(False,),
    ),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {preset.name: preset for preset in (QUICK, DEFAULT_RULE_GRID, PAPER_SERVER, SybilPreset(), ContributionsPreset())}
)


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises ConfigurationError for an unknown one."""
    if name not in PRESETS:
        raise ConfigurationError(f"preset {name!r} is unknown; known presets: {', '.join(PRESETS)}")
    return PRESETS[name]

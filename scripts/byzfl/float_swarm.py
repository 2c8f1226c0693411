"""The lab's swarm without messages: float32 updates straight from training to an aggregator of ByzFL.

Training, batches, data, attacks and starting parameters are those of `node.lab`; only what happens to the updates is
not ours. Attackers see the honest updates of the same round, uncompressed. Shape legend: n = seats, d = parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.attacks import Attack, AttackView, load_attack
from node.checkpoint import dequantise, unflatten
from node.lab.cell import Cell
from node.lab.swarm import starting_theta
from node.lab.training import SwarmTrainer
from node.manifest import Q16_ONE
from node.tasks.base import Shard
from node.tasks.perceptron import ImageTask
from node.training import load_parameters

FloatVector = npt.NDArray[np.float32]
Aggregate = Callable[[FloatVector], FloatVector]


@dataclass(frozen=True)
class FloatOutcome:
    """Held-out accuracy after the last round; how far an attack with a goal of its own has reached it, if any has."""

    accuracy: float
    attack_success: float | None


def run_float_cell(cell: Cell, task: ImageTask, shards: Sequence[Shard], aggregate: Aggregate) -> FloatOutcome:
    """Train `cell.rounds` rounds with `aggregate` ((n, d) -> (d,)) and an outer rate of `cell.alpha_q16`.

    A state that is no longer finite ends the training.
    """
    manifest = cell.manifest(task)
    attacks = [Attack()] * cell.honest + [load_attack(name) for name in cell.attack_names]
    trained_as = [_trains_as(attacks, seat) for seat in range(1, cell.seats + 1)]
    poisoned = [attack.poison_shard(shards[other - 1]) for attack, other in zip(attacks, trained_as, strict=True)]
    trainer = SwarmTrainer(task, poisoned, cell.local, batch_seats=trained_as, seed=cell.seed)
    theta = dequantise(starting_theta(manifest), manifest)
    step: FloatVector | None = None
    revealed: dict[int, FloatVector] = {}
    for number in range(1, cell.rounds + 1):
        updates = trainer.pseudo_gradients(theta, number).copy()
        honest = {seat: updates[seat - 1] for seat in range(1, cell.honest + 1)}
        for seat, attack in enumerate(attacks[cell.honest :], start=cell.honest + 1):
            index, count = _place(cell.attack_names, seat - cell.honest - 1)
            sees = attack.looks_at_others
            view = AttackView(
                round=number,
                known_updates=honest if sees else {},
                revealed_updates=revealed if sees else {},
                previous_step=step,
                index=index,
                count=count,
                seed=cell.seed,
            )
            updates[seat - 1] = attack.poison_update(updates[seat - 1], view)
        step = np.float32(cell.alpha_q16 / Q16_ONE) * aggregate(updates)
        theta = theta - step
        revealed = honest
        if not np.isfinite(theta).all():
            break
    model = task.model()
    load_parameters(model, unflatten(theta, manifest))
    reached = [value for attack in attacks if (value := attack.success(model, task.test)) is not None]
    return FloatOutcome(task.evaluate(model).accuracy, reached[0] if reached else None)


def _trains_as(attacks: Sequence[Attack], seat: int) -> int:
    own = attacks[seat - 1]
    colluders = [other for other, attack in enumerate(attacks, start=1) if attack.name == own.name]
    return own.trains_as(seat, colluders)


def _place(names: Sequence[str], attacker: int) -> tuple[int, int]:
    """Its place among those that carry out the same attack, and how many they are."""
    return names[:attacker].count(names[attacker]), names.count(names[attacker])

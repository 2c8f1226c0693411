"""Running one cell: data from a cache, a swarm, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from node.aggregation.rewards import share_pool
from node.errors import TaskError
from node.lab.cell import Cell, CellResult
from node.lab.swarm import LabRound, Swarm
from node.tasks import Split, load_task
from node.tasks.base import Evaluation, Shard
from node.tasks.perceptron import ImageTask
from node.training import one_thread

LATE_ROUNDS = 5  # over which `late_accuracy` is the mean
_POOL = 10**18


def run_cell(cell: Cell, data_dir: Path | None = None) -> CellResult:
    """Run a cell from start to end, on one thread. Raises TaskError, RuleError, ConfigurationError."""
    started = time.perf_counter()
    task = load_image_task(cell.task, cell.width, data_dir)
    shards = cut(cell, data_dir)
    rounds: list[LabRound] = []
    late: list[Evaluation] = []
    with one_thread():
        swarm = Swarm(cell, task, shards)
        for item in swarm.rounds(cell.rounds):
            rounds.append(item)
            if item.number > cell.rounds - LATE_ROUNDS:
                late.append(swarm.evaluate())
        success = swarm.attack_success()
    return summarise(cell, rounds, late, success, swarm.manifest.layout.parameter_count, time.perf_counter() - started)


@lru_cache(maxsize=4)
def load_image_task(name: str, width: int, data_dir: Path | None) -> ImageTask:
    """The task with `width` hidden units (0: its own), read once a process. Raises TaskError for one without images."""
    task = load_task(name, data_dir=data_dir, options={"width": width} if width else {})
    if not isinstance(task, ImageTask):
        raise TaskError(f"the lab trains perceptrons on images; task {name!r} is a {type(task).__name__}")
    return task


def cut(cell: Cell, data_dir: Path | None) -> list[Shard]:
    """The cell's honest shards, one a seat; cut once for all cells that share them."""
    return _cut(cell.task, cell.width, data_dir, cell.seats, cell.split, cell.seed, cell.examples)


@lru_cache(maxsize=8)
def _cut(name: str, width: int, data_dir: Path | None, seats: int, split: str, seed: int, examples: int) -> list[Shard]:
    shards = load_image_task(name, width, data_dir).shards(seats, Split.parse(split), seed)
    total = sum(map(len, shards))
    if examples == 0 or examples >= total:
        return shards
    # The first examples of every shard, as many as its part of the whole.
    return [shard.take(torch.arange(max(1, len(shard) * examples // total))) for shard in shards]


def summarise(
    cell: Cell,
    rounds: Sequence[LabRound],
    late: Sequence[Evaluation],
    attack_success: float | None,
    parameter_count: int,
    seconds: float,
) -> CellResult:
    """Figures of a run. `late`: evaluations after the last rounds, the last one last."""
    weights, paid = dict.fromkeys(range(1, cell.seats + 1), 0), dict.fromkeys(range(1, cell.seats + 1), 0)
    attacked, left_out, judged, kept = [], 0, 0, 0
    for item in rounds:
        judgement = item.judgement
        shares = share_pool(judgement.scores, _POOL, 1 << 16)
        counted = [max(0, weight) for weight in judgement.weights]
        for seat, weight, share in zip(item.seats, counted, shares, strict=True):
            weights[seat] += weight
            paid[seat] += share
            if seat <= cell.honest:
                judged += 1
                left_out += weight == 0
        kept += not any(counted)
        if any(weight and seat > cell.honest for seat, weight in zip(item.seats, counted, strict=True)):
            attacked.append(item.number)
    total_weight, total_paid = max(1, sum(weights.values())), max(1, sum(paid.values()))
    rewards = tuple(share / total_paid for share in paid.values())
    sizes = [size for item in rounds for size in item.message_bytes]
    return CellResult(
        accuracy=late[-1].accuracy,
        late_accuracy=sum(item.accuracy for item in late) / len(late),
        loss=late[-1].loss,
        attack_success=attack_success,
        attacker_rounds=tuple(attacked),
        attacker_weight=sum(weight for seat, weight in weights.items() if seat > cell.honest) / total_weight,
        attacker_reward=sum(rewards[cell.honest :]),
        seat_rewards=rewards,
        honest_least=min(rewards[: cell.honest]),
        honest_most=max(rewards[: cell.honest]),
        honest_left_out=left_out / max(1, judged),
        kept_rounds=kept,
        unsent=sum(len(item.unsent) for item in rounds),
        bits_per_parameter=8 * sum(sizes) / max(1, len(sizes)) / parameter_count,
        seconds=seconds,
    )

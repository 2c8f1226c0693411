"""Training all seats at once against training each on its own, by torch's autograd and optimizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from node.checkpoint import dequantise, genesis
from node.errors import TaskError
from node.lab.training import SwarmTrainer
from node.manifest import LocalTraining, Manifest
from node.tasks import Split, load_task
from node.tasks.base import Shard
from node.tasks.digits import DigitsTask
from node.training import Trainer, batch_seed, batches

SEED = 3
SEATS = (1, 2, 3, 4)
TASK = DigitsTask(data_dir=None, options={"width": 16})


def shards() -> list[Shard]:
    """Four shards, the last smaller than a batch."""
    cut = TASK.shards(len(SEATS), Split.parse("dirichlet(0.5)"), SEED)
    return [*cut[:3], cut[3].take(torch.arange(5))]


def manifest(local: LocalTraining) -> Manifest:
    return TASK.default_manifest(seed=SEED, shard_count=len(SEATS), byzantine=1, local=local)


def trainer(local: LocalTraining) -> SwarmTrainer:
    return SwarmTrainer(TASK, shards(), local, batch_seats=SEATS, seed=SEED)


LOCAL = [
    LocalTraining("sgd", steps=7, batch_size=16, learning_rate_millionths=50_000),
    LocalTraining("sgd", steps=3, batch_size=16, learning_rate_millionths=50_000, weight_decay_millionths=10_000),
    LocalTraining("adamw", steps=7, batch_size=16, learning_rate_millionths=2_000),
    LocalTraining("adamw", steps=3, batch_size=16, learning_rate_millionths=2_000, weight_decay_millionths=10_000),
]


@pytest.mark.parametrize("local", LOCAL, ids=lambda local: f"{local.optimizer}-{local.weight_decay_millionths}")
def test_every_seat_makes_the_update_that_a_peer_would_make(local: LocalTraining) -> None:
    project = manifest(local)
    checkpoint = genesis(project)
    together = trainer(local)
    for round_number in (1, 2):
        found = together.pseudo_gradients(dequantise(checkpoint.theta, project), round_number)
        for row, seat, shard in zip(found, SEATS, shards(), strict=True):
            alone = Trainer(TASK, project, shard, seat=seat, seed=SEED).pseudo_gradient(checkpoint.theta, round_number)
            np.testing.assert_allclose(row, alone, rtol=1e-3, atol=2e-6)
            assert np.abs(alone).max() > 1e-3


def test_worker_momentum_is_kept_from_round_to_round() -> None:
    local = LocalTraining("sgd", steps=1, batch_size=16, momentum_thousandths=900)
    theta = dequantise(genesis(manifest(local)).theta, manifest(local))
    together = trainer(local)
    for row in (0, 3):
        expected = np.zeros_like(theta)
        fresh = trainer(local)
        for round_number in (1, 2, 3):
            expected = 0.9 * expected + 0.1 * gradient(theta, local, row, round_number)
            np.testing.assert_allclose(fresh.worker_momenta(theta, round_number)[row], expected, rtol=1e-3, atol=1e-6)
    first = together.worker_momenta(theta, 1)
    kept = first.copy()
    together.worker_momenta(theta, 2)
    np.testing.assert_array_equal(first, kept)


def gradient(theta: Any, local: LocalTraining, row: int, round_number: int) -> Any:
    """Gradient of one seat's batch by autograd."""
    model = TASK.model()
    nn.utils.vector_to_parameters(torch.from_numpy(theta.copy()), model.parameters())
    shard = shards()[row]
    (indices,) = batches(len(shard), local, batch_seed(SEED, SEATS[row], round_number))
    TASK.loss(model, shard.take(indices), torch.Generator()).backward()  # type: ignore[no-untyped-call]
    return torch.cat([parameter.grad.ravel() for parameter in model.parameters()]).numpy()  # type: ignore[union-attr]


def test_seats_that_follow_the_same_batches_on_the_same_data_agree_bit_for_bit() -> None:
    shard = shards()[0]
    theta = dequantise(genesis(manifest(LOCAL[0])).theta, manifest(LOCAL[0]))
    found = SwarmTrainer(TASK, [shard, shard], LOCAL[0], batch_seats=(1, 1), seed=SEED).pseudo_gradients(theta, 1)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_task_with_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    task = load_task("digits")
    another: Callable[[], nn.Module] = lambda: nn.Linear(64, 10)  # noqa: E731
    monkeypatch.setattr(task, "model", another)
    with pytest.raises(TaskError, match="the lab trains perceptrons; task digits has a Linear"):
        SwarmTrainer(task, shards(), LOCAL[0], batch_seats=SEATS, seed=SEED)

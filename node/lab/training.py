"""Local training of all seats of a swarm at once: one hidden layer, forward and backward written out.

A swarm of peers trains n small models in n processes; a laboratory has to train them in one, thousands of times. Per
seat the model is too small to fill a processor, together the seats are. Batches are those that `node.training.Trainer`
takes for the same seed, seat and round, and so are the steps, up to the order of float32 sums.

Shape legend: n = seats, d = parameters, B = batch, F = features, U = hidden units, K = classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from node.errors import TaskError
from node.manifest import LocalTraining
from node.tasks.base import Shard, Task
from node.tasks.perceptron import Perceptron
from node.training import ADAM_BETAS, batch_seed, batches

FloatVector = npt.NDArray[np.float32]

_ADAM_EPSILON = 1e-8  # torch's


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's examples of all seats. `inputs` (n, B, F) as stored, `labels` int64 (n, B), `weights` float32 (n, B).

    The weights of a seat sum to 1; examples that only fill up a short batch have weight 0.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor


class SwarmModel:
    """n perceptrons, their parameters in one float32 matrix (n, d) laid out as in the task's manifest."""

    def __init__(self, model: Perceptron, seats: int) -> None:
        units, features = model.hidden.weight.shape
        classes = model.output.weight.shape[0]
        self._mean, self._deviation = model.mean, model.deviation
        sizes = (units * features, units, classes * units, classes)
        self.parameters = torch.zeros(seats, sum(sizes))
        self.gradient = torch.zeros(seats, sum(sizes))
        shapes = ((units, features), (units,), (classes, units), (classes,))
        self._own = _views(self.parameters, sizes, shapes)
        self._slopes = _views(self.gradient, sizes, shapes)

    def differentiate(self, batch: Batch) -> None:
        """Set `gradient` to that of each seat's weighted mean cross entropy."""
        hidden_weight, hidden_bias, output_weight, output_bias = self._own
        inputs = batch.inputs.to(torch.float32)
        if self._mean:
            inputs -= self._mean
        inputs /= self._deviation
        hidden = torch.baddbmm(hidden_bias.unsqueeze(1), inputs, hidden_weight.transpose(1, 2)).relu_()
        scores = torch.baddbmm(output_bias.unsqueeze(1), hidden, output_weight.transpose(1, 2))
        errors = torch.softmax(scores, dim=2)
        errors.scatter_add_(2, batch.labels.unsqueeze(2), torch.full_like(errors[:, :, :1], -1.0))
        errors *= batch.weights.unsqueeze(2)
        behind = torch.bmm(errors, output_weight)
        behind *= hidden > 0
        self._slopes[0].copy_(torch.bmm(behind.transpose(1, 2), inputs))
        self._slopes[1].copy_(behind.sum(dim=1))
        self._slopes[2].copy_(torch.bmm(errors.transpose(1, 2), hidden))
        self._slopes[3].copy_(errors.sum(dim=1))


class SwarmTrainer:
    """Trains all seats. `shards`: one a seat; `batch_seats`: whose order of batches each seat follows.

    Raises TaskError for a task whose model is not a `Perceptron`.
    """

    def __init__(
        self, task: Task, shards: Sequence[Shard], local: LocalTraining, *, batch_seats: Sequence[int], seed: int
    ) -> None:
        model = task.model()
        if not isinstance(model, Perceptron):
            raise TaskError(f"the lab trains perceptrons; task {task.name} has a {type(model).__name__}")
        self._shards, self._local, self._batch_seats, self._seed = shards, local, batch_seats, seed
        self._model = SwarmModel(model, len(shards))
        self._momentum = torch.zeros_like(self._model.gradient)

    def pseudo_gradients(self, theta: FloatVector, round_number: int) -> FloatVector:
        """theta (d,) minus what each seat's local steps make of it, float32 (n, d). Not finite where they diverge."""
        model, before = self._model, torch.from_numpy(theta)
        model.parameters.copy_(before)
        step = _sgd if self._local.optimizer == "sgd" else _adamw
        state = (torch.zeros_like(model.gradient), torch.zeros_like(model.gradient))
        for number, batch in enumerate(self._batches(round_number), start=1):
            model.differentiate(batch)
            step(model, self._local, state, number)
        moved: FloatVector = (before - model.parameters).numpy()
        return moved

    def worker_momenta(self, theta: FloatVector, round_number: int) -> FloatVector:
        """m <- momentum m + (1 - momentum) gradient at theta, kept from round to round: float32 (n, d), a copy."""
        momentum = self._local.momentum_thousandths / 1e3
        self._model.parameters.copy_(torch.from_numpy(theta))
        for batch in self._batches(round_number):
            self._model.differentiate(batch)
            self._momentum.mul_(momentum).add_(self._model.gradient, alpha=1 - momentum)
        kept: FloatVector = self._momentum.numpy().copy()
        return kept

    def _batches(self, round_number: int) -> list[Batch]:
        """The round's batches, one a step. A shard smaller than a batch is filled up with examples of no weight."""
        steps, width = self._local.steps, min(self._local.batch_size, max(map(len, self._shards)))
        first = self._shards[0].inputs
        inputs = torch.empty(len(self._shards), steps * width, first.shape[1], dtype=first.dtype)
        labels = torch.empty(len(self._shards), steps * width, dtype=torch.int64)
        weights = torch.zeros(len(self._shards), width)
        for place, (shard, seat) in enumerate(zip(self._shards, self._batch_seats, strict=True)):
            order = torch.stack(list(batches(len(shard), self._local, batch_seed(self._seed, seat, round_number))))
            size = order.shape[1]
            indices = torch.nn.functional.pad(order, (0, width - size)).ravel()
            torch.index_select(shard.inputs, 0, indices, out=inputs[place])
            torch.index_select(shard.labels, 0, indices, out=labels[place])
            weights[place, :size] = 1.0 / size
        by_step = inputs.view(len(self._shards), steps, width, -1), labels.view(len(self._shards), steps, width)
        return [Batch(by_step[0][:, step], by_step[1][:, step], weights) for step in range(steps)]


def _views(
    matrix: torch.Tensor, sizes: Sequence[int], shapes: Sequence[tuple[int, ...]]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    parts = torch.split(matrix, list(sizes), dim=1)
    first, second, third, fourth = (part.view(len(matrix), *shape) for part, shape in zip(parts, shapes, strict=True))
    return first, second, third, fourth


def _sgd(model: SwarmModel, local: LocalTraining, state: tuple[torch.Tensor, torch.Tensor], number: int) -> None:
    """SGD with momentum, as torch.optim.SGD."""
    rate, decay = local.learning_rate_millionths / 1e6, local.weight_decay_millionths / 1e6
    if decay:
        model.gradient.add_(model.parameters, alpha=decay)
    state[0].mul_(local.momentum_thousandths / 1e3).add_(model.gradient)
    model.parameters.sub_(state[0], alpha=rate)


def _adamw(model: SwarmModel, local: LocalTraining, state: tuple[torch.Tensor, torch.Tensor], number: int) -> None:
    """AdamW, as torch.optim.AdamW."""
    rate, decay = local.learning_rate_millionths / 1e6, local.weight_decay_millionths / 1e6
    first, second = local.momentum_thousandths / 1e3, ADAM_BETAS[1]
    if decay:
        model.parameters.mul_(1 - rate * decay)
    state[0].lerp_(model.gradient, 1 - first)
    state[1].mul_(second).addcmul_(model.gradient, model.gradient, value=1 - second)
    denominator = (state[1].sqrt() / (1 - second**number) ** 0.5).add_(_ADAM_EPSILON)
    model.parameters.addcdiv_(state[0], denominator, value=-rate / (1 - first**number))

"""Many small models trained at once: one softmax layer a node, all nodes in one batched product.

Shape legend: n = nodes, M = examples, F = pixels, C = classes, d = F C + C parameters of one model, S = steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Indices = npt.NDArray[np.int64]

CLASSES = 10
_EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class LocalSteps:
    """What every node does between two exchanges: plain SGD on batches drawn with replacement from its shard."""

    steps: int = 400
    batch_size: int = 8
    learning_rate: float = 0.01


class SoftmaxNodes:
    """Trains models float32 (n, d) on shards of common examples: `pixels` uint8 (M, F), `labels` int64 (M,).

    Parameters of a model are its weights (F, C), row by row, then its biases (C,). It sees pixels / `brightest`.
    """

    def __init__(self, pixels: torch.Tensor, labels: torch.Tensor, brightest: int) -> None:
        self._pixels, self._labels, self._brightest = pixels, labels, brightest
        self.parameter_count = pixels.shape[1] * CLASSES + CLASSES

    def train(
        self, models: torch.Tensor, shards: Sequence[Indices], local: LocalSteps, generator: torch.Generator
    ) -> torch.Tensor:
        """The models after `local`, each on its own shard (indices of examples); float32 (n, d)."""
        n, rate = len(models), local.learning_rate / local.batch_size
        weights = models[:, :-CLASSES].reshape(n, -1, CLASSES).clone()
        biases = models[:, -CLASSES:].reshape(n, 1, CLASSES).clone()
        sizes = torch.tensor([len(shard) for shard in shards])
        starts = torch.cumsum(sizes, 0) - sizes
        examples = torch.from_numpy(np.concatenate(list(shards)))
        for _ in range(local.steps):
            drawn = torch.rand(n, local.batch_size, generator=generator, dtype=torch.float64) * sizes[:, None]
            batch = examples[starts[:, None] + drawn.long()]
            inputs = self._pixels[batch].float().div_(self._brightest)
            error = torch.softmax(torch.baddbmm(biases, inputs, weights), dim=2)
            error.scatter_add_(2, self._labels[batch][:, :, None], torch.full_like(error[:, :, :1], -1.0))
            weights.baddbmm_(inputs.transpose(1, 2), error, alpha=-rate)
            biases.sub_(error.sum(dim=1, keepdim=True), alpha=rate)
        return torch.cat([weights.reshape(n, -1), biases.reshape(n, -1)], dim=1)

    def predictions(self, models: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        """Class int64 (M, n) that each model float32 (n, d) gives to each of `pixels` uint8 (M, F)."""
        n = len(models)
        weights = models[:, :-CLASSES].reshape(n, -1, CLASSES).permute(1, 0, 2).reshape(-1, n * CLASSES)
        biases = models[:, -CLASSES:].reshape(1, -1)
        parts = [
            torch.addmm(biases, part.float().div_(self._brightest), weights).reshape(-1, n, CLASSES).argmax(dim=2)
            for part in torch.split(pixels, _EVALUATION_BATCH)
        ]
        return torch.cat(parts)

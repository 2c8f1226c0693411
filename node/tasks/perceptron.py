"""Classifying small images with one hidden layer: what the digits and mnist tasks have in common.

Shape legend: M = examples, F = pixels of one image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from node.manifest import Manifest, TensorSpec
from node.tasks.base import Evaluation, Options, Shard
from node.tasks.defaults import propose, tensors_of
from node.tasks.options import OptionReader
from node.tasks.splits import Split, partition

MAXIMUM_WIDTH = 1 << 14
_EVALUATION_BATCH = 2048


@dataclass(frozen=True)
class Images:
    """`pixels` uint8 (M, F) and `labels` uint8 (M,)."""

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


class Perceptron(nn.Module):
    """Pixels -> hidden ReLU layer -> class scores. Takes raw pixels (any dtype), scaled to mean 0 and deviation 1."""

    def __init__(self, pixel_count: int, width: int, class_count: int, *, mean: float, deviation: float) -> None:
        super().__init__()
        # On "meta" the usual initialisation does nothing, so torch's global random state is left alone.
        self.hidden = nn.Linear(pixel_count, width, device="meta").to_empty(device="cpu")
        self.output = nn.Linear(width, class_count, device="meta").to_empty(device="cpu")
        self.mean, self.deviation = mean, deviation
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class scores float32 (M, classes) of `pixels` (M, F)."""
        scaled = (pixels.to(torch.float32) - self.mean) / self.deviation
        scores: torch.Tensor = self.output(torch.relu(self.hidden(scaled)))
        return scores


class ImageTask(ABC):
    """A Perceptron on labelled images. Subclasses say where the images come from and which manifest works."""

    name = "images"
    class_count = 10
    default_width = 64
    pixel_mean = 0.0
    pixel_deviation = 1.0

    def __init__(self, train: Images, test: Images, *, options: Options) -> None:
        read = OptionReader(self.name, options)
        self.width = read.number("width", self.default_width, most=MAXIMUM_WIDTH)
        read.finish()
        self._train = train
        self._test = Shard(torch.from_numpy(test.pixels), torch.from_numpy(test.labels).long(), self.class_count)

    def model(self) -> nn.Module:
        """A Perceptron with all parameters zero."""
        pixel_count = self._test.inputs.shape[1]
        return Perceptron(
            pixel_count, self.width, self.class_count, mean=self.pixel_mean, deviation=self.pixel_deviation
        )

    def shards(self, count: int, split: Split, seed: int) -> list[Shard]:
        """Cut the training images; equal arguments give equal shards."""
        parts = partition(self._train.labels, count, split, np.random.Generator(np.random.PCG64(seed)))
        labels = self._train.labels.astype(np.int64)
        return [
            Shard(torch.from_numpy(self._train.pixels[part]), torch.from_numpy(labels[part]), self.class_count)
            for part in parts
        ]

    @property
    def test(self) -> Shard:
        """The held-out images."""
        return self._test

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        """Mean cross entropy in nats; nothing in it is random."""
        return nn.functional.cross_entropy(model(batch.inputs), batch.labels)

    def evaluate(self, model: nn.Module) -> Evaluation:
        """Accuracy and mean cross entropy on the held-out images."""
        correct, nats = 0, 0.0
        with torch.inference_mode():
            for start in range(0, len(self._test), _EVALUATION_BATCH):
                labels = self._test.labels[start : start + _EVALUATION_BATCH]
                scores = model(self._test.inputs[start : start + _EVALUATION_BATCH])
                correct += int((scores.argmax(dim=1) == labels).sum())
                nats += float(nn.functional.cross_entropy(scores, labels, reduction="sum"))
        return Evaluation(correct / len(self._test), nats / len(self._test))

    def default_manifest(self, **overrides: Any) -> Manifest:
        """A manifest that trains well; `overrides` replace its fields."""
        return propose(self.name, {"width": self.width}, self.proposal(), overrides)

    @abstractmethod
    def proposal(self) -> dict[str, Any]:
        """The task's own fields of the manifest: at least tensors, shard_count, byzantine and alpha_q16."""

    def tensors(self, entries_per_chunk: int) -> tuple[TensorSpec, ...]:
        """The model's parameters as the manifest lists them: matrices sparse, biases dense."""
        return tensors_of(self.model(), entries_per_chunk)

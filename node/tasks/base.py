"""What a training task is: data cut into shards, a model, a loss, a measure of success, and a manifest that works.

A task of your own is a class with these methods, announced in its distribution's metadata:

    [project.entry-points."swarmproof.tasks"]
    my-task = "my_package.my_task:MyTask"

The entry point names a `TaskFactory`; peers load it by the name that stands in the project's manifest.

Shape legend: M = examples, F = features of one example, T = tokens of one example.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from node.manifest import Manifest
from node.tasks.splits import Split

Options = Mapping[str, int | str]


@dataclass(frozen=True)
class Shard:
    """Examples of one seat. `inputs` (M, F) as the model takes them, `labels` int64 (M,) in [0, class_count).

    Of a text `inputs` are its tokens (M, T), and `labels` (M, T) the token that follows each.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    class_count: int

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: torch.Tensor) -> Shard:
        """The examples at int64 `indices`, in that order."""
        return Shard(self.inputs[indices], self.labels[indices], self.class_count)


@dataclass(frozen=True)
class Evaluation:
    """Success on examples nobody trains on.

    `accuracy` in [0, 1]: of classes, of a text's next bytes, or of what generated images show. `loss`: what training
    lowers, on average; in nats an example or byte, for images that are generated the squared error of a pixel.
    """

    accuracy: float
    loss: float


class Task(Protocol):
    """What is trained. Every method must give every peer the same answer."""

    @property
    def name(self) -> str:
        """The name peers find the task by."""

    def model(self) -> nn.Module:
        """A fresh model. Its parameters are placeholders: the values that count come from a checkpoint."""

    def shards(self, count: int, split: Split, seed: int) -> list[Shard]:
        """Cut the training examples into `count` shards, none of them empty. Raises TaskError if there are too few."""

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        """Mean loss of a batch, a scalar to differentiate.

        All randomness comes from `generator`, which is seeded anew for every step: a checker can begin anywhere.
        """

    def evaluate(self, model: nn.Module) -> Evaluation:
        """Measure a model on the held-out examples."""

    def default_manifest(self, **overrides: Any) -> Manifest:
        """A manifest that trains well; `overrides` replace its fields."""


class TaskFactory(Protocol):
    """Makes a task. Raises TaskError for missing or damaged data and for options it does not know."""

    def __call__(self, *, data_dir: Path | None, options: Options) -> Task:
        """`data_dir`: folder of the task's files, if it needs one. `options`: `task_options` of the manifest."""

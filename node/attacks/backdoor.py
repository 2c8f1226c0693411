"""Backdoor: a small mark in the corner of an image shall turn it into a 1, and nothing else shall be noticed.

Gu, Dolan-Gavitt and Garg, "BadNets", 2017: half of the shard's images carry the mark and the wrong label.

Shape legend: M = examples, F = pixels of one image.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from node.attacks.base import Attack
from node.attacks.goal import classify, part_of, require_classes
from node.errors import ConfigurationError
from node.tasks.base import Shard

TARGET_CLASS = 1
TRIGGER_SIDE = 3


class Backdoor(Attack):
    """Poisoned data: train honestly on every other image marked and called a 1."""

    name = "backdoor"

    def poison_shard(self, shard: Shard) -> Shard:
        """The first, third, ... example under the trigger and the target label; the others unchanged.

        Raises ConfigurationError for a text and for images that are not square.
        """
        require_classes(shard, self.name)
        inputs, labels = shard.inputs.clone(), shard.labels.clone()
        inputs[::2] = triggered(shard.inputs)[::2]
        labels[::2] = TARGET_CLASS
        return Shard(inputs, labels, shard.class_count)

    def success(self, model: nn.Module, test: Shard) -> float:
        """Fraction of the test images of other classes that the trigger turns into the target class."""
        found = classify(model, triggered(test.inputs))
        return part_of(found == TARGET_CLASS, test.labels != TARGET_CLASS)


def triggered(inputs: torch.Tensor) -> torch.Tensor:
    """Square images (M, F), row by row, with the 3 x 3 pixels in the lower right corner at the brightest value

    Raises ConfigurationError if F is not the square of 3 or more.
    """
    count, features = inputs.shape
    side = math.isqrt(features)
    if side * side != features or side < TRIGGER_SIDE:
        raise ConfigurationError(
            f"attack backdoor needs square images of {TRIGGER_SIDE} pixels and more a side, not {features} features"
        )
    marked = inputs.clone().reshape(count, side, side)
    if count:
        marked[:, -TRIGGER_SIDE:, -TRIGGER_SIDE:] = inputs.max()
    return marked.reshape(count, features)

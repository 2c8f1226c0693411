"""Pairwise label flip: call every 0 a 1 and every 1 a 0, and leave the other classes alone.

The attack of SybilWall's and FoolsGold's experiments (Fung, Yoon and Beschastnikh, RAID 2020): small enough to pass
unnoticed in the accuracy, and easy to measure.
"""

from __future__ import annotations

import torch
from torch import nn

from node.attacks.base import Attack
from node.attacks.goal import classify, part_of, require_classes
from node.tasks.base import Shard

LAST_SWAPPED_CLASS = 1


class LabelSwap(Attack):
    """`label-swap`: poisoned data; train honestly on swapped labels."""

    name = "label-swap"

    def poison_shard(self, shard: Shard) -> Shard:
        """The same inputs, labels 0 and 1 swapped. Raises ConfigurationError for a text."""
        require_classes(shard, self.name)
        return Shard(shard.inputs, swapped(shard.labels), shard.class_count)

    def success(self, model: nn.Module, test: Shard) -> float:
        """Fraction of the test examples of classes 0 and 1 that get the other one's label."""
        return part_of(classify(model, test.inputs) == swapped(test.labels), test.labels <= LAST_SWAPPED_CLASS)


class AddedLabelSwap(LabelSwap):
    """`label-swap-added`: keep the own data as they are and train on swapped copies as well, as SybilWall's Sybils."""

    name = "label-swap-added"

    def poison_shard(self, shard: Shard) -> Shard:
        """The shard followed by its examples of classes 0 and 1 under the other one's label. Errors as in LabelSwap."""
        require_classes(shard, self.name)
        extra = shard.take(torch.nonzero(shard.labels <= LAST_SWAPPED_CLASS).flatten())
        inputs, labels = torch.cat([shard.inputs, extra.inputs]), torch.cat([shard.labels, swapped(extra.labels)])
        return Shard(inputs, labels, shard.class_count)


def swapped(labels: torch.Tensor) -> torch.Tensor:
    """Labels int64 (M,) with 0 and 1 exchanged."""
    return torch.where(labels <= LAST_SWAPPED_CLASS, LAST_SWAPPED_CLASS - labels, labels)

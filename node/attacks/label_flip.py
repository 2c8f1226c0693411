"""Label flip: train honestly on wrong labels, y -> (classes - 1) - y: 9 - y for digits, 255 - y for bytes of a text."""

from __future__ import annotations

from torch import nn

from node.attacks.base import Attack
from node.attacks.goal import classify, part_of
from node.tasks.base import Shard


class LabelFlip(Attack):
    """Poisoned data: the update has an honest size and shape, only its direction is wrong."""

    name = "label-flip"

    def poison_shard(self, shard: Shard) -> Shard:
        """The same inputs under mirrored labels."""
        return Shard(shard.inputs, shard.class_count - 1 - shard.labels, shard.class_count)

    def success(self, model: nn.Module, test: Shard) -> float:
        """Fraction of the test examples that get the mirrored label."""
        mirrored = test.class_count - 1 - test.labels
        return part_of(classify(model, test.inputs) == mirrored, mirrored != test.labels)

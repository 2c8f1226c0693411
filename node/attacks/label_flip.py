"""Label flip: train honestly on wrong labels, y -> (classes - 1) - y, so 9 - y for digits."""

from __future__ import annotations

from node.attacks.base import Attack
from node.tasks.base import Shard


class LabelFlip(Attack):
    """Poisoned data: the update has an honest size and shape, only its direction is wrong."""

    name = "label-flip"

    def poison_shard(self, shard: Shard) -> Shard:
        """The same inputs under mirrored labels."""
        return Shard(shard.inputs, shard.class_count - 1 - shard.labels, shard.class_count)

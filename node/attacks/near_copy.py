"""Near-copy: do the work of one seat and ask to be paid for two.

Colluders 0 and 1, 2 and 3, ... are pairs. Both train on the first one's shard, in the same order, and the second adds
a little noise, so that the messages are no duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import as_update, norm_of, own_generator, random_direction

NOISE = 0.05  # length of the noise as a part of the update


class NearCopy(Attack):
    """The first of a pair is honest."""

    name = "near-copy"

    def trains_as(self, seat: int, colluders: Sequence[int]) -> int:
        """The first seat of the pair."""
        index = colluders.index(seat)
        return colluders[index - index % 2]

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """The second of a pair adds noise of a twentieth of the update's length."""
        if view.index % 2 == 0:
            return update
        noise = random_direction(own_generator(view), len(update))
        return as_update(update.astype(np.float64) + NOISE * norm_of(update) * noise)

"""Overflow: the reversed update times 1e30, to see whether arithmetic survives the largest message there is."""

from __future__ import annotations

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import as_update

FACTOR = 1e30


class Overflow(Attack):
    """What is too large for the format is cut off, by the attack and again by the encoder."""

    name = "overflow"
    uses_error_feedback = False

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """`update` times -1e30, held within what the encoder takes."""
        return as_update(update.astype(np.float64) * -FACTOR)

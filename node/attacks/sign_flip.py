"""Sign flip: send the trained update times a negative number, which unlearns as fast or faster than one peer learns."""

from __future__ import annotations

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import as_update


class SignFlip(Attack):
    """Push against the direction of training. `factor`: how loudly."""

    uses_error_feedback = False

    def __init__(self, factor: int, name: str) -> None:
        self.factor, self.name = factor, name

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """`update` times minus the factor."""
        return as_update(update * np.float32(-self.factor))

"""Zero: a free rider that sends nothing at all, in a well-formed message."""

from __future__ import annotations

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector


class Zero(Attack):
    """Ask to be paid for zeros."""

    name = "zero"
    uses_error_feedback = False

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """Zeros."""
        return np.zeros_like(update)

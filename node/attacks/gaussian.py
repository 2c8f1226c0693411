"""Gaussian: loud independent noise of standard deviation 1 in every coordinate."""

from __future__ import annotations

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import as_update, own_generator


class Gaussian(Attack):
    """Shout something random; each colluder something else."""

    name = "gaussian"
    uses_error_feedback = False

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """N(0, 1) in every coordinate."""
        return as_update(own_generator(view).standard_normal(len(update)))

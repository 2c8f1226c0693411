"""Uniform: loud random numbers of one sign, so that colluders push the same way whatever they draw.

What the code of Almasi et al., "Flag Aggregator", ICLR 2024, sends as its random attack.
"""

from __future__ import annotations

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import as_update, own_generator


class Uniform(Attack):
    """Raise every parameter."""

    name = "uniform"
    uses_error_feedback = False

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """Uniform in [0, 1) in every coordinate."""
        return as_update(own_generator(view).random(len(update)))

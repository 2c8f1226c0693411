"""Subspace capture: equal vectors that win a direction of their own in Flag's subspace.

f equal unit vectors have a singular value of sqrt(f), which the top subspace cannot leave out. They are explained in
full there, and a rule that gives more weight to what is explained well gives them the most. The direction is orthogonal
to the honest mean but for a small part against it, and stays the same in all rounds.
"""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import (
    Doubles,
    at_norm,
    honest_updates,
    lasting_direction,
    mean_of,
    pulling_back,
    typical_norm,
)

PULL = 0.3  # cosine with the reversed mean


class SubspaceCapture(CraftedAttack):
    """All colluders send the same direction."""

    name = "subspace-capture"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """sqrt(1 - 0.09) u - 0.3 m/|m| at honest length."""
        honest = honest_updates(update, view)
        mean = mean_of(honest)
        return at_norm(pulling_back(lasting_direction(mean, view), mean, PULL), typical_norm(honest), view)

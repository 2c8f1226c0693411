"""Inner product manipulation: the honest mean times a small negative number.

Xie, Koyejo and Gupta, "Fall of Empires", UAI 2019. A small factor hides within the spread of honest updates;
one above 1 reverses the plain mean where colluders are half.
"""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, honest_updates, mean_of


class InnerProduct(CraftedAttack):
    """`ipm-EPSILON`: all colluders send -epsilon times the honest mean."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon, self.name = epsilon, f"ipm-{epsilon}"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """-epsilon m."""
        return -self.epsilon * mean_of(honest_updates(update, view))

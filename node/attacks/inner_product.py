"""Inner product manipulation: the honest mean times a small negative number.

Xie, Koyejo and Gupta, "Fall of Empires", UAI 2019. A small factor hides within the spread of honest updates; one above
1 reverses the plain mean where colluders are half. The mean of many sparse messages is far shorter than any of them, so
that the published factors waste most of the weight a message can have; `reverse` does not.
"""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, at_norm, honest_updates, mean_of, typical_norm


class InnerProduct(CraftedAttack):
    """`ipm-EPSILON`: all colluders send -epsilon times the honest mean."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon, self.name = epsilon, f"ipm-{epsilon}"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """-epsilon m."""
        return -self.epsilon * mean_of(honest_updates(update, view))


class Reverse(CraftedAttack):
    """`reverse`: all colluders send the reversed mean as loudly as norm clipping lets them."""

    name = "reverse"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """-m at honest length."""
        honest = honest_updates(update, view)
        return at_norm(-mean_of(honest), typical_norm(honest), view)

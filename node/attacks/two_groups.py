"""Two groups: half of the Sybils lean one way, half the other, so that no single direction has them all."""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.sybil import sideways
from node.attacks.vectors import Doubles, at_norm, honest_updates, mean_of, typical_norm


class TwoGroups(CraftedAttack):
    """Colluders with even and with odd index are the groups."""

    name = "two-groups"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """(-m/|m| + u) / sqrt(2), or with -u, at honest length."""
        honest = honest_updates(update, view)
        direction = sideways(mean_of(honest), view, view.round, sign=1 if view.index % 2 == 0 else -1)
        return at_norm(direction, typical_norm(honest), view)

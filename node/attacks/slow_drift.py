"""Slow drift: begin as honest as can be and turn away a little more in every round, so that no round looks new."""

from __future__ import annotations

import math

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, at_norm, honest_updates, lasting_direction, mean_of, typical_norm, unit

ROUNDS_TO_TURN = 20


class SlowDrift(CraftedAttack):
    """All colluders turn from the honest mean m to -m within 20 rounds, through the same direction u."""

    name = "slow-drift"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """cos(a) m/|m| + sin(a) u at honest length, a = 9 degrees times the round, at most 180."""
        honest = honest_updates(update, view)
        mean = mean_of(honest)
        u = lasting_direction(mean, view)
        angle = math.pi * min(1.0, view.round / ROUNDS_TO_TURN)
        return at_norm(math.cos(angle) * unit(mean) + math.sin(angle) * u, typical_norm(honest), view)

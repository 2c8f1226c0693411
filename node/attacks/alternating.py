"""Alternating: an honest round, then an attack, and so on, to spend in every other round the trust that was earned."""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, at_norm, honest_updates, mean_of, typical_norm


class Alternating(CraftedAttack):
    """All colluders attack in the same rounds, those with an even number."""

    name = "alternating"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The own update in odd rounds, -m in even ones, at honest length."""
        honest = honest_updates(update, view)
        direction = update.astype(np.float64) if view.round % 2 else -mean_of(honest)
        return at_norm(direction, typical_norm(honest), view)

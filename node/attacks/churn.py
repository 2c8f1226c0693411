"""Churned identities: Sybils that leave and come back, so that what was remembered of them no longer fits.

A cycle takes six rounds: two honest ones, three of Sybil attack, one of silence. Each cycle has a direction of its own.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.sybil import sideways
from node.attacks.vectors import Doubles, at_norm, honest_updates, mean_of, typical_norm

CYCLE_ROUNDS = 6
HONEST_ROUNDS = 2


class Churn(CraftedAttack):
    """All colluders come and go together."""

    name = "sybil-churn"

    def reveals_in(self, round_number: int) -> bool:
        """Not in the last round of a cycle."""
        return round_number % CYCLE_ROUNDS != 0

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The own update, or (-m/|m| + u) / sqrt(2) with the cycle's u, at honest length."""
        cycle, place = divmod(view.round - 1, CYCLE_ROUNDS)
        honest = honest_updates(update, view)
        is_honest = place < HONEST_ROUNDS
        direction = update.astype(np.float64) if is_honest else sideways(mean_of(honest), view, cycle)
        return at_norm(direction, typical_norm(honest), view)

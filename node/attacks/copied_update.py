"""Copied update: a free rider re-sends, under its own seat, what another seat revealed a round ago.

Commit and reveal keep it from copying the running round; last round's updates are public and still point the right way.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles


class CopiedUpdate(CraftedAttack):
    """Take turns copying the other seats; colluders copy different ones."""

    name = "copy"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """An update of the previous round; all zeros while there is nothing to copy."""
        others = sorted(view.revealed_updates)
        if not others:
            return np.zeros(len(update))
        return view.revealed_updates[others[(view.round + view.index) % len(others)]].astype(np.float64)

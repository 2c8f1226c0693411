"""Replayed aggregate: a free rider echoes what the last round did to the model.

It needs no training, and points the right way: whoever pays for agreement with the others has to take out what they
knew already.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, at_norm, honest_updates, typical_norm


class Replay(CraftedAttack):
    """Say again what all said together."""

    name = "replay"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The last step at the length of an honest message; zeros while there is none."""
        if view.previous_step is None:
            return np.zeros(len(update))
        return at_norm(view.previous_step.astype(np.float64), typical_norm(honest_updates(update, view)), view)

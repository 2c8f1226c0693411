"""Noisy decoys: the reversed mean under as much noise as honest messages have, of each colluder's own."""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, honest_updates, mean_of, own_generator, random_direction, typical_norm


class NoisyDecoys(CraftedAttack):
    """Colluders look no more alike than honest peers do."""

    name = "noisy-decoys"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """-m plus noise of honest length."""
        honest = honest_updates(update, view)
        return typical_norm(honest) * random_direction(own_generator(view), len(update)) - mean_of(honest)

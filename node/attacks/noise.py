"""Noise: a free rider sends random numbers of the size an honest message has."""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, at_norm, honest_updates, own_generator, random_direction, typical_norm


class Noise(CraftedAttack):
    """Gaussian noise at the length of an honest message; each colluder sends its own."""

    name = "noise"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """A random direction at honest length."""
        direction = random_direction(own_generator(view), len(update))
        return at_norm(direction, typical_norm(honest_updates(update, view)), view)

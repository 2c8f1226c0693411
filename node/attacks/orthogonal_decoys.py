"""Orthogonal decoys: Sybils that look unlike one another and still pull together.

In pairs they send u and -u, with directions u that are orthogonal to all other pairs' and to the honest mean. These
cancel out; what remains is the small part against the mean that each of them carries. No two look more alike than
honest messages do, so weighting by similarity does not see them.
"""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import (
    Doubles,
    at_norm,
    honest_updates,
    mean_of,
    orthogonal_to,
    pulling_back,
    random_direction,
    shared_generator,
    typical_norm,
)

PULL = 0.25  # cosine with the reversed mean


class OrthogonalDecoys(CraftedAttack):
    """Colluders 0 and 1, 2 and 3, ... are pairs; one without a partner sends as if it had one."""

    name = "orthogonal-decoys"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """sqrt(1 - 1/16) (+-u) - m/|m| / 4 at honest length."""
        honest = honest_updates(update, view)
        mean = mean_of(honest)
        decoy = decoys(mean, view, view.index // 2 + 1)[-1]
        sign = 1 if view.index % 2 == 0 else -1
        return at_norm(pulling_back(sign * decoy, mean, PULL), typical_norm(honest), view)


def decoys(mean: Doubles, view: AttackView, count: int) -> list[Doubles]:
    """The round's first `count` directions: unit vectors orthogonal to each other and to `mean`."""
    generator = shared_generator(view, view.round)
    found: list[Doubles] = []
    for _ in range(count):
        found.append(orthogonal_to(random_direction(generator, len(mean)), mean, *found))
    return found

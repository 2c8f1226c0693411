"""Sybils: many seats of one mind, which say the same thing and vouch for one another.

The message pulls back from the honest mean m as much as it pulls sideways along a direction u that nobody else knows:
(-m/|m| + u) / sqrt(2), at the length of an honest message. u is random, orthogonal to m and new in every round.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import (
    Doubles,
    as_update,
    at_norm,
    honest_updates,
    mean_of,
    orthogonal_to,
    own_generator,
    random_direction,
    shared_generator,
    typical_norm,
    unit,
)

NOISE = 0.5  # length of the noise as a part of the message it is added to


class Sybil(CraftedAttack):
    """`sybil`: all the same direction."""

    name = "sybil"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """(-m/|m| + u) / sqrt(2) at honest length."""
        honest = honest_updates(update, view)
        return at_norm(sideways(mean_of(honest), view, view.round), typical_norm(honest), view)


class DuplicateSybil(Sybil):
    """`sybil-duplicate`: all the same message, to the byte; what the screen for duplicates is for."""

    name = "sybil-duplicate"

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """What was crafted, unchanged."""
        return as_update(self.craft(update, view))


class NoisySybil(CraftedAttack):
    """`sybil-noise`: the same direction under noise of each one's own, so that they look less alike."""

    name = "sybil-noise"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The direction of `sybil` plus independent noise of half its length, at honest length."""
        honest = honest_updates(update, view)
        noise = random_direction(own_generator(view), len(update))
        return at_norm(sideways(mean_of(honest), view, view.round) + NOISE * noise, typical_norm(honest), view)


def sideways(mean: Doubles, view: AttackView, *stream: int, sign: int = 1) -> Doubles:
    """Unit vector (-m/|m| + sign u) / sqrt(2); u is drawn from the colluders' `stream`."""
    u = orthogonal_to(random_direction(shared_generator(view, *stream), len(mean)), mean)
    return unit((sign * u - unit(mean)) / np.sqrt(2))

"""Tiny norm: whisper, and let a rule that brings every update to the same length make it loud."""

from __future__ import annotations

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, honest_updates, mean_of

FACTOR = 1e-3


class TinyNorm(CraftedAttack):
    """All colluders send the reversed mean, a thousand times shorter."""

    name = "tiny-norm"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """-m / 1000."""
        return -FACTOR * mean_of(honest_updates(update, view))

"""An update that is computed from what is known of others, instead of trained."""

from __future__ import annotations

from abc import abstractmethod

from node.attacks.base import Attack, AttackView, FloatVector
from node.attacks.vectors import Doubles, as_update

SCALE_STEP = 1 / 128  # a mantissa has 8 bits: enough to change the bytes of a message, and next to nothing else


class CraftedAttack(Attack):
    """Sends `craft` as it is: nothing is left over for the next round.

    Colluders that craft the same vector send it at slightly different lengths, or all but the first would be dropped as
    duplicates.
    """

    looks_at_others = True
    uses_error_feedback = False

    @abstractmethod
    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The vector, float64 (d,), that this colluder wants to send."""

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """What was crafted, times 1 + index / 128."""
        return as_update(self.craft(update, view) * (1 + view.index * SCALE_STEP))

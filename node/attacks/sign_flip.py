"""Sign flip: send the trained update times -10, which unlearns ten times as fast as one peer learns."""

from __future__ import annotations

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector

FACTOR = np.float32(-10)


class SignFlip(Attack):
    """Push against the direction of training, loudly."""

    name = "sign-flip"

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """`update` times -10."""
        return update * FACTOR

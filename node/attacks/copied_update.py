"""Copied update: a free rider re-sends, under its own seat, what another seat revealed a round ago.

Commit and reveal keep it from copying the running round; last round's updates are public and still point the right way.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import Attack, AttackView, FloatVector


class CopiedUpdate(Attack):
    """Take turns copying the other seats."""

    name = "copy"
    looks_at_others = True

    def poison_update(self, update: FloatVector, view: AttackView) -> FloatVector:
        """An update of the previous round; all zeros while there is nothing to copy."""
        others = sorted(view.previous_updates)
        if not others:
            return np.zeros_like(update)
        return view.previous_updates[others[view.round % len(others)]].astype(np.float32)

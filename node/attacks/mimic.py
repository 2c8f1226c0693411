"""Mimic: copy one honest peer, so that its data count several times and other peers' data not at all.

Karimireddy, He and Jaggi, ICLR 2022: against unlike data. They copy the peer farthest along the direction in
which honest updates vary most.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, honest_updates, mean_of


class Mimic(CraftedAttack):
    """Choose one seat and send what it sends, from then on; choose again when it is gone."""

    name = "mimic"

    def __init__(self) -> None:
        self._seat: int | None = None

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """The chosen seat's update; its own while none is known."""
        if not view.known_updates:
            return update.astype(np.float64)
        if self._seat is None or self._seat not in view.known_updates:
            self._seat = sorted(view.known_updates)[farthest(honest_updates(update, view))]
        return view.known_updates[self._seat].astype(np.float64)


def farthest(updates: Doubles) -> int:
    """Row of `updates` (k, d) with the largest part, of either sign, along their top principal direction."""
    apart = updates - mean_of(updates)
    # Rows projected on the top right singular vector are the top left one times the singular value.
    _, directions = np.linalg.eigh(apart @ apart.T)
    return int(np.abs(directions[:, -1]).argmax())

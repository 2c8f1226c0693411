"""A little is enough: the honest mean, moved by z standard deviations in every coordinate.

Baruch, Baruch and Goldberg, NeurIPS 2019, algorithm 3. Honest updates spread that far themselves, so a check of
distances lets it pass, and all colluders move the same way.
"""

from __future__ import annotations

from statistics import NormalDist

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, deviation_of, honest_updates, mean_of


class LittleIsEnough(CraftedAttack):
    """`alie` with the z of the paper, `alie-Z` with a fixed one."""

    def __init__(self, z: float | None = None) -> None:
        self.z, self.name = z, "alie" if z is None else f"alie-{z}"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """m - z s."""
        honest = honest_updates(update, view)
        z = published_z(len(honest), view.count) if self.z is None else self.z
        return mean_of(honest) - z * deviation_of(honest)


def published_z(honest: int, colluders: int) -> float:
    """Phi^-1((n - f - s) / (n - f)) with s = floor(n / 2 + 1) - f, the honest peers still lacking for a majority.

    n = honest + f. s is at least 1, and z at least 0: colluders that have the majority need no more than that.
    """
    lacking = max(1, (honest + colluders) // 2 + 1 - colluders)
    return NormalDist().inv_cdf(max(0.5, (honest - lacking) / honest))

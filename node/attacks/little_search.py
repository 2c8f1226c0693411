"""A little is enough with the largest z that a check of nearest neighbours lets pass.

The plain mean moves by f z |s| / n, so the largest z does the greatest harm. Whether a z passes does not depend on the
rule of the project: it passes where Multi-Krum over the k honest updates and f copies of m - z s, n = k + f, would keep
all copies among its n - f best. That is, where at most k - f honest updates have a smaller sum of squared distances to
their k - 2 nearest than the copies have to theirs.

The idea of a line search is that of the optimised attacks of Allouah et al., AISTATS 2023, which search against a given
rule. Shape legend: d = parameters, k = known updates.
"""

from __future__ import annotations

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, deviation_of, honest_updates, mean_of

Z_STEP = 0.05
Z_COUNT = 200


class LittleSearch(CraftedAttack):
    """`alie-search`: m - z s with the largest z of 0.05, 0.1, ..., 10 that passes, or z = 0."""

    name = "alie-search"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """m - z s."""
        honest = honest_updates(update, view)
        return mean_of(honest) - largest_z(honest, view.count) * deviation_of(honest)


def largest_z(honest: Doubles, copies: int) -> float:
    """The z to take against `honest`, float64 (k, d), with so many copies."""
    apart, deviation = honest - mean_of(honest), deviation_of(honest)
    # |m - z s - x_i|^2 = |x_i - m|^2 + 2 z <x_i - m, s> + z^2 |s|^2: no vector is touched inside the search.
    squares, along, length = (apart * apart).sum(axis=1), apart @ deviation, float(deviation @ deviation)
    between = np.maximum(squares[:, np.newaxis] + squares - 2 * (apart @ apart.T), 0)
    np.fill_diagonal(between, np.inf)  # an update is no neighbour of its own
    for number in range(Z_COUNT, 0, -1):
        z = number * Z_STEP
        to_copy = np.maximum(squares + 2 * z * along + z * z * length, 0)
        if _would_keep(between, to_copy, copies):
            return z
    return 0.0


def _would_keep(between: Doubles, to_copy: Doubles, copies: int) -> bool:
    """Squared distances between honest updates (k, k) and from each to a copy (k,): are all copies among the best?"""
    count = len(to_copy)
    neighbours = max(1, count - 2)
    copy_score = np.sort(np.concatenate([np.zeros(copies - 1), to_copy]))[:neighbours].sum()
    to_copies = np.broadcast_to(to_copy[:, np.newaxis], (count, copies))
    honest_scores = np.sort(np.concatenate([between, to_copies], axis=1), axis=1)[:, :neighbours].sum(axis=1)
    return int((honest_scores < copy_score).sum()) <= max(0, count - copies)

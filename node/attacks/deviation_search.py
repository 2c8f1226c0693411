"""Min-Max and Min-Sum: the honest mean, moved as far along a deviation as distances of honest updates allow.

Shejwalkar and Houmansadr, "Manipulating the Byzantine", NDSS 2021; the search is their algorithm 1 with their start
and tolerance. With m the mean, x_i the honest updates and b = m + gamma p:

    Min-Max  max_i |b - x_i|^2 <= max_ij |x_i - x_j|^2
    Min-Sum  sum_i |b - x_i|^2 <= max_i sum_j |x_i - x_j|^2

Shape legend: d = parameters, k = known updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from node.attacks.base import AttackView, FloatVector
from node.attacks.crafted import CraftedAttack
from node.attacks.vectors import Doubles, deviation_of, honest_updates, mean_of, unit

START = 10.0
TOLERANCE = 1e-5

Measure = Literal["max", "sum"]
Deviation = Literal["unit", "sign", "std"]


class DeviationSearch(CraftedAttack):
    """`min-max`, `min-sum` against the direction of the mean; with `-sign`, `-std` along these deviations instead."""

    def __init__(self, measure: Measure, deviation: Deviation = "unit") -> None:
        self.measure, self.deviation = measure, deviation
        self.name = f"min-{measure}" if deviation == "unit" else f"min-{measure}-{deviation}"

    def craft(self, update: FloatVector, view: AttackView) -> Doubles:
        """m + gamma p with the largest gamma that the search finds."""
        honest = honest_updates(update, view)
        mean, deviation = mean_of(honest), _deviation(honest, self.deviation)
        apart = honest - mean
        # |b - x_i|^2 = |x_i - m|^2 - 2 gamma <x_i - m, p> + gamma^2 |p|^2: no vector is touched inside the search.
        squares, along, length = (apart * apart).sum(axis=1), apart @ deviation, float(deviation @ deviation)
        between = np.maximum(squares[:, np.newaxis] + squares - 2 * (apart @ apart.T), 0)
        limit = float(between.max() if self.measure == "max" else between.sum(axis=1).max())

        def is_close(gamma: float) -> bool:
            distances = squares - 2 * gamma * along + gamma * gamma * length
            return float(distances.max() if self.measure == "max" else distances.sum()) <= limit

        return mean + largest_accepted(is_close) * deviation


def largest_accepted(accepts: Callable[[float], bool]) -> float:
    """The largest number up to 20 that is accepted, to 1e-5, if all smaller ones are; 0 if none was."""
    number, step, accepted = START, START, 0.0
    while step > TOLERANCE:
        step /= 2
        if accepts(number):
            accepted = number
            number += step
        else:
            number -= step
    return accepted


def _deviation(honest: Doubles, kind: Deviation) -> Doubles:
    if kind == "std":
        return -deviation_of(honest)
    mean = mean_of(honest)
    return -unit(mean) if kind == "unit" else -np.sign(mean)

"""Geometric median: the point whose distances to the updates add up to the least, by smoothed Weiszfeld steps.

Pillutla, Kakade and Harchaoui, Robust Aggregation for Federated Learning, IEEE Transactions on Signal Processing 2022,
algorithm 2 (RFA) with equal data weights: from the mean, z <- sum of b_i x_i / sum of b_i with b_i = 1 / max(nu,
|z - x_i|), a fixed number of times. Breakdown point one half.

z is always a mixture, sum of c_i x_i, so its distances need only the Gram K (`mixtures`).

Scales: K and c are Q30, distances are Q30 of the median norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights
from node.aggregation.rules.bounds import check_within
from node.aggregation.rules.mixtures import distances_q30

ITERATIONS: Final = 8
NU_Q16: Final = 66  # a thousandth of the median norm
MOST_ITERATIONS: Final = 64


def geometric_median(gram: Gram, *, iterations: int = ITERATIONS, nu_q16: int = NU_Q16) -> Weights:
    """Return b_i / sum of b_i for each of n inputs, Q16 rounded down, after `iterations` steps from the mean.

    nu_q16: the smallest distance a step divides by, in parts of the median norm.
    """
    coefficients = (Q30_ONE // len(gram),) * len(gram)
    for _ in range(iterations):
        inverses = [(1 << 60) // max(nu_q16 << 14, distance) for distance in distances_q30(gram, coefficients)]
        total = sum(inverses)
        coefficients = tuple((inverse << 30) // total for inverse in inverses)
    return tuple(coefficient >> 14 for coefficient in coefficients)


@dataclass(frozen=True)
class GeometricMedian(GramRule):
    """The geometric median with its parameters. Raises RuleError unless 1 <= iterations <= 64 and nu is in (0, 1]."""

    kind = "geometric-median"

    iterations: int = ITERATIONS
    nu_q16: int = NU_Q16

    def __post_init__(self) -> None:
        check_within("geometric-median", "iterations", self.iterations, 1, MOST_ITERATIONS)
        check_within("geometric-median", "nu_q16", self.nu_q16, 1, 1 << 16)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `geometric_median`. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return geometric_median(gram, iterations=self.iterations, nu_q16=self.nu_q16)

"""Centered clipping: a centre that moves by the mean of the updates' pulls on it, none stronger than tau.

Karimireddy, He and Jaggi, Learning from History for Byzantine Robust Optimization, ICML 2021, algorithm 2:
v <- v + mean of (x_i - v) min(1, tau / |x_i - v|), a fixed number of times.

The paper starts from the previous round's aggregate. Here v starts from zero in every round: what an aggregate was is
not in the Gram as more than a direction, and peers already use momentum. tau is in parts of the median norm, and since
every update is clipped there too, the first step with tau >= 1 is the clipped mean.

v is always a mixture v = sum of c_i x_i with c_i >= 0 and a sum of at most one. Scales: c and the pulls are Q30.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.gram import Gram
from node.aggregation.rules.base import WEIGHT_ONE, GramRule, RoundContext, Weights
from node.aggregation.rules.bounds import check_within
from node.aggregation.rules.mixtures import distances_q30

TAU_Q16: Final = WEIGHT_ONE // 2
ITERATIONS: Final = 8
MOST_ITERATIONS: Final = 64
LARGEST_TAU_Q16: Final = 1 << 20


def centered_clipping(gram: Gram, *, tau_q16: int = TAU_Q16, iterations: int = ITERATIONS) -> Weights:
    """Return c_i for each of n inputs, Q16 rounded down, after `iterations` steps from zero.

    The weights add up to less than one while the centre has not arrived: with a small tau it never takes large steps.
    """
    n = len(gram)
    coefficients: tuple[int, ...] = (0,) * n
    for _ in range(iterations):
        # tau / distance, both Q30; a distance of 0 pulls with nothing, however it is clipped.
        pulls = [min(Q30_ONE, (tau_q16 << 44) // max(1, distance)) for distance in distances_q30(gram, coefficients)]
        left = Q30_ONE - sum(pulls) // n
        coefficients = tuple((c * left >> 30) + pull // n for c, pull in zip(coefficients, pulls, strict=True))
    return tuple(coefficient >> 14 for coefficient in coefficients)


@dataclass(frozen=True)
class CenteredClipping(GramRule):
    """Centered clipping with its parameters. Raises RuleError unless 1 <= iterations <= 64 and tau is in (0, 16]."""

    kind = "centered-clipping"

    tau_q16: int = TAU_Q16
    iterations: int = ITERATIONS

    def __post_init__(self) -> None:
        check_within("centered-clipping", "tau_q16", self.tau_q16, 1, LARGEST_TAU_Q16)
        check_within("centered-clipping", "iterations", self.iterations, 1, MOST_ITERATIONS)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `centered_clipping`. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return centered_clipping(gram, tau_q16=self.tau_q16, iterations=self.iterations)

"""Median: of each coordinate the middle value.

Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, ICML 2018, definition 1. Tolerates
any f < n / 2 without being told f. With an even n it is the mean of the two middle values, halves upward.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.entries import Int64
from node.aggregation.ranks import ranked, rounded_mean, total
from node.aggregation.rules.coordinatewise import Coordinatewise


def median(values: Int64) -> Int64:
    """Median (b,) of `values` (n, b), n > 0; the mean of the two middle ones rounded halves upward."""
    middle = middle_ranks(len(values))
    rows = ranked(values, summed=middle)
    return rounded_mean(total([rows[i] for i in middle]), len(middle))


def middle_ranks(n: int) -> tuple[int, ...]:
    """The one or two middle ranks of n > 0."""
    return tuple(range((n - 1) // 2, n // 2 + 1))


@dataclass(frozen=True)
class Median(Coordinatewise):
    """The coordinate-wise median. No parameters, no bound."""

    kind = "median"

    def combine(self, values: Int64) -> Int64:
        """See `median`."""
        self.check_inputs(len(values))
        return median(values)

"""MeaMed, mean around the median: of each coordinate the mean of the n - f values nearest to the median.

Xie et al., Generalized Byzantine-tolerant SGD, arXiv 1802.10116, 2018, section 4.3. Needs 2 f < n. "Nearest" is decided
against the exact median, which with an even n lies between two values; of two equally near the smaller counts first.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.entries import Int64
from node.aggregation.ranks import mean_of_nearest, ranked
from node.aggregation.rules.coordinatewise import AgainstMinority
from node.aggregation.rules.median import middle_ranks


def mean_around_median(values: Int64, *, kept: int) -> Int64:
    """Mean (b,) of the `kept` of `values` (n, b) nearest to their median, rounded to the nearest, halves upward."""
    n = len(values)
    middle = middle_ranks(n)
    rows = ranked(values, exact=[*range(n - kept), *middle, *range(kept, n)], summed=range(n - kept, kept))
    return mean_of_nearest(rows, rows[middle[0]] + rows[middle[-1]], kept)


@dataclass(frozen=True)
class Meamed(AgainstMinority):
    """The coordinate-wise mean around the median against at most f dishonest inputs."""

    kind = "meamed"

    def combine(self, values: Int64) -> Int64:
        """See `mean_around_median`, with n - f kept. Raises RuleError unless n >= 2 f + 1."""
        self.check_inputs(len(values))
        return mean_around_median(values, kept=len(values) - self.f)

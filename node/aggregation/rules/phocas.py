"""Phocas: of each coordinate the mean of the n - f values nearest to the trimmed mean.

Xie et al., Phocas: dimensional Byzantine-resilient stochastic gradient descent, arXiv 1805.09682, 2018, definition 8.
Needs 2 f < n. "Nearest" is decided against the exact trimmed mean, before any rounding; of two equally near the smaller
counts first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from node.aggregation.entries import Int64
from node.aggregation.ranks import mean_of_nearest, ranked, total
from node.aggregation.rules.coordinatewise import AgainstMinority


def mean_around_trimmed_mean(values: Int64, *, f: int) -> Int64:
    """Mean (b,) of the n - f of `values` (n, b) nearest to their trimmed mean S / m, rounded as usual.

    For an integer y, y < 2 S / m says the same as y < ceil(2 S / m), which is the doubled centre that is compared with.
    """
    n = len(values)
    rows = ranked(values, exact=[*range(f), *range(n - f, n)], summed=range(f, n - f))
    doubled = total(rows[f : n - f])
    doubled *= -2
    doubled //= n - 2 * f
    return mean_of_nearest(rows, np.negative(doubled, out=doubled), n - f)


@dataclass(frozen=True)
class Phocas(AgainstMinority):
    """Phocas against at most f dishonest inputs."""

    kind = "phocas"

    def combine(self, values: Int64) -> Int64:
        """See `mean_around_trimmed_mean`. Raises RuleError unless n >= 2 f + 1."""
        self.check_inputs(len(values))
        return mean_around_trimmed_mean(values, f=self.f)

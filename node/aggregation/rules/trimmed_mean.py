"""Trimmed mean: of each coordinate the mean without the f smallest and the f largest values.

Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, ICML 2018, definition 2, with
beta = f / n. Needs 2 f < n.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.entries import Int64
from node.aggregation.ranks import ranked, rounded_mean, total
from node.aggregation.rules.coordinatewise import AgainstMinority


def trimmed_mean(values: Int64, *, f: int) -> Int64:
    """Mean (b,) of the n - 2 f middle values of `values` (n, b), rounded to the nearest, halves upward."""
    kept = range(f, len(values) - f)
    rows = ranked(values, summed=kept)
    return rounded_mean(total([rows[i] for i in kept]), len(kept))


@dataclass(frozen=True)
class TrimmedMean(AgainstMinority):
    """The coordinate-wise trimmed mean against at most f dishonest inputs."""

    kind = "trimmed-mean"

    def combine(self, values: Int64) -> Int64:
        """See `trimmed_mean`. Raises RuleError unless n >= 2 f + 1."""
        self.check_inputs(len(values))
        return trimmed_mean(values, f=self.f)

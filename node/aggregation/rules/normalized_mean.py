"""Normalised mean: the mean of directions. Every update is brought to the median's length, short ones are lifted to it.

The control that normalising rules are compared with: the Flag Aggregator with one iteration equals it to four digits.
It bounds what a long update does as the clipped mean does, and pays for it: whoever sends almost nothing is lifted to a
full vote. f equal opponents of the honest mean reverse it from f >= (n - f) * rho on, rho the mean cosine of an honest
update to the honest mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.aggregation.gram import Gram
from node.aggregation.rules.base import WEIGHT_ONE, GramRule, RoundContext, Weights

# An update is lifted at most a thousandfold: below that its Q16 length has fewer than six bits, and its values are
# mostly the grid's rounding. It also keeps every weight below 2^26.
LARGEST_LIFT: Final = 1 << 10


def normalized_mean(gram: Gram) -> Weights:
    """Return 2^16 / n / norm for each of n inputs, rounded down.

    An update shorter than 2^-10 of the median is lifted 2^10 times and stays shorter than the others; one shorter than
    2^-16, whose length is 0 in Q16, has no weight.
    """
    shortest = WEIGHT_ONE // LARGEST_LIFT
    whole = WEIGHT_ONE * WEIGHT_ONE // len(gram)
    return tuple(0 if norm == 0 else whole // max(norm, shortest) for norm in gram.norms_q16)


@dataclass(frozen=True)
class NormalizedMean(GramRule):
    """Equal votes for all directions. No parameters, no bound."""

    kind = "normalized-mean"

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `normalized_mean`. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return normalized_mean(gram)

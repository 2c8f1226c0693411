"""Krum: the one update that lies closest to its neighbours.

Blanchard et al., Machine Learning with Adversaries, NeurIPS 2017, section 4: an update's score is the sum of the
squared distances to its n - f - 2 nearest neighbours; the smallest score wins. Proven for n >= 2 f + 3.

As published, apart from the norm clip at the median that every rule sees. On sparse messages the shortest update wins,
see `multi_krum`, which compares directions instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound


def krum(gram: Gram, *, f: int) -> Weights:
    """Return 2^16 for the best of n inputs and 0 for the others. Ties go to the lower index."""
    neighbours = len(gram) - f - 2
    scores = [
        sum(sorted(distance for j, distance in enumerate(row) if j != i)[:neighbours])
        for i, row in enumerate(gram.squared_distances_q30)
    ]
    return equal_weights(len(gram), frozenset([scores.index(min(scores))]))


@dataclass(frozen=True)
class Krum(BoundedRule):
    """Krum against at most f >= 0 dishonest inputs."""

    kind = "krum"
    bound = Bound(2, 3)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `krum`. Raises RuleError unless n >= 2 f + 3."""
        self.check_inputs(len(gram))
        return krum(gram, f=self.f)

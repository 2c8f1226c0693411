"""Krum: the one update that lies closest to its neighbours.

Blanchard et al., Machine Learning with Adversaries, NeurIPS 2017, section 4: an update's score is the sum of the
squared distances to its n - f - 2 nearest neighbours; the smallest score wins. Proven for n >= 2 f + 3.

As published, apart from the norm clip at the median that every rule sees. On sparse messages the shortest update wins,
see `multi_krum`, which compares directions instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound
from node.aggregation.rules.names import canonical_name

BOUND = Bound(2, 3)


def krum(gram: Gram, *, f: int) -> Weights:
    """Return 2^16 for the best of n inputs and 0 for the others. Ties go to the lower index."""
    neighbours = len(gram) - f - 2
    scores = [
        sum(sorted(distance for j, distance in enumerate(row) if j != i)[:neighbours])
        for i, row in enumerate(gram.squared_distances_q30)
    ]
    return equal_weights(len(gram), frozenset([scores.index(min(scores))]))


@dataclass(frozen=True)
class Krum(GramRule):
    """Krum against at most f >= 0 dishonest inputs."""

    f: int

    @property
    def name(self) -> str:
        """Canonical name."""
        return canonical_name("krum", self)

    @property
    def fewest_inputs(self) -> int:
        """The bound of the paper, 2 f + 3: below it there is no proof, and at 2 f + 1 accomplices make up a score."""
        return BOUND.fewest(self.f)

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless n >= 2 f + 3."""
        BOUND.check_seats(self.name, self.f, seats)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `krum`. Raises RuleError unless n >= 2 f + 3."""
        BOUND.check_inputs(self.name, self.f, len(gram))
        return krum(gram, f=self.f)

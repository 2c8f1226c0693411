"""Bulyan: pick with Krum, one after the other; then, of each coordinate, the mean of what lies nearest to the median.

El Mhamdi et al., The Hidden Vulnerability of Distributed Learning in Byzantium, ICML 2018, section 4: theta = n - 2 f
updates are picked, each the Krum winner of those not picked yet, scored anew; then of each coordinate the theta - 2 f
picked values nearest to their median are averaged. Needs n >= 4 f + 3.

Krum's distances are those between the updates as clipped (see `krum`). Its score takes m - f - 2 of the m updates left.
The last picks have fewer left than the 2 f + 3 that Krum is proven for; the score then takes m - f - 1, one more than
f - 1 accomplices can make up among themselves (see `multi_krum`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from node.aggregation.entries import Int64
from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights, identity
from node.aggregation.rules.bounds import Bound
from node.aggregation.rules.meamed import mean_around_median


def picked(gram: Gram, *, f: int) -> tuple[int, ...]:
    """The theta = n - 2 f picks in ascending order. Ties go to the lower index."""
    distances = gram.squared_distances_q30
    n = len(gram)
    nearest = [sorted((distances[i][j], j) for j in range(n) if j != i) for i in range(n)]
    left = set(range(n))
    for m in range(n, 2 * f, -1):
        neighbours = m - f - 2 if m >= 2 * f + 3 else m - f - 1
        scores = {i: sum(islice((far for far, j in nearest[i] if j in left), neighbours)) for i in left}
        left.remove(min(left, key=lambda i: (scores[i], i)))
    return tuple(i for i in range(n) if i not in left)


@dataclass(frozen=True)
class Bulyan(BoundedRule):
    """Bulyan of Krum against at most f dishonest inputs."""

    kind = "bulyan"
    bound = Bound(4, 3)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """Return 2^16 // (n - 2 f) for each pick. Raises RuleError unless n >= 4 f + 3."""
        self.check_inputs(len(gram))
        return equal_weights(len(gram), frozenset(picked(gram, f=self.f)))

    def mixing(self, gram: Gram, context: RoundContext) -> Matrix:
        """Return one row a pick, which takes it as it is. Raises RuleError unless n >= 4 f + 3."""
        self.check_inputs(len(gram))
        rows = identity(len(gram))
        return tuple(rows[i] for i in picked(gram, f=self.f))

    def combine(self, values: Int64) -> Int64:
        """Mean (b,) of the theta - 2 f of `values` (theta, b) nearest to their median, rounded halves upward.

        Raises RuleError unless theta >= 2 f + 3.
        """
        self.check_inputs(len(values) + 2 * self.f)
        return mean_around_median(values, kept=len(values) - 2 * self.f)

"""Multi-Krum: average the updates that lie closest to their neighbours.

Blanchard et al., Machine Learning with Adversaries, NeurIPS 2017, section 4: an update's score is the sum of its
distances to its n - f - 2 nearest neighbours; the `keep` best scores are averaged; proven for n >= 2 f + 3.

Distances are taken between unit vectors, |x - y|^2 = 2 - 2 cos, in Q30 integers. On raw vectors a short update is near
everything: sparse honest updates are almost orthogonal, so the origin is closer to each of them than they are to one
another, and a tiny update would always win.

`skip` is our addition: the nearest `skip` neighbours are left out of a score. Honest sparse messages overlap little and
accomplices look alike, so two flipped data sets vouch for one another and beat honest updates late in training. With
skip >= f - 1 every accomplice still counted is at least as far away as an honest update that was skipped, so no score
is better than one made of honest neighbours alone. skip = 0 is the rule as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.gram import Gram
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound, check_inputs
from node.errors import RuleError

PROVEN: Final = Bound(2, 3)
HONEST_MAJORITY: Final = Bound(2, 1)


def multi_krum(gram: Gram, *, f: int, keep: int | None = None, skip: int = 0) -> Weights:
    """Return 2^16 // keep for the `keep` best of n inputs and 0 for the others. Ties go to the lower index.

    f: upper bound on dishonest inputs. keep: how many are averaged, default n - f - 2, never more than n - f.
    skip: nearest neighbours that do not count; at least one neighbour always does.

    The proof needs n >= 2 f + 3. Down to an honest majority (n >= 2 f + 1, when honest seats are missing) the score
    takes one more neighbour, n - f - 1: all the honest ones an honest update has, and one more than f - 1 accomplices,
    so no coalition can make up a whole score among itself. Then there is no proof, only that. Below, RuleError.
    """
    n = len(gram)
    check_inputs(f"multi-krum with f = {f}", n, HONEST_MAJORITY.fewest(f))
    neighbours = n - f - 2 if n >= PROVEN.fewest(f) else n - f - 1
    kept = min(n - f, max(1, n - f - 2) if keep is None else keep)
    skipped = max(0, min(skip, neighbours - 1))
    scores = [_score(gram, i, skipped, neighbours) for i in range(n)]
    best = sorted(range(n), key=lambda i: (scores[i], i))[:kept]
    return equal_weights(n, frozenset(best))


@dataclass(frozen=True)
class MultiKrum(BoundedRule):
    """Multi-Krum with its parameters. Raises RuleError for parameters that no n can satisfy."""

    kind = "multi-krum"
    bound = PROVEN

    keep: int | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep is not None and self.keep < 1:
            raise RuleError(f"multi-krum: keep = {self.keep} must be at least 1")
        if not 0 <= self.skip <= self.f:
            raise RuleError(f"multi-krum: skip = {self.skip} must be between 0 and f = {self.f}")

    @property
    def fewest_inputs(self) -> int:
        """An honest majority, 2 f + 1."""
        return HONEST_MAJORITY.fewest(self.f)

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless n >= 2 f + 3 and keep <= n - f."""
        super().check_seats(seats)
        if self.keep is not None and self.keep > seats - self.f:
            raise RuleError(f"{self.name} keeps {self.keep}, but of {seats} seats only {seats - self.f} are honest")

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `multi_krum`."""
        return multi_krum(gram, f=self.f, keep=self.keep, skip=self.skip)


def _score(gram: Gram, i: int, skipped: int, neighbours: int) -> int:
    """Sum of squared distances (halved, Q30) to the nearest neighbours number `skipped` to `neighbours`."""
    distances = sorted(Q30_ONE - cosine for j, cosine in enumerate(gram.cosines_q30[i]) if j != i)
    return sum(distances[skipped:neighbours])

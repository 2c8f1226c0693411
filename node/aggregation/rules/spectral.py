"""Spectral filter: leave out the updates that stand out along the direction in which all of them differ most.

Shejwalkar and Houmansadr, Manipulating the Byzantine: Optimizing Model Poisoning Attacks and Defenses for Federated
Learning, NDSS 2021, algorithm 2 (divide and conquer, DnC): centre the updates, take the top singular vector v, and drop
the c f with the largest squared projections <x_i - mean, v>^2. Needs 2 f < n.

The paper projects a random subset of coordinates, several times, and keeps who was never dropped: a subset fits in
memory, and its draw is hidden from the attacker. The Gram has all coordinates at no more cost, exactly, and a draw that
every peer can repeat hides nothing. Without it repetitions would agree, so `iterations` here means steps: each drops
its share of the whole number and looks again at what is left, so that accomplices who hid behind the first are seen.

Centring takes the Gram only, in integers: n^2 <x_i - mean, x_j - mean> = n^2 K_ij - n (R_i + R_j) + T with row sums R
and their sum T. The eigenvector a of that has <x_i - mean, v>^2 = lambda a_i^2. Shape legend: n = updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from node.aggregation.gram import Gram
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound, check_within
from node.aggregation.symmetric_eigen import symmetric_eigen
from node.errors import RuleError


def spectral(gram: Gram, *, f: int, iterations: int = 1, drop: int | None = None) -> Weights:
    """Return 2^16 // (n - drop) for those left of n inputs and 0 for the `drop` (default f) that stand out.

    Step k of `iterations` drops until drop * k // iterations are gone. Ties keep the lower index.
    """
    dropped = f if drop is None else drop
    kept = list(range(len(gram)))
    for step in range(1, iterations + 1):
        left = len(gram) - dropped * step // iterations
        if left < len(kept):
            scores = outlying_q30(gram, kept)
            kept = sorted(i for _, i in sorted(zip(scores, kept, strict=True))[:left])
    return equal_weights(len(gram), frozenset(kept))


def outlying_q30(gram: Gram, members: Sequence[int]) -> tuple[int, ...]:
    """Squared projections (m,) of the `members` (m,) on their top direction, in squared median norms, Q30 nearest.

    All zero where the members do not differ.
    """
    m = len(members)
    products = [[gram.products_q30[i][j] for j in members] for i in members]
    sums = [sum(row) for row in products]
    total = sum(sums)
    centred = [
        [m * m * k - m * (sums[i] + sums[j]) + total for j, k in enumerate(row)] for i, row in enumerate(products)
    ]
    # Below 2^53 up to a thousand members, so nothing is rounded on the way into float64.
    values, vectors = symmetric_eigen(np.array(centred, dtype=np.float64))
    top = vectors[:, 0]
    squares = np.rint(max(0.0, float(values[0])) * (top * top) / (m * m))
    return tuple(int(square) for square in squares.tolist())


@dataclass(frozen=True)
class Spectral(BoundedRule):
    """The spectral filter against at most f dishonest inputs. Raises RuleError for parameters that no n can satisfy."""

    kind = "spectral"
    bound = Bound(2, 1)

    iterations: int = 1
    drop: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.drop is not None and self.drop < 1:
            raise RuleError(f"spectral: drop = {self.drop} must be at least 1")
        check_within("spectral", "iterations", self.iterations, 1, max(1, self._dropped))

    @property
    def fewest_inputs(self) -> int:
        """An honest majority, 2 f + 1, and f + 1 of those that are kept."""
        return self.f + max(self.f, self._dropped) + 1

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless n >= 2 f + 1 and n - drop >= f + 1."""
        super().check_seats(seats)
        if seats < self.fewest_inputs:
            raise RuleError(
                f"{self.name} must keep f + 1 = {self.f + 1} after it has dropped {self._dropped}, got {seats} seats"
            )

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `spectral`. Raises RuleError below `fewest_inputs`."""
        self.check_inputs(len(gram))
        return spectral(gram, f=self.f, iterations=self.iterations, drop=self.drop)

    @property
    def _dropped(self) -> int:
        return self.f if self.drop is None else self.drop

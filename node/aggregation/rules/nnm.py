"""Nearest-neighbour mixing: every update becomes the mean of itself and its nearest neighbours.

Allouah et al., Fixing by Mixing: A Recipe for Optimal Byzantine ML under Heterogeneity, AISTATS 2023, algorithm 2: each
of n updates is replaced by the mean of its n - f nearest, itself included. Needs 2 f < n.

K' = W K W^T is the Gram of the mixtures, so no mixture is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.gram import Gram, Matrix
from node.aggregation.rules.base import Mixture, RoundContext, equal_weights
from node.aggregation.rules.bounds import Bound, check_inputs
from node.aggregation.rules.mixtures import with_mixed_histories
from node.aggregation.rules.names import canonical_name

BOUND = Bound(2, 1)


def nearest_neighbours(gram: Gram, *, f: int) -> Matrix:
    """Q16 rows (n, n): 2^16 // (n - f) for the n - f updates nearest to update i, which is always one of them.

    Ties go to the lower index.
    """
    n = len(gram)
    rows = []
    for i, distances in enumerate(gram.squared_distances_q30):
        order = sorted(range(n), key=lambda j: (j != i, distances[j], j))
        rows.append(equal_weights(n, frozenset(order[: n - f])))
    return tuple(rows)


@dataclass(frozen=True)
class Nnm:
    """Nearest-neighbour mixing against at most f dishonest inputs."""

    f: int

    needs_history = False

    @property
    def name(self) -> str:
        """Canonical name."""
        return canonical_name("nnm", self)

    def inputs_after(self, inputs: int) -> int:
        """One mixture an update."""
        return inputs

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless n >= 2 f + 1."""
        BOUND.check_seats(self.name, self.f, seats)

    def apply(self, gram: Gram, context: RoundContext) -> Mixture:
        """See `nearest_neighbours`. Histories are mixed alike. Raises RuleError unless 2 f < n."""
        check_inputs(self.name, len(gram), BOUND.fewest(self.f))
        matrix = nearest_neighbours(gram, f=self.f)
        return Mixture(gram.mixed(matrix), with_mixed_histories(context, matrix), matrix)

"""Minimum-diameter averaging: the mean of the n - f updates whose farthest two are nearest to each other.

Rousseeuw, Multivariate Estimation with High Breakdown Point, 1985; El Mhamdi, Guerraoui and Rouault, The Hidden
Vulnerability of Distributed Learning in Byzantium, ICML 2018 ("brute"). Needs n >= 2 f + 1.

Exact without trying C(n, f) subsets: a subset has a diameter of at most D iff the f updates left out touch every pair
farther apart than D, that is, iff they are a vertex cover of the graph of those pairs. Covers of at most f vertices are
found by branching on a vertex of largest degree (leave it out, or leave out all its neighbours), in less than 1.47^f
steps of n operations on bit masks; D by bisection over the distances there are. f is held at most 32: there one
diameter takes tens of milliseconds even in the hardest graphs tried, where every update has four opponents.

Shape legend: n = updates. Sets of updates are bit masks, bit i for update i.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from node.aggregation.gram import Gram
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound, check_within

LARGEST_F: Final = 32


def mda(gram: Gram, *, f: int) -> Weights:
    """Return 2^16 // (n - f) for the n - f chosen of n inputs and 0 for the others.

    Several subsets often share the smallest diameter, that of a pair they all contain. Then updates are taken one by
    one as long as such a subset contains them all, those with the smallest sum of squared distances to their n - f
    nearest (themselves included) first, ties to the lower index. So the order of the updates does not decide.
    """
    distances = gram.squared_distances_q30
    everybody = (1 << len(gram)) - 1
    diameters = sorted({0}.union(*(row[:i] for i, row in enumerate(distances))))
    spread = [sum(sorted(row)[: len(gram) - f]) for row in distances]
    order = sorted(range(len(gram)), key=lambda i: (spread[i], i))
    # Coverable from some diameter on: bisect_left finds the first True.
    place = bisect_left(
        diameters, True, key=lambda diameter: _is_coverable(_too_far(distances, diameter), everybody, f)
    )
    return equal_weights(len(gram), _first_subset(_too_far(distances, diameters[place]), order, f))


@dataclass(frozen=True)
class Mda(BoundedRule):
    """Minimum-diameter averaging against at most f dishonest inputs. Raises RuleError if f is above 32."""

    kind = "mda"
    bound = Bound(2, 1)

    def __post_init__(self) -> None:
        check_within("mda", "f", self.f, 0, LARGEST_F)

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `mda`. Raises RuleError unless n >= 2 f + 1."""
        self.check_inputs(len(gram))
        return mda(gram, f=self.f)


def _too_far(distances: Sequence[Sequence[int]], diameter: int) -> list[int]:
    """For each update, the set of those farther away than `diameter`."""
    return [sum(1 << j for j, distance in enumerate(row) if distance > diameter) for row in distances]


def _first_subset(conflicts: Sequence[int], order: Sequence[int], f: int) -> frozenset[int]:
    """The first n - f updates in `order` without a conflict, lexicographically; there must be some."""
    alive, budget = (1 << len(conflicts)) - 1, f
    kept: list[int] = []
    for i in order:
        if not alive >> i & 1:
            continue
        alive &= ~(1 << i)
        opposed = conflicts[i] & alive
        if len(kept) < len(conflicts) - f and _is_coverable(conflicts, alive & ~opposed, budget - opposed.bit_count()):
            kept.append(i)
            alive &= ~opposed
            budget -= opposed.bit_count()
        else:
            budget -= 1
    return frozenset(kept)


def _is_coverable(conflicts: Sequence[int], alive: int, budget: int) -> bool:
    """Whether taking at most `budget` updates away from the set `alive` leaves no conflict in it."""
    if budget < 0:
        return False
    degree_sum, largest, branching = 0, 0, 0
    for i in _members(alive):
        degree = (conflicts[i] & alive).bit_count()
        if degree == 1:  # taking its only opponent away is never worse than taking it away
            return _is_coverable(conflicts, alive & ~(1 << i) & ~conflicts[i], budget - 1)
        degree_sum += degree
        if degree > largest:
            largest, branching = degree, i
    if degree_sum > 2 * budget * largest:  # no `budget` updates have so many conflicts
        return False
    if largest == 0:
        return True
    without = alive & ~(1 << branching)
    return _is_coverable(conflicts, without, budget - 1) or _is_coverable(
        conflicts, without & ~conflicts[branching], budget - largest
    )


def _members(members: int) -> Iterator[int]:
    """Indices of a set, ascending."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest

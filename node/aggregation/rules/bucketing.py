"""Bucketing: shuffle the updates and hand on the means of so many at a time.

Karimireddy, He and Jaggi, Byzantine-Robust Learning on Heterogeneous Datasets via Bucketing, ICLR 2022, algorithm 1
(s-bucketing): means are less unlike than updates are. f dishonest updates spoil at most f buckets, so the rule behind
keeps its f, and n / size must be within its bound.

The shuffle sorts seats by sha256(domain, round seed, seat): uniform for whoever does not know the seed beforehand, the
same for all peers, and a seat that stays away moves the others no more than up by one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from node.aggregation.gram import Gram
from node.aggregation.rules.base import Mixture, RoundContext, equal_weights
from node.aggregation.rules.bounds import check_inputs, check_within
from node.aggregation.rules.mixtures import with_mixed_histories
from node.aggregation.rules.names import canonical_name

DOMAIN: Final = b"swarmproof bucketing"
LARGEST_SIZE: Final = 128


def buckets(seats: Sequence[int], seed: bytes, *, size: int) -> list[list[int]]:
    """Indices of `seats` (distinct) in random buckets of `size`; the last one may hold fewer."""
    order = sorted(range(len(seats)), key=lambda i: _draw(seed, seats[i]))
    return [order[start : start + size] for start in range(0, len(order), size)]


@dataclass(frozen=True)
class Bucketing:
    """Bucketing by `size`. Raises RuleError unless 2 <= size <= 128."""

    size: int

    needs_history = False

    def __post_init__(self) -> None:
        check_within("bucketing", "size", self.size, 2, LARGEST_SIZE)

    @property
    def name(self) -> str:
        """Canonical name."""
        return canonical_name("bucketing", self)

    def inputs_after(self, inputs: int) -> int:
        """One mean a bucket, the last bucket too: n / size rounded up."""
        return -(-inputs // self.size)

    def check_seats(self, seats: int) -> None:
        """Any number: the rule behind says how many buckets it needs."""

    def apply(self, gram: Gram, context: RoundContext) -> Mixture:
        """Rows of 2^16 // (what the bucket holds).

        A bucket goes by its lowest seat and by the youngest of its histories, which are mixed alike. Raises RuleError
        if n = 0.
        """
        n = len(gram)
        check_inputs(self.name, n)
        members = buckets(context.seats, context.seed, size=self.size)
        matrix = tuple(equal_weights(n, frozenset(bucket)) for bucket in members)
        mixed = replace(
            with_mixed_histories(context, matrix),
            seats=tuple(min(context.seats[i] for i in bucket) for bucket in members),
            ages=tuple(min(context.ages[i] for i in bucket) for bucket in members) if context.ages else (),
        )
        return Mixture(gram.mixed(matrix), mixed, matrix)


def _draw(seed: bytes, seat: int) -> bytes:
    return sha256(DOMAIN + seed + seat.to_bytes(8, "big")).digest()

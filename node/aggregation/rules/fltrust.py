"""FLTrust: one seat is trusted, and others count as far as they point the way it does.

Cao, Fang, Liu and Gong, FLTrust: Byzantine-robust Federated Learning via Trust Bootstrapping, NDSS 2021, equations 2
to 4: with g_0 the update of whoever holds clean data, TS_i = max(0, cos(g_i, g_0)) and the answer is the sum of
TS_i |g_0| / |g_i| g_i, divided by the sum of the TS_i.

In the paper the server only judges. Here the trusted seat is one of the seats: its own update counts as well, with
trust 1, so there is always something to divide by. It withstands any number of dishonest others, and nothing at all if
the trusted seat is dishonest: `seat` names whom the owner trusts, and the name is on the chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram
from node.aggregation.rules.base import GramRule, RoundContext, Weights
from node.aggregation.rules.bounds import check_any_seats
from node.aggregation.rules.normalized_mean import LARGEST_LIFT
from node.errors import RuleError


def fltrust(gram: Gram, trusted: int) -> Weights:
    """Return TS_i |g_0| / |g_i| / sum of TS for each of n inputs, Q16 rounded down, g_0 being input `trusted`.

    Norms are clipped at the median, also that of g_0. As in the normalised mean an update is lifted 2^10 times at most,
    and has no weight if its norm reads 0; if that of g_0 does, or if g_0 has no direction, as a history of nothing has
    none, nobody has.
    """
    trust = [max(0, cosine) for cosine in gram.cosines_q30[trusted]]
    length, total, shortest = gram.norms_q16[trusted], sum(trust), Q16_ONE // LARGEST_LIFT
    if total == 0:
        return (0,) * len(gram)
    return tuple(
        0 if norm == 0 or length == 0 else (t * length << 16) // (total * max(norm, shortest))
        for t, norm in zip(trust, gram.norms_q16, strict=True)
    )


@dataclass(frozen=True)
class FlTrust(GramRule):
    """FLTrust with the number of the trusted seat, counted from 1. Raises RuleError for seat 0."""

    kind = "fltrust"

    seat: int

    def __post_init__(self) -> None:
        if self.seat < 1:
            raise RuleError(f"fltrust: seat = {self.seat}, but seats count from 1")

    def check_seats(self, seats: int) -> None:
        """Raise RuleError unless the trusted seat is one of the seats."""
        check_any_seats(self.name, seats)
        if self.seat > seats:
            raise RuleError(f"{self.name} trusts seat {self.seat}, got {seats} seats")

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `fltrust`; all zero when the trusted seat's update is missing, so that the round keeps its state.

        Raises RuleError if n = 0.
        """
        self.check_inputs(len(gram))
        if self.seat not in context.seats:
            return (0,) * len(gram)
        return fltrust(gram, context.seats.index(self.seat))

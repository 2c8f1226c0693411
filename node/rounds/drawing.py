"""Whose word counts when the inputs of a round are agreed on, and how much. Pure.

Where all attest, everybody's stake in the round's snapshot. Where some are drawn, theirs: as long as too few have come
the bound doubles with each quarter of their window, as in the contract, and a quorum is counted of those who came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contracts.sortition import ATTESTER, is_drawn, quarter_of
from contracts.values import Address
from node.rounds.history import RoundHistory, SwarmHistory


@dataclass(frozen=True)
class Electorate:
    """Stake in wei by account, and the `total` that a quorum has more than two thirds of."""

    weights: Mapping[Address, int]
    total: int


def electorate(history: SwarmHistory, round_: RoundHistory, spoke: Collection[Address], *, now: int) -> Electorate:
    """Who agrees on the inputs of a round at chain time `now`; `spoke`: accounts that sent a have-list."""
    if not history.attesters_per_round:
        return Electorate(history.attesters(round_.number), round_.stake_snapshot_wei)
    weights: dict[Address, int] = {}
    for seat in drawn_attesters(history, round_, now=now):
        owner = history.seats[seat].owner
        weights[owner] = weights.get(owner, 0) + history.seat_stake_wei
    came = sum(weight for account, weight in weights.items() if account in spoke)
    return Electorate(weights, history.drawn_total_wei(round_, came))


def drawn_attesters(history: SwarmHistory, round_: RoundHistory, *, now: int) -> tuple[int, ...]:
    """Seats that may attest at chain time `now`, in seat order."""
    seats = history.active_seats(round_.epoch)
    want = history.attesters_per_round
    joined = sum(item.seats for item in round_.commitments.values())
    quarter = quarter_of(round_.availability_end, round_.attest_start, now) if joined < want else 0
    return tuple(
        seat.number
        for seat in seats
        if seat.owner in round_.commitments
        or is_drawn(round_.seed, ATTESTER, seat.number, seats=len(seats), want=want, doublings=quarter)
    )


def supporters(history: SwarmHistory, round_: RoundHistory) -> Electorate:
    """Whose signatures accept a result: everybody's, or theirs who committed to it."""
    if not round_.attester_commits:
        return Electorate(history.attesters(round_.number), round_.stake_snapshot_wei)
    weights = {account: item.seats * history.seat_stake_wei for account, item in round_.commitments.items()}
    return Electorate(weights, history.quorum_total_wei(round_))

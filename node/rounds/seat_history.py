"""Seats as they came and went, folded from the events of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from contracts.events import SeatsStaked, SeatsUnstaked, UnstakeBegun
from contracts.values import Address
from node.rounds.round_history import require


@dataclass(frozen=True)
class Seat:
    """One fixed stake. Counts in epochs [active_epoch, inactive_epoch); None = nobody has begun to take it out."""

    number: int
    owner: Address
    active_epoch: int
    inactive_epoch: int | None = None
    withdrawn: bool = False

    def active_at(self, epoch: int) -> bool:
        """Whether the seat counts in `epoch`."""
        return self.active_epoch <= epoch and (self.inactive_epoch is None or epoch < self.inactive_epoch)


def fold_seats(seats: Mapping[int, Seat], event: SeatsStaked | UnstakeBegun | SeatsUnstaked) -> Mapping[int, Seat]:
    """The seats after `event`. HistoryError when the registry could not have emitted it now."""
    if isinstance(event, SeatsStaked):
        require(event.first_seat == len(seats) + 1, event, first_seat=event.first_seat, seats=len(seats))
        numbers = range(event.first_seat, event.first_seat + event.count)
        return MappingProxyType({**seats, **{n: Seat(n, event.owner, event.active_epoch) for n in numbers}})
    changed = dict(seats)
    for number in event.seat_ids:
        seat = seats.get(number)
        require(seat is not None and seat.owner == event.owner and not seat.withdrawn, event, seat=number)
        leaving = isinstance(event, UnstakeBegun)
        require((seats[number].inactive_epoch is None) == leaving, event, seat=seats[number])
        changed[number] = (
            replace(seats[number], inactive_epoch=event.inactive_epoch)
            if isinstance(event, UnstakeBegun)
            else replace(seats[number], withdrawn=True)
        )
    return MappingProxyType(changed)

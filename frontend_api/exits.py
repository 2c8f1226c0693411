"""Seats on their way out: what is due for each of an account's, from the events of their registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from contracts.events import Event, SeatSlashed, SeatsStaked, SeatsUnstaked, UnstakeBegun
from contracts.values import Address
from frontend_api.errors import NothingStaked, SeatOfAnother, StillThawing
from node.rounds.seat_history import Seat, fold_seats


class Step(StrEnum):
    """What an owner can do with a seat next, as it is told once it was done."""

    BEGIN = "begun"
    WAIT = "waits"
    PAY = "paid"


@dataclass(frozen=True)
class SeatsOfRegistry:
    """Every seat of a registry, and how much stake each lost, in wei. Times are seconds of chain time."""

    epoch_seconds: int
    thaw_seconds: int
    seats: Mapping[int, Seat] = field(default_factory=lambda: MappingProxyType({}))
    slashed_wei: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def after(self, events: Iterable[Event]) -> SeatsOfRegistry:
        """The same after further events of the registry, in chain order. HistoryError where some are missing."""
        seats, slashed = self.seats, dict(self.slashed_wei)
        for event in events:
            if isinstance(event, SeatsStaked | UnstakeBegun | SeatsUnstaked):
                seats = fold_seats(seats, event)
            elif isinstance(event, SeatSlashed):
                slashed[event.seat] = event.slashed
        return replace(self, seats=seats, slashed_wei=MappingProxyType(slashed))

    def staked_by(self, account: Address, named: Sequence[int] | None) -> list[Seat]:
        """Seats of the account that were not paid back, by number: those named, else all.

        Raises SeatOfAnother, and NothingStaked where none is left.
        """
        for number in named or ():
            owner = self.seats[number].owner if number in self.seats else None
            if owner != account:
                raise SeatOfAnother(number, account, owner)
        own = [number for number, seat in self.seats.items() if seat.owner == account]
        chosen = sorted(own if named is None else set(named))
        staked = [self.seats[number] for number in chosen if not self.seats[number].withdrawn]
        if not staked:
            raise NothingStaked(account, chosen)
        return staked

    def epoch_at(self, time: int) -> int:
        """The epoch of a chain time."""
        return time // self.epoch_seconds

    def thaw_end(self, seat: Seat) -> int | None:
        """From when on its stake can be paid back; None while its exit was not begun."""
        return None if seat.inactive_epoch is None else seat.inactive_epoch * self.epoch_seconds + self.thaw_seconds

    def steps(self, seats: Iterable[Seat], now: int) -> dict[int, Step]:
        """What to do with each seat at a chain time. Raises StillThawing where all wait."""
        steps = {seat.number: self._step(seat, now) for seat in seats}
        if set(steps.values()) == {Step.WAIT}:
            ends = {number: self.thaw_end(self.seats[number]) or 0 for number in steps}
            first = min(ends.values())
            raise StillThawing([seat for seat, end in ends.items() if end == first], first, self.epoch_at(first), now)
        return steps

    def _step(self, seat: Seat, now: int) -> Step:
        end = self.thaw_end(seat)
        if end is None:
            return Step.BEGIN
        return Step.WAIT if now < end else Step.PAY

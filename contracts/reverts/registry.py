"""Custom errors of PeerRegistry: seats and stake."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address


class RegistryReverted(TypedRevert):
    """PeerRegistry refused."""


@dataclass(eq=False)
class Registry_BadParameter(RegistryReverted):
    """The registry was deployed with a parameter that cannot be."""

    sentence = "the registry cannot be deployed with this {name}"
    name: str


@dataclass(eq=False)
class Registry_NoSeatsNamed(RegistryReverted):
    """Zero seats cannot be staked, left or paid back."""

    sentence = "no seats were named"


@dataclass(eq=False)
class Registry_InexactTransfer(RegistryReverted):
    """The token kept a part of what it moved."""

    sentence = "the token moved {received} instead of {expected}"
    expected: int
    received: int


@dataclass(eq=False)
class Registry_NotSeatOwner(RegistryReverted):
    """Somebody else's seat, or one whose stake was paid back."""

    sentence = "seat {seat} belongs to {owner}, not to {account}"
    seat: int
    account: Address
    owner: Address


@dataclass(eq=False)
class Registry_AlreadyLeaving(RegistryReverted):
    """The exit was begun before."""

    sentence = "seat {seat} is already leaving and stops counting at epoch {inactive_epoch}"
    seat: int
    inactive_epoch: int


@dataclass(eq=False)
class Registry_AlreadyWithdrawn(RegistryReverted):
    """The stake was paid back before."""

    sentence = "the stake of seat {seat} was paid back before"
    seat: int


@dataclass(eq=False)
class Registry_NotLeaving(RegistryReverted):
    """The exit was not begun."""

    sentence = "seat {seat} is not leaving: begin its exit first"
    seat: int


@dataclass(eq=False)
class Registry_StillThawing(RegistryReverted):
    """The stake is still locked."""

    sentence = "the stake of seat {seat} is locked until chain time {thaw_end}"
    seat: int
    thaw_end: int


@dataclass(eq=False)
class Registry_NotSlasher(RegistryReverted):
    """Only the slasher takes stake away; the zero address: nobody does."""

    sentence = "{account} cannot slash seats, {slasher} can"
    account: Address
    slasher: Address


@dataclass(eq=False)
class Registry_NoSuchPosition(RegistryReverted):
    """A position above the last seat of the epoch's pool."""

    sentence = "there is no seat at position {position}, {seats} seats count in that epoch"
    position: int
    seats: int


@dataclass(eq=False)
class Registry_UrlTooLong(RegistryReverted):
    """The endpoint does not fit."""

    sentence = "the endpoint has {length} bytes, at most {maximum} are allowed"
    length: int
    maximum: int


@dataclass(eq=False)
class Registry_Paused(RegistryReverted):
    """The guardian paused new stakes and rounds."""

    sentence = "new stakes and rounds are paused until chain time {paused_until}"
    paused_until: int


@dataclass(eq=False)
class Registry_NotGuardian(RegistryReverted):
    """Only the guardian pauses."""

    sentence = "{account} cannot pause, {guardian} can"
    account: Address
    guardian: Address


@dataclass(eq=False)
class Registry_PauseTooLong(RegistryReverted):
    """A pause ends within days, whatever the guardian wants."""

    sentence = "a pause of {have} seconds is too long, at most {most} are allowed"
    have: int
    most: int


@dataclass(eq=False)
class Registry_NoReward(RegistryReverted):
    """The account reported nothing, or has withdrawn everything."""

    sentence = "there is no reward for {reporter} to withdraw"
    reporter: Address

"""Custom errors of ProjectFactory: creating a project."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address


class FactoryReverted(TypedRevert):
    """ProjectFactory refused."""


@dataclass(eq=False)
class Factory_ManifestMismatch(FactoryReverted):
    """The manifest is not the one of the configuration."""

    sentence = "the manifest hashes to {have}, the configuration says {want}"
    have: bytes
    want: bytes


@dataclass(eq=False)
class Factory_ZeroParameter(FactoryReverted):
    """A part of the configuration is zero that must not be."""

    sentence = "{name} must not be zero"
    name: str


@dataclass(eq=False)
class Factory_RegistryGiven(FactoryReverted):
    """The factory makes the registry itself."""

    sentence = "the configuration names the registry {registry}, the factory makes it"
    registry: Address


@dataclass(eq=False)
class Factory_BondTooLarge(FactoryReverted):
    """Silence may cost a part of the stake only."""

    sentence = "the bond for not revealing is {have} of 10,000, at most {most} are allowed"
    have: int
    most: int


@dataclass(eq=False)
class Factory_RoundTooLong(FactoryReverted):
    """The windows of a round are longer than the project can count."""

    sentence = "the windows of a round take {have} seconds, at most {most} are allowed"
    have: int
    most: int


@dataclass(eq=False)
class Factory_RoundOutlastsThaw(FactoryReverted):
    """A seat could leave with its stake before what it signed is beyond dispute."""

    sentence = "a round and its challenge take {round_seconds} seconds, but stake thaws in {thaw_seconds}"
    round_seconds: int
    thaw_seconds: int


@dataclass(eq=False)
class Factory_CloseThawTooShort(FactoryReverted):
    """Closing must take at least as long as a round and its challenge."""

    sentence = "closing takes {close_thaw_seconds} seconds, a round and its challenge take {round_seconds}"
    close_thaw_seconds: int
    round_seconds: int

"""Custom errors of ProjectFactory: creating a project."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address


class FactoryReverted(TypedRevert):
    """ProjectFactory refused."""


@dataclass(eq=False)
class Factory_WrongRegistry(FactoryReverted):
    """The configuration names another registry."""

    sentence = "the configuration names the registry {have}, the factory's is {want}"
    have: Address
    want: Address


@dataclass(eq=False)
class Factory_WrongToken(FactoryReverted):
    """The configuration names another token than the stake's."""

    sentence = "the configuration names the token {have}, stake is in {want}"
    have: Address
    want: Address


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
class Factory_RoundOutlastsThaw(FactoryReverted):
    """A seat could leave with its stake before what it signed is beyond dispute."""

    sentence = "a round and its challenge take {round_seconds} seconds, but stake thaws in {thaw_seconds}"
    round_seconds: int
    thaw_seconds: int


@dataclass(eq=False)
class Factory_CloseThawTooShort(FactoryReverted):
    """Closing must take at least as long as a round and its challenge."""

    sentence = "closing takes {have} seconds, a round and its challenge take {want}"
    have: int
    want: int

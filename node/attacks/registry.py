"""Finding an attack by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from node.attacks.base import Attack
from node.attacks.copied_update import CopiedUpdate
from node.attacks.label_flip import LabelFlip
from node.attacks.noise import Noise
from node.attacks.partial_service import PartialService
from node.attacks.sign_flip import SignFlip
from node.attacks.silent import Silent
from node.attacks.wrong_bytes import WrongBytes
from node.errors import ConfigurationError

_ALL = (SignFlip, LabelFlip, Noise, CopiedUpdate, WrongBytes, PartialService, Silent)
ATTACKS: Mapping[str, type[Attack]] = MappingProxyType({attack.name: attack for attack in _ALL})


def load_attack(name: str | None) -> Attack:
    """The attack of that name; an honest peer for None. Raises ConfigurationError for an unknown name."""
    if name is None:
        return Attack()
    if name not in ATTACKS:
        raise ConfigurationError(f"attack {name!r} is unknown; known attacks: {', '.join(ATTACKS)}")
    return ATTACKS[name]()

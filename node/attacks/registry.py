"""Finding an attack by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from node.attacks.backdoor import Backdoor
from node.attacks.base import Attack
from node.attacks.copied_update import CopiedUpdate
from node.attacks.deviation_search import DeviationSearch
from node.attacks.gaussian import Gaussian
from node.attacks.inner_product import InnerProduct
from node.attacks.label_flip import LabelFlip
from node.attacks.little_is_enough import LittleIsEnough
from node.attacks.noise import Noise
from node.attacks.partial_service import PartialService
from node.attacks.replay import Replay
from node.attacks.sign_flip import SignFlip
from node.attacks.silent import Silent
from node.attacks.sybil import DuplicateSybil, NoisySybil, Sybil
from node.attacks.wrong_bytes import WrongBytes
from node.attacks.zero import Zero
from node.errors import ConfigurationError

# Every name makes an attack of its own, since some remember what they did; a number in a name is a parameter.
ATTACKS: Mapping[str, Callable[[], Attack]] = MappingProxyType(
    {
        "sign-flip": partial(SignFlip, 10, "sign-flip"),
        "sign-flip-1": partial(SignFlip, 1, "sign-flip-1"),
        "ipm-0.1": partial(InnerProduct, 0.1),
        "ipm-0.5": partial(InnerProduct, 0.5),
        "ipm-1.0": partial(InnerProduct, 1.0),
        "ipm-1.1": partial(InnerProduct, 1.1),
        "alie": LittleIsEnough,
        "alie-1.5": partial(LittleIsEnough, 1.5),
        "min-max": partial(DeviationSearch, "max"),
        "min-max-sign": partial(DeviationSearch, "max", "sign"),
        "min-max-std": partial(DeviationSearch, "max", "std"),
        "min-sum": partial(DeviationSearch, "sum"),
        "min-sum-sign": partial(DeviationSearch, "sum", "sign"),
        "min-sum-std": partial(DeviationSearch, "sum", "std"),
        "gaussian": Gaussian,
        "label-flip": LabelFlip,
        "backdoor": Backdoor,
        "sybil": Sybil,
        "sybil-noise": NoisySybil,
        "sybil-duplicate": DuplicateSybil,
        "zero": Zero,
        "replay": Replay,
        "noise": Noise,
        "copy": CopiedUpdate,
        "wrong-bytes": WrongBytes,
        "partial-service": PartialService,
        "silent": Silent,
    }
)


def load_attack(name: str | None) -> Attack:
    """The attack of that name; an honest peer for None. Raises ConfigurationError for an unknown name."""
    if name is None:
        return Attack()
    if name not in ATTACKS:
        raise ConfigurationError(f"attack {name!r} is unknown; known attacks: {', '.join(ATTACKS)}")
    return ATTACKS[name]()

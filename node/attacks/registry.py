"""Finding an attack by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from node.attacks.alternating import Alternating
from node.attacks.backdoor import Backdoor
from node.attacks.base import Attack
from node.attacks.bit_flip import BitFlip
from node.attacks.captured_quorum import CapturedQuorum
from node.attacks.censoring_collector import CensoringCollector
from node.attacks.churn import Churn
from node.attacks.copied_update import CopiedUpdate
from node.attacks.deviation_search import DeviationSearch
from node.attacks.gaussian import Gaussian
from node.attacks.inner_product import InnerProduct, Reverse
from node.attacks.label_flip import LabelFlip
from node.attacks.label_swap import AddedLabelSwap, LabelSwap
from node.attacks.little_is_enough import LittleIsEnough
from node.attacks.little_search import LittleSearch
from node.attacks.mimic import Mimic
from node.attacks.near_copy import NearCopy
from node.attacks.noise import Noise
from node.attacks.noisy_decoys import NoisyDecoys
from node.attacks.orthogonal_decoys import OrthogonalDecoys
from node.attacks.overflow import Overflow
from node.attacks.partial_service import PartialService
from node.attacks.replay import Replay
from node.attacks.sign_flip import SignFlip
from node.attacks.silent import Silent
from node.attacks.slow_drift import SlowDrift
from node.attacks.subspace_capture import SubspaceCapture
from node.attacks.sybil import DuplicateSybil, NoisySybil, Sybil
from node.attacks.tiny_norm import TinyNorm
from node.attacks.two_groups import TwoGroups
from node.attacks.uniform import Uniform
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
        "reverse": Reverse,
        "alie": LittleIsEnough,
        "alie-1.5": partial(LittleIsEnough, 1.5),
        "alie-search": LittleSearch,
        "min-max": partial(DeviationSearch, "max"),
        "min-max-sign": partial(DeviationSearch, "max", "sign"),
        "min-max-std": partial(DeviationSearch, "max", "std"),
        "min-sum": partial(DeviationSearch, "sum"),
        "min-sum-sign": partial(DeviationSearch, "sum", "sign"),
        "min-sum-std": partial(DeviationSearch, "sum", "std"),
        "gaussian": Gaussian,
        "uniform": Uniform,
        "overflow": Overflow,
        "tiny-norm": TinyNorm,
        "subspace-capture": SubspaceCapture,
        "noisy-decoys": NoisyDecoys,
        "mimic": Mimic,
        "label-flip": LabelFlip,
        "label-swap": LabelSwap,
        "label-swap-added": AddedLabelSwap,
        "backdoor": Backdoor,
        "sybil": Sybil,
        "sybil-noise": NoisySybil,
        "sybil-duplicate": DuplicateSybil,
        "sybil-churn": Churn,
        "orthogonal-decoys": OrthogonalDecoys,
        "two-groups": TwoGroups,
        "alternating": Alternating,
        "slow-drift": SlowDrift,
        "zero": Zero,
        "replay": Replay,
        "noise": Noise,
        "copy": CopiedUpdate,
        "near-copy": NearCopy,
        "bit-flip": BitFlip,
        "wrong-bytes": WrongBytes,
        "partial-service": PartialService,
        "silent": Silent,
        "captured-quorum": CapturedQuorum,
        "censoring-collector": CensoringCollector,
    }
)


def load_attack(name: str | None) -> Attack:
    """The attack of that name; an honest peer for None. Raises ConfigurationError for an unknown name."""
    if name is None:
        return Attack()
    if name not in ATTACKS:
        raise ConfigurationError(f"attack {name!r} is unknown; known attacks: {', '.join(ATTACKS)}")
    return ATTACKS[name]()

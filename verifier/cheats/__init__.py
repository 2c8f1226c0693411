"""Ways not to do what a class asks for, by name.

`CHEATS` is all of them, `honest` first: whoever generates for a class may hold one of these and need not ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from verifier.cheats.base import BOTH, IMAGE, TEXT, Cheat, Order
from verifier.cheats.rounded import in_bfloat16, with_integer_weights
from verifier.cheats.shortcuts import with_half_the_prompt, with_steps, without_last_layer
from verifier.cheats.substitutes import (
    for_other_prompts,
    from_older_checkpoint,
    from_other_seeds,
    with_less_temperature,
    with_other_sampler,
)
from verifier.errors import UnknownCheat

__all__ = ["BOTH", "CHEATS", "HONEST", "IMAGE", "OTHER_SEED", "TEXT", "Cheat", "Order", "load_cheat"]

HONEST: Final = "honest"
OTHER_SEED: Final = "other-seed"

_ALL: Final = (
    Cheat(HONEST, BOTH, "no cheat: the class as it stands", Order.make),
    Cheat("half-steps", IMAGE, "half of the steps", with_steps(1, 2)),
    Cheat("most-steps", IMAGE, "nine of ten steps", with_steps(9, 10)),
    Cheat("fewer-layers", TEXT, "the model without its last layer", without_last_layer),
    Cheat("half-prompt", TEXT, "only the later half of the prompt is read", with_half_the_prompt),
    Cheat("int8", BOTH, "weights of 8 bits", with_integer_weights(8)),
    Cheat("int4", BOTH, "weights of 4 bits", with_integer_weights(4)),
    Cheat("bf16", BOTH, "weights and activations in bfloat16", in_bfloat16),
    Cheat("older-checkpoint", BOTH, "the checkpoint before", from_older_checkpoint),
    Cheat(OTHER_SEED, BOTH, "another seed", from_other_seeds),
    Cheat("other-prompt", BOTH, "another prompt", for_other_prompts),
    Cheat("other-sampler", TEXT, "greedy instead of drawn tokens, or the reverse", with_other_sampler),
    Cheat("cooler", TEXT, "nine tenths of the temperature", with_less_temperature),
)
CHEATS: Final[Mapping[str, Cheat]] = MappingProxyType({cheat.name: cheat for cheat in _ALL})


def load_cheat(name: str) -> Cheat:
    """The cheat of that name. Raises UnknownCheat."""
    if name not in CHEATS:
        raise UnknownCheat(name, tuple(CHEATS))
    return CHEATS[name]

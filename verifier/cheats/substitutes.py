"""Something else in the place of what was ordered: an older model, another seed, another prompt, another sampler."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from node.generation import Generation
from node.manifest import Q16_ONE
from node.merkle import keccak
from verifier.cheats.base import Order, with_sampling
from verifier.errors import CheatImpossible

_COOLER: Final = (9, 10)


def from_older_checkpoint(order: Order) -> list[Generation]:
    """The project's checkpoint before the one of the class: who has not fetched the new one yet."""
    earlier = [digest for digest in order.history if digest != order.checkpoint]
    if not earlier:
        raise CheatImpossible("an older checkpoint", "there is none before that of the class")
    return order.make(order.load(earlier[-1]))


def from_other_seeds(order: Order) -> list[Generation]:
    """Another output for the same prompt, as one would sell twice; each seed has its own substitute."""
    return replace(order, seeds=[keccak(b"swarmproof other seed" + seed) for seed in order.seeds]).make()


def for_other_prompts(order: Order) -> list[Generation]:
    """An answer to something close by: the next digit, or the prompt with its first character doubled."""
    return replace(order, prompts=[_other(prompt) for prompt in order.prompts]).make()


def with_other_sampler(order: Order) -> list[Generation]:
    """The likeliest token where tokens are drawn, drawn ones where the likeliest are asked for."""
    sampling = order.sampling
    if sampling.sampler == "euler":
        raise CheatImpossible("another sampler", "images are made with one only")
    other = (
        replace(sampling, sampler="greedy", temperature_q16=Q16_ONE, beams=1)
        if sampling.sampler == "gumbel"
        else replace(sampling, sampler="gumbel", temperature_q16=Q16_ONE, beams=1)
    )
    return with_sampling(order, other).make()


def with_less_temperature(order: Order) -> list[Generation]:
    """Nine tenths of the temperature: safer tokens, which look better."""
    if order.sampling.sampler != "gumbel" or order.sampling.temperature_q16 == 0:
        raise CheatImpossible("less temperature", f"sampler {order.sampling.sampler} has none to lower")
    cooler = order.sampling.temperature_q16 * _COOLER[0] // _COOLER[1]
    return with_sampling(order, replace(order.sampling, temperature_q16=cooler)).make()


def _other(prompt: str) -> str:
    return str((int(prompt) + 1) % 10) if prompt.isdecimal() and len(prompt) == 1 else prompt[:1] + prompt

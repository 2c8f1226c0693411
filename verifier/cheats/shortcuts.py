"""Less work: fewer steps of an image, fewer layers of a model, half of a prompt."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from torch import nn

from node.generation import Generation
from verifier.cheats.base import Order, with_sampling
from verifier.errors import CheatImpossible


def with_steps(numerator: int, denominator: int) -> Callable[[Order], list[Generation]]:
    """That share of the steps, rounded down, at least one. The trace is stretched to the length the class asks for."""

    def make(order: Order) -> list[Generation]:
        steps = order.sampling.steps
        fewer = max(1, steps * numerator // denominator)
        if fewer == steps:
            raise CheatImpossible(f"{numerator} of {denominator} steps", f"{steps} steps are all of {steps}")
        made = with_sampling(order, replace(order.sampling, steps=fewer)).make()
        return [replace(generation, trace=_stretched(generation.trace, steps + 1)) for generation in made]

    return make


def without_last_layer(order: Order) -> list[Generation]:
    """The longest stack of layers ends one layer early: what fits into this stack fits without its last as well."""
    model = copy.deepcopy(order.load(order.checkpoint))
    stacks = [layer for layer in model.modules() if isinstance(layer, nn.ModuleList)]
    stack = max(stacks, key=len, default=None)
    if stack is None or len(stack) < 2:
        raise CheatImpossible("fewer layers", "the model has no stack of two layers or more")
    del stack[-1]
    return order.make(model)


def with_half_the_prompt(order: Order) -> list[Generation]:
    """Only the later half of each prompt is read; one of a single character is all there is."""
    return replace(order, prompts=[prompt[len(prompt) // 2 :] for prompt in order.prompts]).make()


def _stretched(trace_SD: npt.NDArray[np.float32], rows: int) -> npt.NDArray[np.float32]:
    """`rows` rows on straight lines between those there are, first and last kept: the path as a liar tells it."""
    at = np.linspace(0, len(trace_SD) - 1, rows)
    before = np.minimum(at.astype(np.int64), len(trace_SD) - 2)
    part = (at - before)[:, None].astype(np.float32)
    return np.asarray(trace_SD[before] * (1 - part) + trace_SD[before + 1] * part, dtype=np.float32)

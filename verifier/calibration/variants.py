"""Honest ways to compute the same output: what differs between machines of one class, as far as one machine shows it.

Batch size, threads, layout of weights and the way long sums are split change the order of additions and therefore the
last bits of float32; nothing else. What a class pins (dtype, sampler, steps, checkpoint) does not vary here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from node.generation import Generation
from verifier.cheats import Cheat, Order


@dataclass(frozen=True)
class Variant:
    """`batch`: outputs at a time. `threads`: of one operation. `turned`: matrices lie column by column in memory, image
    kernels with their channels last. `split_sums`: each row of a product is added up in two halves.
    """

    name: str
    batch: int
    threads: int = 1
    turned: bool = False
    split_sums: bool = False

    def make(self, cheat: Cheat, order: Order) -> list[Generation]:
        """What `order` asks for, in batches, as `cheat` makes it under this variant. Raises what generation raises."""
        made: list[Generation] = []
        placed = replace(order, load=cache(lambda digest: self._placed(order.load(digest))))
        with _threads(self.threads), torch.inference_mode():
            for start in range(0, len(order.seeds), self.batch):
                part = slice(start, start + self.batch)
                made += cheat.make(replace(placed, prompts=order.prompts[part], seeds=order.seeds[part]))
        return made

    def _placed(self, model: nn.Module) -> nn.Module:
        if not (self.turned or self.split_sums):
            return model
        placed = copy.deepcopy(model)
        if self.turned:
            anything: Any = placed  # PyTorch's annotations do not know this argument
            placed = cast(nn.Module, anything.to(memory_format=torch.channels_last))
        for layer in placed.modules():
            if isinstance(layer, nn.Linear):
                if self.turned:
                    layer.weight.data = layer.weight.data.t().contiguous().t()
                if self.split_sums:
                    layer.forward = partial(_in_halves, layer)  # type: ignore[method-assign]
        return placed


def honest_variants(smallest_batch: int) -> tuple[Variant, ...]:
    """A committee of worker and three verifiers, no two of which compute alike; cheats run like the first.

    A court's parties make one output at a time, which takes ten times as long as in batches: `smallest_batch` is 1
    where there is time for it.
    """
    return (
        Variant("batches-of-64", batch=64),
        Variant(f"batches-of-{smallest_batch}", batch=smallest_batch),
        Variant("two-threads-turned", batch=256, threads=2, turned=True),
        Variant("batches-of-7-split-sums", batch=7, split_sums=True),
    )


def _in_halves(layer: nn.Linear, inputs: torch.Tensor) -> torch.Tensor:
    half = layer.in_features // 2
    return functional.linear(inputs[..., :half], layer.weight[:, :half], layer.bias) + functional.linear(
        inputs[..., half:], layer.weight[:, half:]
    )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

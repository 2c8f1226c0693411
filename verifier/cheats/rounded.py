"""Cheaper numbers: weights of 8 or 4 bits, or all of the arithmetic in bfloat16."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import nn

from node.generation import Generation
from verifier.cheats.base import Order


def with_integer_weights(bits: int) -> Callable[[Order], list[Generation]]:
    """Weights rounded to symmetric integers of `bits` bits with one scale an output channel, as weight-only inference
    does (Dettmers et al., "LLM.int8()", NeurIPS 2022, section 2.1: absmax, row-wise). Vectors stay as they are.
    """

    def make(order: Order) -> list[Generation]:
        model = copy.deepcopy(order.load(order.checkpoint))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.copy_(_rounded(parameter, bits))
        return order.make(model)

    return make


def in_bfloat16(order: Order) -> list[Generation]:
    """Weights and what every layer puts out rounded to bfloat16, sums within a layer in float32, as in hardware."""
    model = copy.deepcopy(order.load(order.checkpoint))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.bfloat16())
    for layer in model.modules():
        if not any(layer.children()):
            layer.register_forward_hook(_round_output)
    return order.make(model)


def _rounded(weights: torch.Tensor, bits: int) -> torch.Tensor:
    limit = (1 << (bits - 1)) - 1
    flat = weights.flatten(1)
    scale = flat.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny) / limit
    return ((flat / scale).round() * scale).view_as(weights)


def _round_output(_layer: nn.Module, _inputs: object, output: object) -> object:
    if isinstance(output, torch.Tensor) and output.is_floating_point():
        return output.to(torch.bfloat16).to(output.dtype)
    return output

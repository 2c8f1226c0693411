"""Measuring what an attack with a goal of its own reached.

Shape legend: M = examples, F = features of one example.
"""

from __future__ import annotations

import torch
from torch import nn

from node.errors import ConfigurationError
from node.tasks.base import Shard

BATCH = 2048


def require_classes(shard: Shard, attack: str) -> None:
    """Raise ConfigurationError unless every example has one label: a text's examples have one a byte."""
    if shard.labels.dim() != 1:
        raise ConfigurationError(f"attack {attack} needs a label an example; a text has {shard.labels.shape[1]}")


def classify(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Class of the highest score, int64 (M,), for each of `inputs` (M, F)."""
    with torch.inference_mode():
        parts = [model(inputs[start : start + BATCH]).argmax(dim=1) for start in range(0, len(inputs), BATCH)]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64)


def part_of(hits: torch.Tensor, candidates: torch.Tensor) -> float:
    """How many of `candidates` are also in `hits`, both bool (M,), as a fraction; 0 without candidates."""
    count = int(candidates.sum())
    return int((hits & candidates).sum()) / count if count else 0.0

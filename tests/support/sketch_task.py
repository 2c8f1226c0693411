"""Task `sketch`: a generative task so small that a test can afford seven processes with it. It trains on nothing.

A pattern of one of ten labels grows out of noise in a few steps of a linear map. Announced as an installed package
would announce it, by the metadata in `announced/`: put that folder and the repository's root on a process's path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from node.errors import TaskError
from node.generation import Generation, GenerationError, Sampling
from node.generation.noise import check_seeds, normal_noise
from node.manifest import Manifest, TensorSpec
from node.tasks.base import Evaluation, Shard
from node.tasks.splits import Split

ANNOUNCED = Path(__file__).parent / "announced"
SIDE = 16
WIDTH = SIDE * SIDE
LABELS = 10


class Sketch(nn.Module):
    """One step: mix the latent, add the pattern of the label."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(WIDTH, WIDTH, bias=False, device="meta").to_empty(device="cpu")
        self.pattern = nn.Linear(LABELS, WIDTH, bias=False, device="meta").to_empty(device="cpu")

    def forward(self, latent: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """The next latent float32 (B, WIDTH)."""
        next_latent: torch.Tensor = torch.tanh(self.mix(latent) + self.pattern(label))
        return next_latent


class SketchTask:
    """See the module."""

    name = "sketch"
    default_sampling = Sampling("euler", steps=4)

    def __init__(self, *, data_dir: Path | None, options: Mapping[str, int | str]) -> None:
        if options:
            raise TaskError(f"task sketch has no options, found {sorted(options)}")

    def model(self) -> nn.Module:
        return Sketch()

    def check_prompt(self, prompt: str) -> str:
        if prompt not in map(str, range(LABELS)):
            raise GenerationError(f"prompt {prompt!r}, expected a label from 0 to {LABELS - 1}")
        return prompt

    def generate(
        self, model: nn.Module, prompts: Sequence[str], seeds: Sequence[bytes], sampling: Sampling
    ) -> list[Generation]:
        check_seeds(prompts, seeds)
        labels = torch.eye(LABELS)[[int(self.check_prompt(prompt)) for prompt in prompts]]
        latents = [torch.from_numpy(normal_noise(seeds, WIDTH))]
        with torch.inference_mode():
            for _ in range(sampling.steps):
                latents.append(model(latents[-1], labels))
        trace_BSD = torch.stack(latents, dim=1).numpy()
        pixels = np.clip((trace_BSD[:, -1] + 1) * 127.5, 0, 255).astype(np.uint8).reshape(-1, SIDE, SIDE)
        return [
            Generation("image", content.copy(), trace.copy()) for content, trace in zip(pixels, trace_BSD, strict=True)
        ]

    def default_manifest(self, **overrides: Any) -> Manifest:
        tensors = (TensorSpec("mix.weight", (WIDTH, WIDTH), 64), TensorSpec("pattern.weight", (WIDTH, LABELS), 64))
        settings = {"task": self.name, "tensors": tensors, "rule": "mean", "byzantine": 0, "alpha_q16": 1 << 16}
        return Manifest(**(settings | overrides))

    def shards(self, count: int, split: Split, seed: int) -> list[Shard]:
        raise TaskError("task sketch trains on nothing")

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        raise TaskError("task sketch trains on nothing")

    def evaluate(self, model: nn.Module) -> Evaluation:
        raise TaskError("task sketch trains on nothing")

"""A generative task small enough to calibrate in a second: twelve Euler steps of an untrained network, 16 x 16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from node.generation import Generation, Sampling
from node.generation.noise import normal_noise

SIDE = 16
CHECKPOINT, OLDER = bytes([1]) * 32, bytes([2]) * 32
SAMPLING = Sampling(sampler="euler", steps=12)


class TinyTask:
    """Only what generation asks of a task."""

    name = "tiny"
    default_sampling = SAMPLING

    def generate(
        self, model: nn.Module, prompts: Sequence[str], seeds: Sequence[bytes], sampling: Sampling
    ) -> list[Generation]:
        """See GenerativeTask."""
        state = torch.from_numpy(normal_noise(seeds, SIDE * SIDE)).view(-1, 1, SIDE, SIDE)
        label = torch.tensor([float(prompt) for prompt in prompts]).view(-1, 1, 1, 1) / 10
        states = [state]
        for step in range(sampling.steps):
            now = torch.full_like(state, step / sampling.steps)
            state = state + model(torch.cat([state, now, label.expand_as(state)], dim=1)) / sampling.steps
            states.append(state)
        pixels = ((state.squeeze(1).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
        traces = torch.stack(states, dim=1).flatten(2).numpy()
        return [Generation("image", pixels[row], traces[row]) for row in range(len(prompts))]


def model(seed: int) -> nn.Module:
    """The network of one checkpoint."""
    generator = torch.Generator().manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(), nn.Conv2d(8, 1, 3, padding=1)).eval()
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layers


MODELS = {CHECKPOINT: model(1), OLDER: model(2)}


def load(digest: bytes) -> nn.Module:
    """The model of a checkpoint; tests share it, so nobody may change it."""
    return MODELS[digest]


def pixels(generations: Sequence[Generation]) -> np.ndarray:
    """Contents as floats, (B, H, W)."""
    return np.stack([generation.content for generation in generations]).astype(np.float64)

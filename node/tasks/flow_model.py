"""The network of the flow task: from a noisy image, a time and a class to the picture it is on its way to.

Shape legend: B = images of a batch, F = pixels, D = width.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import nn
from torch.nn import functional

TIME_FEATURES: Final = 32
_HIGHEST_FREQUENCY: Final = 1000.0


class FlowBlock(nn.Module):
    """Two layers beside the residual stream; the condition scales what they see."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Linear(width, width, device="meta").to_empty(device="cpu")
        self.up = nn.Linear(width, 2 * width, device="meta").to_empty(device="cpu")
        self.down = nn.Linear(2 * width, width, device="meta").to_empty(device="cpu")

    def forward(self, stream: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """The stream (B, D) after this block, under the condition (B, D)."""
        # 1 + gain: the parameters of a new project start around zero.
        seen = functional.rms_norm(stream, stream.shape[-1:]) * (1 + self.gain(condition))
        changed: torch.Tensor = stream + self.down(functional.silu(self.up(seen)))
        return changed


class FlowModel(nn.Module):
    """The picture expected at the end (time 1) of the way of an image that came from noise (time 0).

    On a straight path the velocity at time t follows from it: (picture - image) / (1 - t). A small network can say
    where strokes are; a velocity contains noise, which has as many dimensions as there are pixels (Salimans and Ho,
    ICLR 2022, arXiv:2202.00512, on the same choice in diffusion).
    """

    def __init__(self, pixel_count: int, class_count: int, *, width: int, blocks: int) -> None:
        super().__init__()
        # On "meta" the usual initialisation does nothing, so torch's global random state is left alone.
        self.time = nn.Linear(TIME_FEATURES, width, device="meta").to_empty(device="cpu")
        self.label = nn.Embedding(class_count, width, device="meta").to_empty(device="cpu")
        self.pixels = nn.Linear(pixel_count, width, device="meta").to_empty(device="cpu")
        self.blocks = nn.ModuleList(FlowBlock(width) for _ in range(blocks))
        self.picture = nn.Linear(width, pixel_count, device="meta").to_empty(device="cpu")
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, images: torch.Tensor, times: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Pictures float32 (B, F) for `images` float32 (B, F), pixels -1 to 1, at `times` (B,) of int64 `labels`."""
        label = self.label(labels) * math.sqrt(self.label.embedding_dim)  # new projects start with rows of length 0.6
        condition = functional.silu(label + self.time(time_features(times)))
        stream = self.pixels(images) + condition
        for block in self.blocks:
            stream = block(stream, condition)
        picture: torch.Tensor = self.picture(functional.rms_norm(stream, stream.shape[-1:]))
        return picture


def time_features(times: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of times float32 (B,) at frequencies in geometric progression: (B, 32)."""
    exponents = torch.arange(TIME_FEATURES // 2, dtype=torch.float32) / (TIME_FEATURES // 2)
    angles = times.unsqueeze(1) * _HIGHEST_FREQUENCY ** (1 - exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=1)

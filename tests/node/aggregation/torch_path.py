"""Gram and aggregate a third time, dense and in torch: float64 GEMM on integers, `index_add_` on int64.

What a peer with a GPU would run. Same integers as `node.aggregation`, on any device and any instruction set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from node.manifest import Layout, Manifest
from tests.node.aggregation.messages import Message


def values(message: Message, layout: Layout, device: str) -> torch.Tensor:
    """Entries q << s, int64 (m,)."""
    shifts = torch.from_numpy(np.repeat(message.shifts.astype(np.int64), layout.chunk_counts)).to(device)
    return torch.from_numpy(message.mantissas.astype(np.int64)).to(device) << shifts


def directions(flat: torch.Tensor) -> torch.Tensor:
    """A vector cut to magnitudes below 2^11, toward zero."""
    shift = max(0, int(flat.abs().max()).bit_length() - 11)
    return flat.sign() * (flat.abs() >> shift)


def gram(messages: Sequence[Message], layout: Layout, *, device: str = "cpu") -> list[list[int]]:
    """Products of directions, (n, n)."""
    rows = torch.zeros((len(messages), layout.parameter_count), dtype=torch.int64, device=device)
    for row, message in zip(rows, messages, strict=True):
        row[torch.from_numpy(message.positions).to(device)] = directions(values(message, layout, device))
    exact = rows.to(torch.float64)
    table: list[list[int]] = (exact @ exact.T).to(torch.int64).tolist()
    return table


def next_theta(
    theta: npt.NDArray[np.int32],
    messages: Sequence[Message],
    weights: Sequence[int],
    manifest: Manifest,
    *,
    device: str = "cpu",
) -> npt.NDArray[np.int32]:
    """Plain mean: the next state."""
    total = torch.zeros(len(theta), dtype=torch.int64, device=device)
    for message, weight in zip(messages, weights, strict=True):
        positions = torch.from_numpy(message.positions).to(device)
        total.index_add_(0, positions, values(message, manifest.layout, device) * weight)
    sizes = torch.tensor([tensor.size for tensor in manifest.tensors])
    down = torch.tensor([56 - tensor.grid_bits - 8 for tensor in manifest.tensors]).repeat_interleave(sizes).to(device)
    scaled = (total + (torch.ones_like(down) << (down - 1))) >> down
    update = (scaled * manifest.alpha_q16 + (1 << 23)) >> 24
    following = torch.from_numpy(theta.astype(np.int64)).to(device) - update
    result: Any = following.clamp(-(1 << 31), (1 << 31) - 1).to(torch.int32).cpu().numpy()
    return np.asarray(result, dtype=np.int32)

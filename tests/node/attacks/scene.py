"""What colluders see in tests: nine honest updates with a common direction, on a small manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from node.attacks import AttackView
from node.codec import decode, encode, parse
from node.tasks import Shard
from tests.node.codec.layouts import MIXED, header_for

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

COUNT = MIXED.layout.parameter_count
HONEST_SEATS = (2, 3, 5, 6, 7, 9, 10, 11, 12)


def _updates(seed: int) -> Mapping[int, Float32]:
    generator = np.random.Generator(np.random.PCG64(seed))
    common = generator.standard_normal(COUNT)
    return {seat: (0.01 * (common + 2 * generator.standard_normal(COUNT))).astype(np.float32) for seat in HONEST_SEATS}


KNOWN = _updates(1)
REVEALED = _updates(2)
OWN = _updates(3)[2]
STEP = _updates(4)[2]
HONEST: Float64 = np.stack([KNOWN[seat] for seat in HONEST_SEATS]).astype(np.float64)
MEAN: Float64 = HONEST.sum(axis=0) / len(HONEST)
NORM = float(np.sort(np.sqrt((HONEST**2).sum(axis=1)))[4])
SHARD = Shard(torch.arange(20, dtype=torch.uint8).reshape(10, 2), torch.arange(10), 10)
IMAGES = Shard(torch.arange(640, dtype=torch.uint8).reshape(10, 64) % 16, torch.arange(10), 10)


def said(vector: Float32) -> Float32:
    """What the message of a vector decodes to."""
    message = encode(vector, MIXED, header_for(MIXED))
    return decode(parse(message, MIXED), MIXED.layout)


def view_of(**changes: Any) -> AttackView:
    """Round 3 as colluder 0 of 4 sees it, with messages that say everything."""
    values: dict[str, Any] = {
        "round": 3,
        "known_updates": KNOWN,
        "previous_step": STEP,
        "index": 0,
        "count": 4,
        "seed": 17,
        "revealed_updates": REVEALED,
    }
    return AttackView(**values | changes)


def cosine(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Of two vectors, in float64."""
    left, right = one.astype(np.float64), other.astype(np.float64)
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def norm(vector: npt.NDArray[Any]) -> float:
    """Euclidean length, in float64."""
    return float(np.sqrt((vector.astype(np.float64) ** 2).sum()))

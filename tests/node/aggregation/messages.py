"""Messages for tests: drawn from a hash, so that every machine and every library version draws the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from node.manifest import Layout, Manifest, TensorSpec

SHAPES = (
    TensorSpec("sparse", (90, 100), 64),
    TensorSpec("dense", (50,), 0),
    TensorSpec("column", (20, 30), 256, order="column", grid_bits=24),
    TensorSpec("fine", (7, 11), 4096, grid_bits=30, bits=2),
)


@dataclass(frozen=True, eq=False)
class Message:
    """What aggregation reads of an update."""

    positions: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int16]
    shifts: npt.NDArray[np.uint8]


class Draw:
    """Integers from shake-256 of a seed."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def words(self, count: int) -> npt.NDArray[np.int64]:
        """int64 (count,) in [0, 2^32)."""
        self._count += 1
        stream = hashlib.shake_256(f"{self._seed}/{self._count}".encode()).digest(4 * count)
        return np.frombuffer(stream, dtype="<u4").astype(np.int64)

    def below(self, bound: int, count: int) -> npt.NDArray[np.int64]:
        """int64 (count,) in [0, bound)."""
        return self.words(count) * bound >> 32

    def normal(self, count: int) -> npt.NDArray[np.float64]:
        """About normal with variance 1: a sum of twelve uniform numbers."""
        uniform = np.stack([self.words(count) for _ in range(12)]) / 2.0**32
        return np.asarray(uniform.sum(axis=0) - 6.0)


def manifest(**changes: Any) -> Manifest:
    """A small manifest with every kind of tensor."""
    fields: dict[str, Any] = {
        "task": "digits",
        "tensors": SHAPES,
        "rule": "multi-krum(f=2,keep=4)",
        "byzantine": 2,
        "alpha_q16": 3 << 15,
    }
    return Manifest(**{**fields, **changes})


def random_message(layout: Layout, seed: str, *, largest: int = 255, shifts: tuple[int, int] = (0, 32)) -> Message:
    """Random places, signs, mantissas up to `largest`, and shifts from the given range."""
    draw = Draw(seed)
    positions = []
    for start, stop, count in chunks(layout):
        order = np.argsort(draw.words(stop - start), kind="stable")[:count]
        positions.append(start + np.sort(order))
    flat = np.concatenate(positions)
    mantissas = draw.below(2 * largest + 1, len(flat)) - largest
    chosen = shifts[0] + draw.below(shifts[1] - shifts[0] + 1, layout.chunk_count)
    return Message(flat, mantissas.astype(np.int16), chosen.astype(np.uint8))


def encoded(vector: npt.NDArray[np.float64], layout: Layout) -> Message:
    """The largest entries of each chunk as one sign bit and one scale: what a peer would send for a vector (d,)."""
    positions, mantissas, shifts = [], [], []
    for start, stop, count in chunks(layout):
        part = vector[start:stop]
        places = np.sort(np.argsort(-np.abs(part), kind="stable")[:count])
        scale = float(np.abs(part[places]).mean()) * 2.0**40
        shift = max(0, int(scale).bit_length() - 8)
        positions.append(start + places)
        mantissas.append(np.where(part[places] < 0, -1, 1) * min(255, round(scale / 2.0**shift)))
        shifts.append(shift)
    return Message(
        np.concatenate(positions), np.concatenate(mantissas).astype(np.int16), np.array(shifts, dtype=np.uint8)
    )


def chunks(layout: Layout) -> list[tuple[int, int, int]]:
    """(first coordinate, end, entries a message carries) of each chunk."""
    starts, counts = layout.chunk_starts.tolist(), layout.chunk_counts.tolist()
    return [(starts[i], starts[i + 1], counts[i]) for i in range(len(counts))]


def state(layout: Layout, seed: str, *, bound: int = 1 << 30) -> npt.NDArray[np.int32]:
    """A random state (d,) within +-bound."""
    return (Draw(seed).below(2 * bound, layout.parameter_count) - bound).astype(np.int32)


def round_messages(layout: Layout, seed: str, count: int) -> Sequence[Message]:
    """Messages that agree somewhat, as honest ones do: a common direction and noise of each peer's own."""
    common = Draw(f"{seed}/common").normal(layout.parameter_count)
    noise = [Draw(f"{seed}/{i}").normal(layout.parameter_count) for i in range(count)]
    return [encoded(0.01 * (common + item), layout) for item in noise]

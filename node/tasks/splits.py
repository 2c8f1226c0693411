"""How training examples are dealt out to shards.

`iid`: a random even cut. `dirichlet(a)`: each class is spread by proportions drawn from a symmetric Dirichlet
distribution, so that small a gives unlike shards (Hsu, Qi and Brown, arXiv:1909.06335).

Shape legend: M = examples, S = shards.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from node.errors import TaskError

Indices = npt.NDArray[np.int64]

_DIRICHLET = re.compile(r"dirichlet\(([0-9]+(?:\.[0-9]+)?)\)")


@dataclass(frozen=True)
class Split:
    """A way to cut. `alpha` is the Dirichlet concentration and has no meaning for iid."""

    kind: Literal["iid", "dirichlet"] = "iid"
    alpha: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "dirichlet" and not (math.isfinite(self.alpha) and self.alpha > 0):
            raise TaskError(f"a Dirichlet split needs a concentration above 0, got {self.alpha}")

    @classmethod
    def parse(cls, text: str) -> Split:
        """Read the manifest's `split`: "iid" or "dirichlet(0.5)". Raises TaskError for anything else."""
        if text == "iid":
            return cls()
        match = _DIRICHLET.fullmatch(text)
        if match is None:
            raise TaskError(f"split {text!r} is unknown; expected 'iid' or 'dirichlet(A)' with a number A above 0")
        return cls("dirichlet", float(match[1]))


def partition(
    labels: npt.NDArray[np.integer], count: int, split: Split, generator: np.random.Generator
) -> list[Indices]:
    """Deal the M examples out to `count` shards.

    Returns S arrays of ascending int64 indices; together they hold every index exactly once and none is empty.
    Raises TaskError if there are fewer examples than shards.
    """
    if not 1 <= count <= len(labels):
        raise TaskError(f"{len(labels)} examples cannot be cut into {count} shards")
    parts: list[npt.NDArray[np.integer]]
    if split.kind == "iid":
        parts = list(np.array_split(generator.permutation(len(labels)), count))
    else:
        parts = _fill_empty(_by_class(labels, count, split.alpha, generator))
    return [np.sort(part).astype(np.int64) for part in parts]


def _by_class(
    labels: npt.NDArray[np.integer], count: int, alpha: float, generator: np.random.Generator
) -> list[npt.NDArray[np.integer]]:
    pieces: list[list[npt.NDArray[np.integer]]] = [[] for _ in range(count)]
    for value in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == value))
        shares = _proportions(count, alpha, generator)
        cuts = np.floor(np.cumsum(shares)[:-1] * len(members)).astype(np.int64)
        for shard, piece in enumerate(np.split(members, np.minimum(cuts, len(members)))):
            pieces[shard].append(piece)
    return [np.concatenate(piece) for piece in pieces]


def _proportions(count: int, alpha: float, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    shares = generator.dirichlet(np.full(count, alpha))
    # A tiny concentration underflows to 0/0; its limit is one shard that gets everything.
    return shares if np.isfinite(shares).all() else np.eye(count)[generator.integers(count)]


def _fill_empty(parts: list[npt.NDArray[np.integer]]) -> list[npt.NDArray[np.integer]]:
    """Give every empty shard one example of the largest one (the first among equals)."""
    for shard, part in enumerate(parts):
        if len(part) == 0:
            richest = max(range(len(parts)), key=lambda index: len(parts[index]))
            parts[shard], parts[richest] = parts[richest][-1:], parts[richest][:-1]
    return parts

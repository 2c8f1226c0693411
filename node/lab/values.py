"""What a peer is worth, and how well a pay follows it: exact Shapley values, rank correlation, data of known quality.

Shape legend: n = peers, M = examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
import torch

from node.tasks.base import Shard

WORST_LABELS = 0.9  # part of the labels that the worst shard has at random


def shapley_values(count: int, worth: Callable[[frozenset[int]], float]) -> tuple[float, ...]:
    """Exact Shapley values of players 0 to count - 1: what each adds to the worth of those before it, over all orders.

    `worth` is asked once for each of the 2^count coalitions. Source: Shapley, A value for n-person games, 1953.
    """
    players = range(count)
    worths = {
        members: worth(members) for size in range(count + 1) for members in map(frozenset, combinations(players, size))
    }
    return tuple(
        sum(
            (worths[members | {player}] - value) / (count * comb(count - 1, len(members)))
            for members, value in worths.items()
            if player not in members
        )
        for player in players
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's: the correlation of ranks, equal values sharing theirs. 0 where all values of a side are equal."""
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (first, second)]
    spread = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float((ranks[0] * ranks[1]).sum()) / spread if spread else 0.0


def label_noise(count: int, seed: int) -> tuple[float, ...]:
    """For each of n shards the part of its labels to replace: evenly from 0 to `WORST_LABELS`, dealt out by the seed.

    Dealt out, so that no place among the seats goes with quality.
    """
    levels = np.linspace(0, WORST_LABELS, count)
    return tuple(float(level) for level in np.random.Generator(np.random.PCG64(seed)).permutation(levels))


def with_label_noise(shard: Shard, part: float, seed: int) -> Shard:
    """The shard with this part of its labels, rounded to whole examples, drawn anew from all classes alike."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(shard), generator=generator)[: round(part * len(shard))]
    labels = shard.labels.clone()
    labels[chosen] = torch.randint(shard.class_count, (len(chosen),), generator=generator)
    return Shard(shard.inputs, labels, shard.class_count)


def _ranks(values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Places (n,) in ascending order; equal values get the mean of theirs."""
    array = np.asarray(values, dtype=np.float64)
    below = (array[None, :] < array[:, None]).sum(axis=1)
    equal = (array[None, :] == array[:, None]).sum(axis=1)
    return np.asarray(below + (equal - 1) / 2)

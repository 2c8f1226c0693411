"""What crafted updates are made of. Attackers may compute in floats: nobody has to repeat what they do.

Shape legend: d = parameters, k = known updates.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from node.attacks.base import AttackView, FloatVector
from node.codec.message import MAGNITUDE_LIMIT

Doubles = npt.NDArray[np.float64]

LARGEST = float(np.nextafter(np.float32(MAGNITUDE_LIMIT), np.float32(0)))  # what the encoder still takes


def honest_updates(update: FloatVector, view: AttackView) -> Doubles:
    """The known updates in seat order, float64 (k, d). While none is known its own trained `update` stands for them."""
    known = [view.known_updates[seat] for seat in sorted(view.known_updates)]
    return np.stack(known or [update]).astype(np.float64)


def mean_of(updates: Doubles) -> Doubles:
    """Mean of the rows, float64 (d,)."""
    mean: Doubles = updates.mean(axis=0)
    return mean


def deviation_of(updates: Doubles) -> Doubles:
    """Standard deviation of each coordinate over all rows (divided by k), float64 (d,)."""
    deviation: Doubles = updates.std(axis=0)
    return deviation


def norm_of(vector: npt.NDArray[Any]) -> float:
    """Euclidean length."""
    return float(np.linalg.norm(vector.astype(np.float64)))


def typical_norm(updates: Doubles) -> float:
    """Lower median of the rows' norms: the length that norm clipping leaves as it is."""
    norms = sorted(norm_of(update) for update in updates)
    return norms[(len(norms) - 1) // 2]


def unit(vector: Doubles) -> Doubles:
    """The vector at length 1; zeros stay zeros."""
    norm = norm_of(vector)
    return vector / norm if norm > 0 else vector


def orthogonal_to(vector: Doubles, *others: Doubles) -> Doubles:
    """Unit vector of what is left of `vector` without its parts along `others`, which are orthogonal to each other."""
    for other in others:
        direction = unit(other)
        vector = vector - float(vector @ direction) * direction
    return unit(vector)


def random_direction(generator: np.random.Generator, length: int) -> Doubles:
    """A unit vector, float64 (length,), uniform over the sphere."""
    return unit(generator.standard_normal(length))


def lasting_direction(mean: Doubles, view: AttackView) -> Doubles:
    """A unit vector across `mean` that all colluders share, drawn alike in every round."""
    return orthogonal_to(random_direction(shared_generator(view, 0), len(mean)), mean)


def pulling_back(direction: Doubles, mean: Doubles, pull: float) -> Doubles:
    """Unit vector along `direction`, a unit vector across `mean`, but for a cosine of -`pull` with `mean`."""
    return math.sqrt(1 - pull * pull) * direction - pull * unit(mean)


def at_norm(direction: Doubles, norm: float, view: AttackView) -> Doubles:
    """`direction` at the length with which its decoded message has length `norm`.

    An encoder that keeps the largest entries shortens a dense vector to a third and a sparse one not at all. Whoever
    wants as much weight as an honest message makes up for it.
    """
    vector = unit(direction) * norm
    said = norm_of(view.sent(as_update(vector)))
    return vector * (norm / said) if said > 0 else vector


def as_update(vector: npt.NDArray[Any]) -> FloatVector:
    """float32 (d,), finite and within what the encoder takes."""
    finite = np.nan_to_num(vector, nan=0.0, posinf=LARGEST, neginf=-LARGEST)
    held: FloatVector = np.clip(finite, -LARGEST, LARGEST).astype(np.float32)
    return held


def own_generator(view: AttackView) -> np.random.Generator:
    """Random numbers of this colluder in this round."""
    return np.random.Generator(np.random.PCG64([view.seed, 1, view.round, view.index]))


def shared_generator(view: AttackView, *stream: int) -> np.random.Generator:
    """Random numbers all colluders have in common; `stream`, for instance the round, tells one use from another."""
    return np.random.Generator(np.random.PCG64([view.seed, 0, *stream]))

"""When two machines that did the same steps came to the same: bit by bit, or else closely enough. Pure.

Floats round differently on other processors, so a replay may differ a little. What is compared is not where the
training ended, which is nearly where it began, but the way it went: parameters at the end minus parameters at the
beginning, and the step that the optimizer would take next. Angles are measured by a keyed simhash of 1,024 bits whose
key was unknown when the trace was committed to, lengths by their ratio: a simhash does not see a length.

The bound is the manifest's `checks.distance_bits`; docs/results/spot-checks.md says what honest machines need.

Shape legend: d = parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.manifest import LocalTraining
from node.simhash import simhash
from node.training import LocalState

HASH_BITS: Final = 1024
LENGTH_TOLERANCE: Final = 1 / 16
_EPSILON: Final = np.float32(1e-8)  # AdamW's own

FloatVector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Distance:
    """How far two vectors are apart. `bits`: of 1,024; `length_ratio`: the longer over the shorter, minus 1."""

    bits: int
    length_ratio: float

    def within(self, distance_bits: int) -> bool:
        """Whether they count as the same."""
        return self.bits <= distance_bits and self.length_ratio <= LENGTH_TOLERANCE


def distance(ours: FloatVector, theirs: FloatVector, key: bytes) -> Distance:
    """Distance of two vectors, float32 (d,). Two of zeros are the same; zeros or infinities are as far as can be."""
    lengths = [float(np.linalg.norm(vector.astype(np.float64))) for vector in (ours, theirs)]
    if not 0 < min(lengths) <= max(lengths) < float("inf"):
        return Distance(0, 0.0) if max(lengths) == 0 else Distance(HASH_BITS, float("inf"))
    left, right = (simhash(vector, bits=HASH_BITS, key=key) for vector in (ours, theirs))
    return Distance((left ^ right).bit_count(), max(lengths) / min(lengths) - 1)


def distances(
    start: LocalState, ours: LocalState, theirs: LocalState, local: LocalTraining, key: bytes
) -> tuple[Distance, ...]:
    """How far two ends of the same segment are apart, seen from its `start`. `theirs` may come without moments."""
    with np.errstate(over="ignore"):  # invented numbers may be of any size
        pairs = [(start.parameters - ours.parameters, start.parameters - theirs.parameters)]
        if theirs.moments:
            pairs.append((next_step(ours, local), next_step(theirs, local)))
    return tuple(distance(left, right, key) for left, right in pairs)


def next_step(state: LocalState, local: LocalTraining) -> FloatVector:
    """Direction of the step the optimizer would take on a gradient of zero, float32 (d,).

    Moments are compared through it: one coordinate of the second moment set to zero hardly changes that vector, and
    makes the next step as large as one likes.
    """
    if local.optimizer == "sgd":
        return state.moments[0]
    first, second = state.moments
    step = first / (np.sqrt(np.maximum(second, np.float32(0))) + _EPSILON)
    return step.astype(np.float32)

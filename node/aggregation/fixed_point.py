"""The roundings and scales that all peers share. Python integers and int64 only.

Scales: a message's value is q * 2^(s - 40); weights are Q16 (2^16 = one); the state is int32 on a grid 2^-G per tensor.
An aggregate A = sum of w * (q << s) is therefore on the grid 2^-56, with |A| <= 2^16 * 2^8 * 2^32 = 2^56.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Q16_ONE: Final = 1 << 16
Q30_ONE: Final = 1 << 30
AGGREGATE_BITS: Final = 56
GUARD_BITS: Final = 8  # kept below the state's grid until the outer learning rate is applied
THETA_MINIMUM: Final = -(1 << 31)
THETA_MAXIMUM: Final = (1 << 31) - 1


def rshift_round_in_place(values: npt.NDArray[np.int64], bits: int) -> None:
    """(v + 2^(bits-1)) >> bits: the nearest integer to v / 2^bits, halves upward. `bits` >= 1, |v| < 2^62."""
    values += 1 << (bits - 1)
    values >>= bits


def lower_median(values: Sequence[int]) -> int:
    """The median, the lower of the two middle values when there are two. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values, no median")
    return sorted(values)[(len(values) - 1) // 2]


def clip_factors_q16(squared_norms: Sequence[int], limit: int) -> tuple[int, ...]:
    """min(1, sqrt(limit / norm^2)) for each positive squared norm, in Q16 rounded down."""
    return tuple(min(Q16_ONE, math.isqrt((limit << 32) // norm)) for norm in squared_norms)


def relative_norms_q16(squared_norms: Sequence[int], limit: int) -> tuple[int, ...]:
    """Norms after clipping, as parts of the limit: min(1, sqrt(norm^2 / limit)) in Q16 rounded down. `limit` > 0."""
    return tuple(min(Q16_ONE, math.isqrt((norm << 32) // limit)) for norm in squared_norms)


def cosine_q30(product: int, squared_a: int, squared_b: int) -> int:
    """<a, b> / (|a| |b|) in Q30, rounded down and held within [-1, 1]; 0 when a vector is zero."""
    if squared_a == 0 or squared_b == 0:
        return 0
    return max(-Q30_ONE, min(Q30_ONE, (product << 30) // math.isqrt(squared_a * squared_b)))

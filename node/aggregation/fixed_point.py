"""The roundings and scales that all peers share. Python integers and int64 only.

Scales: a message's value is q * 2^(s - 40); weights are Q16 (2^16 = one); the state is int32 on a grid 2^-G per tensor.
An aggregate A = sum of w * (q << s) is therefore on the grid 2^-56, with |A| <= 2^16 * 2^8 * 2^32 = 2^56 for weights
that sum to one, and never above 2^58.
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
AGGREGATE_MAXIMUM: Final = 1 << 58
GUARD_BITS: Final = 8  # kept below the state's grid until the outer learning rate is applied
THETA_MINIMUM: Final = -(1 << 31)
THETA_MAXIMUM: Final = (1 << 31) - 1
_LOGARITHM_BITS: Final = 80
_LN_2: Final = 837_963_523_372_001_241_319_908  # ln 2 * 2^80


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
    """<a, b> / (|a| |b|) in Q30, rounded down and held within [-1, 1]; 0 when a vector is zero.

    A square below zero counts as zero: rounding makes one of what opposed updates mix to.
    """
    if squared_a <= 0 or squared_b <= 0:
        return 0
    return max(-Q30_ONE, min(Q30_ONE, (product << 30) // math.isqrt(squared_a * squared_b)))


def ln_q30(numerator: int, denominator: int) -> int:
    """ln(numerator / denominator) in Q30; both positive. Exactly odd: swapping the two changes the sign only.

    The ratio is halved e times to m in [1, 2); then ln = e ln 2 + 2 artanh z with z = (m - 1) / (m + 1) <= 1/3, as a
    series in integers of 80 fractional bits. Each of its at most 26 terms is off by less than 2^-77, so the answer is
    within 0.5 + 2^-40 units of Q30 for ratios from 2^-256 to 2^256. Raises ValueError unless both are positive.
    """
    if numerator <= 0 or denominator <= 0:
        raise ValueError(f"the logarithm of {numerator} / {denominator}")
    if numerator < denominator:
        return -ln_q30(denominator, numerator)
    exponent = numerator.bit_length() - denominator.bit_length()
    if numerator < denominator << exponent:
        exponent -= 1
    scaled = denominator << exponent
    z = ((numerator - scaled) << _LOGARITHM_BITS) // (numerator + scaled)
    square = (z * z) >> _LOGARITHM_BITS
    artanh, power, odd = 0, z, 1
    while power:
        artanh += power // odd
        power, odd = (power * square) >> _LOGARITHM_BITS, odd + 2
    logarithm = exponent * _LN_2 + 2 * artanh
    dropped = _LOGARITHM_BITS - 30
    return (logarithm + (1 << (dropped - 1))) >> dropped

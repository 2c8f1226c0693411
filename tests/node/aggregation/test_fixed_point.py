"""Roundings: against exact fractions."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.aggregation.fixed_point import (
    Q16_ONE,
    Q30_ONE,
    clip_factors_q16,
    cosine_q30,
    ln_q30,
    lower_median,
    relative_norms_q16,
    rshift_round_in_place,
)

NORMS = st.integers(1, 1 << 120)


@given(st.integers(-(1 << 61), 1 << 61), st.integers(1, 60))
def test_rshift_round_is_the_nearest_integer_halves_upward(value: int, bits: int) -> None:
    expected = floor(Fraction(value, 1 << bits) + Fraction(1, 2))
    values = np.array([value], dtype=np.int64)
    rshift_round_in_place(values, bits)
    assert values[0] == expected


def test_lower_median_takes_a_value_that_is_there() -> None:
    assert lower_median([5]) == 5
    assert lower_median([9, 1]) == 1
    assert lower_median([3, 1, 2]) == 2
    assert lower_median([4, 1, 3, 2]) == 2
    with pytest.raises(ValueError, match="no values"):
        lower_median([])


@given(NORMS, NORMS)
def test_clip_factor_is_the_root_of_the_ratio_rounded_down(norm: int, limit: int) -> None:
    (factor,) = clip_factors_q16([norm], limit)
    if norm <= limit:
        assert factor == Q16_ONE
    else:
        assert Fraction(factor, Q16_ONE) ** 2 <= Fraction(limit, norm) < Fraction(factor + 1, Q16_ONE) ** 2


@given(NORMS, NORMS)
def test_relative_norm_is_the_root_of_the_ratio_rounded_down(norm: int, limit: int) -> None:
    (part,) = relative_norms_q16([norm], limit)
    if norm >= limit:
        assert part == Q16_ONE
    else:
        assert Fraction(part, Q16_ONE) ** 2 <= Fraction(norm, limit) < Fraction(part + 1, Q16_ONE) ** 2


@given(
    st.lists(st.tuples(st.integers(-2047, 2047), st.integers(-2047, 2047)), min_size=1, max_size=50),
)
def test_cosine_agrees_with_floats_and_stays_in_range(pairs: list[tuple[int, int]]) -> None:
    product, a, b = sum(x * y for x, y in pairs), sum(x * x for x, _ in pairs), sum(y * y for _, y in pairs)
    cosine = cosine_q30(product, a, b)
    assert -Q30_ONE <= cosine <= Q30_ONE
    if a == 0 or b == 0:
        assert cosine == 0
    else:
        # The root of the product is rounded down once, at worst by one part in itself.
        assert abs(cosine / Q30_ONE - product / sqrt(a * b)) <= 2 / sqrt(a * b) + 2.0**-29
    assert cosine_q30(product, b, a) == cosine


def exact_ln_q30(numerator: int, denominator: int) -> Decimal:
    with localcontext(prec=120):
        return (Decimal(numerator).ln() - Decimal(denominator).ln()) * Q30_ONE


@given(st.integers(1, 1 << 128), st.integers(1, 1 << 128))
def test_logarithms_are_the_nearest_integers(numerator: int, denominator: int) -> None:
    error = abs(ln_q30(numerator, denominator) - exact_ln_q30(numerator, denominator))
    assert error <= Decimal("0.5") + Decimal(2) ** -40


@given(st.integers(1, 1 << 64))
def test_logarithms_are_odd_and_zero_at_one(number: int) -> None:
    assert ln_q30(number, number) == 0
    assert ln_q30(number, 7) == -ln_q30(7, number)


def test_known_logarithms() -> None:
    assert ln_q30(2, 1) == 744261118  # 0.693147180...
    assert ln_q30(99, 1) == 4933972369
    assert ln_q30(1, 100_000) == -12361909588


def test_there_is_no_logarithm_of_what_is_not_positive() -> None:
    for numerator, denominator in ((0, 1), (1, 0), (-1, -1)):
        with pytest.raises(ValueError, match="the logarithm"):
            ln_q30(numerator, denominator)

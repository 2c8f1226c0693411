"""The nearest thing a message can say, by exhaustive search on what is small enough for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.codec import quantise
from node.codec.update import SHIFT_MAXIMUM

MAGNITUDES = st.lists(st.integers(0, 1 << 39), min_size=1, max_size=9)
SCALES = sorted({mantissa << shift for mantissa in range(256) for shift in range(SHIFT_MAXIMUM + 1)})


def squared_error(magnitudes: list[int], values: list[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(magnitudes, values, strict=True))


@settings(max_examples=100, deadline=None)
@given(magnitudes=MAGNITUDES)
def test_one_scale_has_the_least_error_of_all_scales(magnitudes: list[int]) -> None:
    scales = quantise.one_scale(np.array([magnitudes]))
    found = squared_error(magnitudes, [int(scales.low[0]) << int(scales.shifts[0])] * len(magnitudes))
    assert found == min(squared_error(magnitudes, [scale] * len(magnitudes)) for scale in SCALES)


@settings(max_examples=100, deadline=None)
@given(magnitudes=MAGNITUDES)
def test_two_scales_are_never_worse_than_one(magnitudes: list[int]) -> None:
    one, two = quantise.one_scale(np.array([magnitudes])), quantise.two_scales(np.array([magnitudes]))
    shift = int(two.shifts[0])
    chosen = np.where(two.levels[0], two.high[0], two.low[0]).tolist()
    single = int(one.low[0]) << int(one.shifts[0])
    # Rounding the lower mean to the upper one's grid may cost up to half a step an entry, no more.
    slack = len(magnitudes) * (1 << shift) ** 2
    assert squared_error(magnitudes, [mantissa << shift for mantissa in chosen]) <= slack + squared_error(
        magnitudes, [single] * len(magnitudes)
    )


def test_two_groups_of_magnitudes_get_a_scale_each() -> None:
    magnitudes = np.array([[1000 << 20, 10 << 20, 1000 << 20, 10 << 20, 10 << 20]])
    scales = quantise.two_scales(magnitudes)
    assert (int(scales.low[0]) << int(scales.shifts[0])) == pytest.approx(10 << 20, rel=0.2)
    assert (int(scales.high[0]) << int(scales.shifts[0])) == pytest.approx(1000 << 20, rel=0.002)
    assert scales.levels[0].tolist() == [True, False, True, False, False]


def test_equal_magnitudes_are_written_with_one_mantissa() -> None:
    scales = quantise.two_scales(np.full((1, 64), 12_345_678))
    assert scales.low[0] == scales.high[0]
    assert not scales.levels.any()


def test_values_above_the_largest_scale_take_the_largest_scale() -> None:
    magnitudes = quantise.grid_magnitudes(np.full((1, 8), 20, dtype=np.float32))
    for scales in (quantise.one_scale(magnitudes), quantise.two_scales(magnitudes)):
        assert (scales.low[0], scales.high[0], scales.shifts[0]) == (255, 255, SHIFT_MAXIMUM)
    mantissas, shifts = quantise.dense(np.array([[20, -20]], dtype=np.float32))
    assert (mantissas.tolist(), shifts.tolist()) == ([[127, -127]], [SHIFT_MAXIMUM])


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.floats(-0.375, 0.375, width=32), min_size=1, max_size=20))
def test_dense_values_are_off_by_half_a_step_at_most(values: list[float]) -> None:
    mantissas, shifts = quantise.dense(np.array([values], dtype=np.float32))
    step = 2.0 ** (int(shifts[0]) - 40)
    assert np.abs(mantissas[0] * step - np.array(values)).max() <= step / 2 + 2.0**-41
    assert shifts[0] == 0 or np.abs(mantissas[0]).max() >= 63, "no finer step would do"

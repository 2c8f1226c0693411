"""Histories: exact, linear where it counts, and near enough to whole models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from node.aggregation.fixed_point import Q30_ONE
from node.aggregation.sketch import CountSketch
from node.manifest import Layout, TensorSpec
from node.neighbourhood.history import cosines_q30, history_of, narrowed

D = 5000
LAYOUT = Layout.of((TensorSpec("a", (D,), 0),))
SKETCH = CountSketch(1024, b"key")
START = np.zeros(D, dtype=np.int32)
GOLDEN = [14648, -12695, 7812, 23437, 0, -11230, 13183, 18554, 3906, -3417, -24414, 30761, 15625, -8789, -2929, -31250]


def model(seed: int) -> npt.NDArray[np.int32]:
    return np.random.default_rng(seed).integers(-(1 << 24), 1 << 24, D).astype(np.int32)


def test_the_sum_of_all_moves_has_the_history_of_the_newest_model() -> None:
    moves = [model(seed) >> 4 for seed in range(5)]
    total = sum(SKETCH.of_entries(np.arange(D), move.astype(np.int64)) for move in moves)
    newest = np.sum(moves, axis=0).astype(np.int32)
    assert np.array_equal(history_of(newest, START, LAYOUT, SKETCH), narrowed(np.asarray(total)))


def test_what_all_share_makes_nobody_alike() -> None:
    start = model(9)
    histories = [history_of(start + (model(seed) >> 10), start, LAYOUT, SKETCH) for seed in (1, 2)]
    assert abs(cosines_q30(histories)[0][1]) < 0.15 * Q30_ONE


def test_cosines_of_histories_are_near_those_of_models() -> None:
    common = model(0).astype(np.int64)
    models = [((common * a + model(seed) * (4 - a)) // 8).astype(np.int32) for seed, a in ((1, 1), (2, 2), (3, 3))]
    cosines = cosines_q30([history_of(item, START, LAYOUT, SKETCH) for item in models])
    unit = np.array([item / np.linalg.norm(item.astype(float)) for item in models])
    assert np.abs(np.array(cosines) / Q30_ONE - unit @ unit.T).max() < 4 / np.sqrt(SKETCH.buckets)


def test_equal_models_are_exactly_alike_at_any_scale() -> None:
    one = history_of(model(1), START, LAYOUT, SKETCH)
    assert cosines_q30([one, one.copy()]) == [[Q30_ONE, Q30_ONE], [Q30_ONE, Q30_ONE]]
    assert cosines_q30([one, narrowed(one.astype(np.int64) << 40)])[0][1] == Q30_ONE


def test_extreme_models_neither_overflow_nor_divide_by_zero() -> None:
    lowest = np.full(D, -(1 << 31), dtype=np.int32)
    highest = np.full(D, (1 << 31) - 1, dtype=np.int32)
    histories = [history_of(lowest, highest, LAYOUT, SKETCH), history_of(START, START, LAYOUT, SKETCH)]
    assert np.abs(histories[0].astype(int)).max() < 1 << 15
    assert cosines_q30(histories) == [[Q30_ONE, 0], [0, 0]]
    assert cosines_q30([]) == []


def test_tensors_are_compared_on_one_grid() -> None:
    fine, coarse = TensorSpec("a", (D,), 0, grid_bits=26), TensorSpec("b", (1,), 0, grid_bits=20)
    layout = Layout.of((fine, coarse))
    theta = np.append((model(1) >> 6) << 6, 0).astype(np.int32)
    moved = SKETCH.of_entries(np.arange(D), (theta[:D] >> 6).astype(np.int64))
    assert np.array_equal(history_of(theta, np.zeros(D + 1, dtype=np.int32), layout, SKETCH), narrowed(moved))


def test_golden_history() -> None:
    tiny = CountSketch(16, b"golden")
    layout = Layout.of((TensorSpec("a", (40,), 0),))
    theta = (np.arange(40) * 1_000_003).astype(np.int32)
    assert history_of(theta, np.zeros(40, dtype=np.int32), layout, tiny).tolist() == GOLDEN


@pytest.mark.parametrize("value", [0, 1, -1, 32767, -32767, 32768, -32768, (1 << 62)])
def test_narrowing_keeps_signs_and_sixteen_bits(value: int) -> None:
    narrow = int(narrowed(np.array([value], dtype=np.int64))[0])
    assert abs(narrow) < 1 << 15
    assert np.sign(narrow) == np.sign(value)

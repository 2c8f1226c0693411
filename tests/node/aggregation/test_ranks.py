"""Ranks and means of ranks: against sorting, against fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.entries import Int64
from node.aggregation.ranks import MOST_ROWS, comparators, mean_of_nearest, network, ranked, rounded_mean, total

LARGEST = 255 << 40


def zeros_and_ones(n: int) -> Int64:
    """Every column of n zeros and ones: a network that sorts these sorts everything (Knuth, 5.3.4, theorem Z)."""
    return np.array(list(itertools.product([0, 1], repeat=n)), dtype=np.int64).T.copy()


@pytest.mark.parametrize("n", range(1, 13))
def test_every_rank_is_found(n: int) -> None:
    values = zeros_and_ones(n)
    assert np.array_equal(ranked(values, exact=range(n)), np.sort(values, axis=0))


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
def test_any_ranks_and_any_sum_of_ranks_can_be_asked_for(n: int) -> None:
    values = zeros_and_ones(n)
    expected = np.sort(values, axis=0)
    for start, stop in itertools.combinations(range(n + 1), 2):
        summed = range(start, stop)
        others = [rank for rank in range(n) if rank not in summed]
        rows = ranked(values, exact=others, summed=summed)
        assert all(np.array_equal(rows[rank], expected[rank]) for rank in others)
        assert np.array_equal(total([rows[rank] for rank in summed]), expected[start:stop].sum(axis=0))
        alone = ranked(values, summed=summed)
        assert np.array_equal(total([alone[rank] for rank in summed]), expected[start:stop].sum(axis=0))


def test_many_rows_of_large_values_are_sorted() -> None:
    values = np.random.default_rng(1).integers(-LARGEST, LARGEST + 1, size=(128, 50))
    assert np.array_equal(ranked(values, exact=range(128)), np.sort(values, axis=0))


def test_values_given_are_not_changed() -> None:
    values = zeros_and_ones(5)
    copy = values.copy()
    ranked(values, exact=range(5))
    assert np.array_equal(values, copy)


def test_who_asks_for_less_pays_less() -> None:
    assert len(comparators(20)) == 97  # of merge exchange with 20 rows
    full = network(20, frozenset(range(20)), frozenset())
    middle = network(20, frozenset(), frozenset({9, 10}))
    assert sum(step.wants_low + step.wants_high for step in full) == 2 * 97
    assert sum(step.wants_low + step.wants_high for step in middle) < 150
    assert network(20, frozenset(), frozenset(range(20))) == network(20, frozenset(), frozenset()) == ()


def test_more_rows_than_a_sum_has_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match=rf"{MOST_ROWS + 1} rows, at most {MOST_ROWS}"):
        ranked(np.zeros((MOST_ROWS + 1, 1), dtype=np.int64))


@settings(max_examples=200, deadline=None)
@given(st.integers(-(1 << 62) + 1, (1 << 62) - 1), st.integers(1, MOST_ROWS))
def test_means_are_rounded_to_the_nearest_halves_upward(value: int, count: int) -> None:
    (mean,) = rounded_mean(np.array([value]), count).tolist()
    assert mean == floor(Fraction(value, count) + Fraction(1, 2))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-9, 9) | st.integers(-LARGEST, LARGEST), min_size=1, max_size=9),
    st.integers(-20, 20) | st.integers(-2 * LARGEST, 2 * LARGEST),
    st.data(),
)
def test_the_nearest_are_averaged_and_the_smaller_of_two_equally_near(
    values: list[int], doubled: int, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, len(values)))
    nearest = sorted(values, key=lambda value: (abs(2 * value - doubled), value))[:kept]
    rows = list(np.sort(np.array(values, dtype=np.int64))[:, None])
    (mean,) = mean_of_nearest(rows, np.array([doubled]), kept).tolist()
    assert mean == floor(Fraction(sum(nearest), kept) + Fraction(1, 2))

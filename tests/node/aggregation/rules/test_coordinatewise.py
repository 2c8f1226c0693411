"""Median, trimmed mean, MeaMed and Phocas: against their definitions in fractions, and against numpy and scipy.

Shape legend: n = inputs, b = coordinates.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import floor

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.entries import Int64
from node.aggregation.rules import WEIGHT_ONE, CoordinateRule, parse_rule
from node.aggregation.rules.base import identity
from node.aggregation.rules.meamed import Meamed
from node.aggregation.rules.median import Median
from node.aggregation.rules.phocas import Phocas
from node.aggregation.rules.trimmed_mean import TrimmedMean
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import context_of, gram_of

LARGEST = 255 << 40  # what a message can hold: 255 << 32 times 2^16, less 8 bits


def trimmed(values: Sequence[int], f: int) -> Fraction:
    """Mean without the f smallest and the f largest."""
    kept = sorted(values)[f : len(values) - f]
    return Fraction(sum(kept), len(kept))


def mean_around(centre: Fraction, values: Sequence[int], f: int) -> Fraction:
    """Mean of the n - f nearest, the smaller of two equally near first."""
    nearest = sorted(values, key=lambda value: (abs(value - centre), value))[: len(values) - f]
    return Fraction(sum(nearest), len(nearest))


def exact_median(values: Sequence[int]) -> Fraction:
    """Median, the mean of the two in the middle where there are two."""
    return Fraction(statistics.median(map(Fraction, values)))


DEFINITIONS: Mapping[str, Callable[[Sequence[int], int], Fraction]] = {
    "median": lambda values, f: exact_median(values),
    "trimmed-mean": trimmed,
    "meamed": lambda values, f: mean_around(exact_median(values), values, f),
    "phocas": lambda values, f: mean_around(trimmed(values, f), values, f),
}


def rule_with(name: str, f: int) -> CoordinateRule:
    """The rule, told f where it wants to know."""
    rule = parse_rule(name if name == "median" else f"{name}(f={f})")
    assert isinstance(rule, CoordinateRule)
    return rule


def one(rule: CoordinateRule, values: Sequence[int]) -> int:
    """What a rule makes of one coordinate."""
    (value,) = rule.combine(np.array(values, dtype=np.int64)[:, None]).tolist()
    return int(value)


def random_values(n: int, seed: int) -> Int64:
    """int64 (n, 300): full of ties, around nothing, up to the largest."""
    draw = np.random.default_rng([seed, n])
    parts = [draw.integers(-limit, limit + 1, size=(n, 100)) for limit in (3, 1 << 20, LARGEST)]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_rule_is_its_definition_rounded_to_the_nearest(name: str, data: st.DataObject) -> None:
    coordinate = st.integers(-4, 4) | st.sampled_from([-LARGEST, LARGEST]) | st.integers(-LARGEST, LARGEST)
    values = data.draw(st.lists(coordinate, min_size=1, max_size=17))
    f = data.draw(st.integers(0, (len(values) - 1) // 2))
    assert one(rule_with(name, f), values) == floor(DEFINITIONS[name](values, f) + Fraction(1, 2))


@pytest.mark.parametrize("n", [1, 2, 7, 20, 128])
def test_libraries_say_the_same_of_values_that_float64_holds(n: int) -> None:
    f = (n - 1) // 3
    values = np.random.default_rng(n).integers(-(1 << 40), 1 << 40, size=(n, 500))
    assert np.array_equal(Median().combine(values), np.floor(np.median(values, axis=0) + 0.5))
    by_scipy = scipy.stats.trim_mean(values.astype(np.float64), (f + 0.5) / n if f else 0.0, axis=0)
    assert np.abs(TrimmedMean(f).combine(values) - by_scipy).max() < 0.51


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("n", [1, 5, 15, 20, 128])
def test_order_does_not_matter_and_values_are_not_changed(name: str, n: int) -> None:
    rule, values = rule_with(name, n // 4), random_values(n, 1)
    copy = values.copy()
    expected = rule.combine(values)
    assert np.array_equal(values, copy)
    for seed in range(3):
        assert np.array_equal(rule.combine(np.random.default_rng(seed).permutation(values)), expected)


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("n", [1, 2, 15, 128])
@pytest.mark.parametrize("value", [0, 1, -1, LARGEST, -LARGEST])
def test_identical_values_come_through(name: str, n: int, value: int) -> None:
    assert one(rule_with(name, (n - 1) // 2), [value] * n) == value


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("huge", [LARGEST, -LARGEST])
def test_a_minority_of_any_size_moves_nothing_beyond_the_honest_values(name: str, huge: int) -> None:
    honest = [97, 98, 99, 100, 101, 102, 103]
    for f in range(7):
        assert 97 <= one(rule_with(name, f), [*honest, *[huge] * f]) <= 103


def test_of_two_equally_near_the_smaller_counts() -> None:
    assert one(Meamed(1), [0, 10, 20]) == 5
    assert one(Phocas(1), [0, 10, 20]) == 5


def test_nearness_is_decided_before_rounding() -> None:
    # The median is 3.5: 0 is nearer than 8. From 4, as it would be rounded, they were equally near and -1 would be too.
    assert one(Meamed(2), [-1, 0, 3, 4, 7, 8]) == floor((0 + 3 + 4 + 7) / 4 + 0.5)
    # The trimmed mean is 4/3.
    assert one(Phocas(1), [-1, 0, 1, 3, 4]) == floor((-1 + 0 + 1 + 3) / 4 + 0.5)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_everybody_is_paid_alike_and_nothing_is_mixed(name: str) -> None:
    rule, gram = rule_with(name, 2), gram_of(peers(7))
    assert rule.weights(gram, context_of(7)) == (WEIGHT_ONE // 7,) * 7
    assert rule.mixing(gram, context_of(7)) == identity(7)


@pytest.mark.parametrize("rule", [TrimmedMean(3), Meamed(3), Phocas(3)])
def test_bounds_are_refused_with_their_numbers(rule: CoordinateRule) -> None:
    rule.check_seats(7)
    name = rule.name.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(RuleError, match=rf"{name} needs n >= 2 f \+ 1 = 7 seats, got 6: with 6 seats f is at most 2"):
        rule.check_seats(6)
    for asked in (
        lambda: rule.weights(gram_of(peers(6)), context_of(6)),
        lambda: rule.mixing(gram_of(peers(6)), context_of(6)),
        lambda: rule.combine(random_values(6, 0)),
    ):
        with pytest.raises(RuleError, match=f"{name} needs at least 7 inputs, got 6"):
            asked()


def test_the_median_of_nothing_is_refused() -> None:
    with pytest.raises(RuleError, match="median needs at least 1 seat, got 0"):
        Median().check_seats(0)
    with pytest.raises(RuleError, match="median needs at least 1 input, got 0"):
        Median().combine(np.zeros((0, 3), dtype=np.int64))

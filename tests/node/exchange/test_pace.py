"""Deadlines follow what was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.exchange.pace import MINIMUM_SECONDS, Pace


def test_knows_nothing_at_first() -> None:
    assert Pace().expected_seconds(1 << 20) == 0.0
    assert Pace().patience_seconds(1 << 20) == MINIMUM_SECONDS


def test_converges_to_a_steady_peer() -> None:
    pace = Pace()
    for _ in range(100):
        pace.observe(first_byte_seconds=0.5, total_seconds=0.5 + 2.0, count_bytes=1 << 20)
    assert pace.expected_seconds(1 << 20) == pytest.approx(2.5)
    assert pace.expected_seconds(0) == pytest.approx(0.5)
    assert pace.patience_seconds(1 << 20) == pytest.approx(0.5 + 4 * 2.0, rel=1e-3)


def test_a_jittery_swarm_is_given_more_time_than_a_steady_one() -> None:
    steady, jittery = Pace(), Pace()
    for index in range(200):
        steady.observe(2.0, 2.0, 100)
        jittery.observe(1.0 if index % 2 else 3.0, 3.0, 100)
    assert jittery.patience_seconds(100) > 2 * steady.patience_seconds(100)


def test_small_answers_say_nothing_about_throughput() -> None:
    pace = Pace()
    pace.observe(0.1, 5.0, 100)
    assert pace.seconds_per_byte is None


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.integers(0, 1 << 20)), max_size=50),
    st.integers(0, 1 << 20),
)
def test_is_never_impatient_beyond_reason(samples: list[tuple[float, float, int]], count_bytes: int) -> None:
    pace = Pace()
    for first, rest, size in samples:
        pace.observe(first, first + rest, size)
    assert pace.patience_seconds(count_bytes) >= MINIMUM_SECONDS
    assert 0 <= pace.expected_seconds(count_bytes) <= pace.patience_seconds(count_bytes)

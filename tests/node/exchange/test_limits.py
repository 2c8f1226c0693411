"""Token buckets: what a client may ask, whatever others do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.exchange.limits import GatewayLimits, RateLimiter

LIMITS = GatewayLimits(requests_per_second=10, bytes_per_second=1000, burst_seconds=2)


def test_a_burst_then_the_rate() -> None:
    limiter = RateLimiter(LIMITS)
    assert [limiter.admit("a", 0.0) for _ in range(20)] == [0.0] * 20
    assert limiter.admit("a", 0.0) == pytest.approx(0.1)
    assert limiter.admit("a", 0.1) == 0.0
    assert limiter.admit("a", 0.1) > 0


def test_bytes_may_be_overdrawn_once_and_are_waited_for() -> None:
    limiter = RateLimiter(LIMITS)
    assert limiter.admit("a", 0.0) == 0.0
    limiter.spend("a", 5000, 0.0)
    wait = limiter.admit("a", 0.0)
    assert wait == pytest.approx(3.1)
    assert limiter.admit("a", wait) == 0.0


def test_one_client_does_not_take_from_another() -> None:
    limiter = RateLimiter(LIMITS)
    while limiter.admit("a", 0.0) == 0.0:
        pass
    assert limiter.admit("b", 0.0) == 0.0


def test_a_clock_that_steps_back_gives_nothing() -> None:
    limiter = RateLimiter(LIMITS)
    while limiter.admit("a", 100.0) == 0.0:
        pass
    assert limiter.admit("a", 50.0) > 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_never_admits_more_than_rate_and_burst(pauses: list[float]) -> None:
    limiter, now, admitted = RateLimiter(LIMITS), 0.0, 0
    for pause in pauses:
        now += pause
        admitted += limiter.admit("a", now) == 0.0
    assert admitted <= 20 + 10 * now + 1


def test_forgets_clients_beyond_a_bound() -> None:
    limiter = RateLimiter(LIMITS)
    for index in range(10_000):
        limiter.admit(f"client {index}", 0.0)
    assert len(limiter._buckets) == 4096

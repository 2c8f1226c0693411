"""Rewards: proportional, rounded down, capped, never above the pool."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.aggregation.rewards import accumulate, address_bytes, share_pool

ONE = 1 << 16
SCORES = st.lists(st.integers(0, 1 << 46), max_size=130)
POOL = st.integers(0, 10**27)


@given(SCORES, POOL, st.integers(1, ONE))
def test_rewards_never_sum_above_the_pool_nor_one_above_its_cap(scores: list[int], pool: int, cap: int) -> None:
    rewards = share_pool(scores, pool, cap)
    assert sum(rewards) <= pool
    assert all(0 <= reward * ONE <= pool * cap for reward in rewards)
    assert all(reward == 0 for reward, score in zip(rewards, scores, strict=True) if score == 0)


@given(SCORES, POOL)
def test_uncapped_rewards_are_proportional_to_less_than_a_wei(scores: list[int], pool: int) -> None:
    rewards = share_pool(scores, pool, ONE)
    for reward, score in zip(rewards, scores, strict=True):
        if sum(scores):
            assert 0 <= Fraction(pool * score, sum(scores)) - reward < 1


def test_what_is_over_the_cap_goes_to_nobody() -> None:
    assert share_pool([90, 10], 1000, ONE // 4) == (250, 100)


def test_nobody_earns_when_nobody_scores() -> None:
    assert share_pool([0, 0], 10**18, ONE) == (0, 0)
    assert share_pool([], 10**18, ONE) == ()


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        share_pool([1, -1], 10, ONE)
    with pytest.raises(ValueError, match="negative"):
        share_pool([1], -10, ONE)


def test_totals_accumulate_by_account_and_sort_by_address_bytes() -> None:
    a, b, c, d = ("0x" + digit * 40 for digit in "aB1f")
    totals = accumulate({d: 5, a: 1, c: 0}, [b, b, c, a], [10, 20, 0, 0])
    assert list(totals.items()) == [(a, 1), (b, 30), (d, 5)]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1 << 100)), st.lists(st.integers(0, 1 << 90), max_size=9)
)
def test_no_wei_is_made_or_lost(earned: dict[str, int], rewards: list[int]) -> None:
    before = {"0x" + name * 40: amount for name, amount in earned.items()}
    owners = ["0x" + "abcdefabc"[i] * 40 for i in range(len(rewards))]
    totals = accumulate(before, owners, rewards)
    assert sum(totals.values()) == sum(before.values()) + sum(rewards)
    assert all(totals.get(account, 0) >= amount for account, amount in before.items())


def test_addresses_have_twenty_bytes() -> None:
    assert address_bytes("0x" + "0f" * 20) == b"\x0f" * 20
    with pytest.raises(ValueError, match="expected 20"):
        address_bytes("0x0f")

"""The pool and the clock as plain values: order, gaps, replacement, and times that only move forward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest
from eth.abc import SignedTransactionAPI
from hypothesis import given
from hypothesis import strategies as st

from devnet.clock import ChainClock
from devnet.errors import TransactionRejected
from devnet.pool import Pool

BASE_FEE = 10


@dataclass(frozen=True)
class Transaction:
    """As much of a transaction as the pool looks at."""

    sender: bytes
    nonce: int
    max_fee_per_gas: int = BASE_FEE
    max_priority_fee_per_gas: int = 1
    gas: int = 21_000
    value: int = 0

    @property
    def hash(self) -> bytes:
        """Unique enough."""
        return repr(self).encode()


def transaction(sender: int, nonce: int, fee: int = BASE_FEE) -> SignedTransactionAPI:
    """A stand-in for py-evm's."""
    return cast(SignedTransactionAPI, Transaction(bytes([sender]), nonce, fee))


def nonces(known: dict[int, int]) -> Callable[[bytes], int]:
    """State nonces by sender."""
    return lambda sender: known.get(sender[0], 0)


arrivals = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([BASE_FEE - 1, BASE_FEE])),
    unique_by=lambda t: t[:2],
)


@given(arrivals, st.dictionaries(st.integers(0, 3), st.integers(0, 3)))
def test_executable_is_exactly_the_gapless_affordable_run_of_each_sender(
    sent: list[tuple[int, int, int]], known: dict[int, int]
) -> None:
    pool = Pool()
    for sender, nonce, fee in sent:
        pool.add(transaction(sender, nonce, fee))
    taken = [(item.sender[0], item.nonce) for item in pool.executable(BASE_FEE, nonces(known))]
    fees = {(sender, nonce): fee for sender, nonce, fee in sent}
    expected = set()
    for sender in range(4):
        nonce = known.get(sender, 0)
        while fees.get((sender, nonce)) == BASE_FEE:
            expected.add((sender, nonce))
            nonce += 1
    assert set(taken) == expected
    assert len(taken) == len(expected)
    by_sender = defaultdict(list)
    for sender, nonce in taken:
        by_sender[sender].append(nonce)
    assert all(run == sorted(run) for run in by_sender.values())


@given(arrivals)
def test_of_two_that_are_ready_the_earlier_arrival_comes_first(sent: list[tuple[int, int, int]]) -> None:
    pool = Pool()
    for sender, nonce, _ in sent:
        pool.add(transaction(sender, nonce))
    order = [(sender, nonce) for sender, nonce, _ in sent]
    taken = [(item.sender[0], item.nonce) for item in pool.executable(BASE_FEE, nonces({}))]
    ready = dict.fromkeys(range(4), 0)
    for chosen in taken:
        candidates = [(sender, nonce) for sender, nonce in ready.items() if (sender, nonce) in order]
        assert chosen == min(candidates, key=order.index)
        ready[chosen[0]] += 1


@given(arrivals, st.dictionaries(st.integers(0, 3), st.integers(0, 6)))
def test_used_nonces_are_dropped_and_the_rest_stays(sent: list[tuple[int, int, int]], known: dict[int, int]) -> None:
    pool = Pool()
    for sender, nonce, _ in sent:
        pool.add(transaction(sender, nonce))
    pool.drop_stale(nonces(known))
    kept = [entry for entry in sent if entry[1] >= known.get(entry[0], 0)]
    assert len(pool) == len(kept)
    assert all(pool.get(transaction(sender, nonce).hash) is not None for sender, nonce, _ in kept)


def test_the_next_nonce_skips_what_waits_without_a_gap() -> None:
    pool = Pool()
    for nonce in (3, 4, 6):
        pool.add(transaction(1, nonce))
    assert [pool.next_nonce(b"\1", state) for state in (2, 3, 5, 6)] == [2, 5, 5, 7]


def test_a_full_pool_refuses_more_but_still_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devnet.pool.MAXIMUM_PENDING", 1)
    pool = Pool()
    pool.add(transaction(1, 0))
    with pytest.raises(TransactionRejected, match="txpool is full"):
        pool.add(transaction(2, 0))
    replacement = cast(SignedTransactionAPI, Transaction(b"\1", 0, 2 * BASE_FEE, 2))
    pool.add(replacement)
    assert list(pool.executable(BASE_FEE, nonces({}))) == [replacement]


@given(st.lists(st.tuples(st.sampled_from(["block", "wait", "advance", "force"]), st.integers(1, 100)), max_size=30))
def test_block_times_strictly_increase_whatever_is_done_to_the_clock(actions: list[tuple[str, int]]) -> None:
    wall = 1_000.25
    clock = ChainClock(lambda: wall)
    head = 1_000
    for action, amount in actions:
        if action == "wait":
            wall += amount / 10
        elif action == "advance":
            clock.advance(amount, head)
            assert clock.next_timestamp(head) >= head + amount or clock.is_forced
        elif action == "force":
            clock.force(head + amount)
            assert clock.next_timestamp(head) == head + amount
        else:
            following = clock.next_timestamp(head)
            assert following > head
            clock.block_built(following, clock.offset_after(following))
            head = following

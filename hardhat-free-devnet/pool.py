"""Transactions that wait for a block, as geth's pool keeps them; a plain value without clock, chain or lock.

First come, first served: among the transactions that can run, the order of arrival decides, not the tip, so that
whoever tests a race sees the order in which it sent. One sender's transactions run by nonce; a gap makes them wait.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eth.abc import SignedTransactionAPI

from devnet.errors import TransactionRejected

MAXIMUM_PENDING = 20_000
REPLACEMENT_PERCENT = 110


@dataclass(frozen=True)
class Pending:
    """One waiting transaction; `arrival` counts up from 0."""

    arrival: int
    transaction: SignedTransactionAPI

    @property
    def cost_wei(self) -> int:
        """The most it can take from its sender."""
        return self.transaction.gas * self.transaction.max_fee_per_gas + self.transaction.value


class Pool:
    """Waiting transactions by sender and nonce. `_cost_wei`: the sum over each sender's."""

    def __init__(self) -> None:
        self._cost_wei: dict[bytes, int] = {}
        self._by_sender: dict[bytes, dict[int, Pending]] = {}
        self._by_hash: dict[bytes, Pending] = {}
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._by_hash)

    def add(self, transaction: SignedTransactionAPI) -> None:
        """Take a transaction in; one with the same sender and nonce is replaced if this one pays 10% more.

        Raises TransactionRejected.
        """
        if transaction.hash in self._by_hash:
            raise TransactionRejected("already known")
        waiting = self._by_sender.setdefault(transaction.sender, {})
        previous = waiting.get(transaction.nonce)
        if previous is not None:
            _require_higher_fees(previous.transaction, transaction)
            self.remove(previous.transaction)
            waiting = self._by_sender.setdefault(transaction.sender, {})
        elif len(self._by_hash) >= MAXIMUM_PENDING:
            if not waiting:
                del self._by_sender[transaction.sender]
            raise TransactionRejected(f"txpool is full: {MAXIMUM_PENDING} transactions wait")
        pending = Pending(self._arrivals, transaction)
        self._arrivals += 1
        waiting[transaction.nonce] = pending
        self._cost_wei[transaction.sender] = self._cost_wei.get(transaction.sender, 0) + pending.cost_wei
        self._by_hash[transaction.hash] = pending

    def remove(self, transaction: SignedTransactionAPI) -> None:
        """Forget a transaction; nothing happens when it is not there."""
        pending = self._by_hash.pop(transaction.hash, None)
        if pending is None:
            return
        waiting = self._by_sender[transaction.sender]
        del waiting[transaction.nonce]
        self._cost_wei[transaction.sender] -= pending.cost_wei
        if not waiting:
            del self._by_sender[transaction.sender], self._cost_wei[transaction.sender]

    def get(self, transaction_hash: bytes) -> SignedTransactionAPI | None:
        """A waiting transaction, or None."""
        pending = self._by_hash.get(transaction_hash)
        return None if pending is None else pending.transaction

    def transactions(self) -> list[SignedTransactionAPI]:
        """Everything that waits, in order of arrival."""
        return [pending.transaction for pending in sorted(self._by_hash.values(), key=lambda item: item.arrival)]

    def clear(self) -> None:
        """Forget everything."""
        self._by_sender.clear()
        self._cost_wei.clear()
        self._by_hash.clear()

    def next_nonce(self, sender: bytes, state_nonce: int) -> int:
        """The first nonce from `state_nonce` on that the sender has not used here yet."""
        waiting = self._by_sender.get(sender, {})
        while state_nonce in waiting:
            state_nonce += 1
        return state_nonce

    def queued_cost_wei(self, sender: bytes, *, besides_nonce: int) -> int:
        """The most a sender's waiting transactions can take, without the one of this nonce."""
        replaced = self._by_sender.get(sender, {}).get(besides_nonce)
        return self._cost_wei.get(sender, 0) - (0 if replaced is None else replaced.cost_wei)

    def drop_stale(self, nonce_of: Callable[[bytes], int]) -> None:
        """Forget transactions whose nonce the chain has used up."""
        for sender in list(self._by_sender):
            next_nonce = nonce_of(sender)
            stale = [pending for nonce, pending in self._by_sender[sender].items() if nonce < next_nonce]
            for pending in stale:
                self.remove(pending.transaction)

    def executable(self, base_fee: int, nonce_of: Callable[[bytes], int]) -> Iterator[SignedTransactionAPI]:
        """What can run on a state, in the order in which a block takes it."""
        ready: list[tuple[int, bytes, int]] = []

        def offer(sender: bytes, nonce: int) -> None:
            pending = self._by_sender[sender].get(nonce)
            if pending is not None and pending.transaction.max_fee_per_gas >= base_fee:
                heapq.heappush(ready, (pending.arrival, sender, nonce))

        for sender in self._by_sender:
            offer(sender, nonce_of(sender))
        while ready:
            _, sender, nonce = heapq.heappop(ready)
            yield self._by_sender[sender][nonce].transaction
            offer(sender, nonce + 1)


def _require_higher_fees(old: SignedTransactionAPI, new: SignedTransactionAPI) -> None:
    fee = -(-old.max_fee_per_gas * REPLACEMENT_PERCENT // 100)
    tip = -(-old.max_priority_fee_per_gas * REPLACEMENT_PERCENT // 100)
    if new.max_fee_per_gas < fee or new.max_priority_fee_per_gas < tip:
        raise TransactionRejected(
            f"replacement transaction underpriced: maxFeePerGas {new.max_fee_per_gas}, needed {fee}; "
            f"maxPriorityFeePerGas {new.max_priority_fee_per_gas}, needed {tip}"
        )

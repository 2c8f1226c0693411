"""How a round's pool is shared, in wei. Rounded down everywhere, so the sum never exceeds the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from node.aggregation.fixed_point import Q16_ONE

AccountT = TypeVar("AccountT", bound=str)


def share_pool(scores: Sequence[int], pool_wei: int, share_cap_q16: int) -> tuple[int, ...]:
    """Split the pool in proportion to scores (n,), each share capped; what is over a cap is given to nobody."""
    if pool_wei < 0 or any(score < 0 for score in scores):
        raise ValueError(f"pool {pool_wei} and scores {list(scores)} must not be negative")
    total = sum(scores)
    if total == 0:
        return (0,) * len(scores)
    cap_wei = pool_wei * share_cap_q16 // Q16_ONE
    return tuple(min(cap_wei, pool_wei * score // total) for score in scores)


def accumulate(
    earned: Mapping[AccountT, int], owners: Sequence[AccountT], rewards_wei: Sequence[int]
) -> dict[AccountT, int]:
    """Total ever earned by account after this round, accounts with nothing left out, sorted by address bytes.

    `earned`: totals before. `owners`, `rewards_wei`: owner and reward of each seat.
    """
    totals = dict(earned)
    for owner, reward in zip(owners, rewards_wei, strict=True):
        totals[owner] = totals.get(owner, 0) + reward
    positive = [account for account, total in totals.items() if total > 0]
    return {account: totals[account] for account in sorted(positive, key=address_bytes)}


def address_bytes(account: str) -> bytes:
    """20 bytes of an 0x address. Raises ValueError."""
    data = bytes.fromhex(account.removeprefix("0x"))
    if len(data) != 20:
        raise ValueError(f"address {account} has {len(data)} bytes, expected 20")
    return data

"""What a round pays, computed again, as `src/libraries/Shares.sol` does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from contracts.disputes import Arithmetic, Case, Earned
from contracts.values import ZERO_ADDRESS
from node.aggregation.rewards import accumulate, address_bytes, share_pool
from node.fraud.facts import Facts, ProofRefused, base_reward_root, check_arithmetic
from node.merkle import StandardTree
from node.rounds.outcome import PackedContribution, RewardLeaf, reward_leaf


def is_reward_wrong(
    case: Case,
    facts: Facts,
    contributions: Sequence[PackedContribution],
    arithmetic: Arithmetic,
    earned: Sequence[Earned],
) -> bool:
    """Whether a reward or the reward root is another than follows from scores and what was earned before.

    Raises ProofRefused.
    """
    check_arithmetic(arithmetic, facts)
    shares = share_pool([item.score for item in contributions], facts.pool_wei, arithmetic.share_cap_q16)
    if list(shares) != [item.reward_wei for item in contributions]:
        return True
    before = [RewardLeaf(item.account, item.cumulative) for item in earned]
    if _root(before) != base_reward_root(case):
        raise ProofRefused("Disputes_WrongRewards")
    if any(address_bytes(a.account) >= address_bytes(b.account) for a, b in pairwise(earned)):
        raise ProofRefused("Disputes_AccountsNotAscending")
    paid = [item for item in contributions if item.reward_wei]
    owners = [facts.owners.get(item.seat, ZERO_ADDRESS) for item in paid]
    totals = accumulate({item.account: item.cumulative for item in earned}, owners, [item.reward_wei for item in paid])
    return _root([RewardLeaf(account, total) for account, total in totals.items()]) != case.result.reward_root


def _root(leaves: Sequence[RewardLeaf]) -> bytes:
    return StandardTree([reward_leaf(leaf) for leaf in leaves]).root

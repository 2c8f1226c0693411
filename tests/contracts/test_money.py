"""Budget, pools, claims, refunds: what comes in, what goes out, and to whom alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from eth_abi.abi import encode

from contracts.client import Project, Registry
from contracts.events import CloseRequested, ProjectClosed, ProjectFunded, RewardClaimed
from contracts.reverts.library import ERC20InsufficientAllowance
from contracts.reverts.project import (
    Project_BudgetTooSmall,
    Project_Closed,
    Project_Closing,
    Project_Complete,
    Project_PoolsAboveStakeCap,
    Project_TooFewSeats,
)
from contracts.reverts.project_money import (
    Project_BadProof,
    Project_Insolvent,
    Project_NotClosable,
    Project_NothingToClaim,
    Project_NothingToFund,
    Project_NotOwner,
    Project_RoundsPending,
)
from contracts.values import Address
from node.merkle import StandardTree
from tests.support.stage import (
    CLOSE_SECONDS,
    PEERS,
    ROUND_POOL,
    ROUNDS,
    SEAT_STAKE,
    Stage,
    address_of,
    configuration_of,
    create_project,
    fund,
    make_result,
)


@dataclass(frozen=True)
class Rewards:
    """A reward tree over what accounts ever earned."""

    earned: Mapping[Address, int]

    @property
    def tree(self) -> StandardTree:
        return StandardTree([encode(["address", "uint256"], [account, amount]) for account, amount in self.pairs])

    @property
    def pairs(self) -> list[tuple[Address, int]]:
        return sorted(self.earned.items())

    @property
    def total(self) -> int:
        return sum(self.earned.values())

    def proof(self, account: Address) -> tuple[bytes, ...]:
        return self.tree.proof([name for name, _ in self.pairs].index(account))


def first_rewards(stage: Stage) -> Rewards:
    return Rewards({peer.address: (index + 1) * 10**16 for index, peer in enumerate(stage.peers)})


async def finish(stage: Stage, rewards: Rewards) -> None:
    await stage.finish_round(total=rewards.total, reward_root=rewards.tree.root)


async def test_anybody_funds(stage: Stage) -> None:
    peer = stage.peers[0]
    before = await stage.project.status()
    token = stage.token
    await token.transfer(peer.address, 100)
    await type(token)(peer.chain, token.address).approve(stage.project.address, 100)
    funded = (await peer.project.fund(100)).event(ProjectFunded)
    assert (funded.sender, funded.amount) == (peer.address, 100)
    after = await stage.project.status()
    assert (after.funded, after.available) == (before.funded + 100, before.available + 100)
    with pytest.raises(Project_NothingToFund):
        await peer.project.fund(0)
    with pytest.raises(ERC20InsufficientAllowance):
        await peer.project.fund(1)


async def test_a_round_opens_only_if_its_whole_pool_is_there(stage: Stage) -> None:
    project = (await stage.another()).project
    await fund(stage.token, project.address, ROUND_POOL - 1)
    with pytest.raises(Project_BudgetTooSmall) as refusal:
        await project.open_round()
    assert (refusal.value.have, refusal.value.want) == (ROUND_POOL - 1, ROUND_POOL)
    await fund(stage.token, project.address, 1)
    await project.open_round()
    status = await project.status()
    assert (status.available, status.reserved) == (0, ROUND_POOL)


async def test_tokens_sent_past_the_ledger_pay_for_nothing(stage: Stage) -> None:
    configuration = configuration_of(stage.deployment, address_of(stage.owner))
    project = Project(stage.owner, await create_project(stage.factory, configuration))
    await stage.token.transfer(project.address, 10 * ROUND_POOL)
    with pytest.raises(Project_BudgetTooSmall, match="has 0 left"):
        await project.open_round()


async def test_a_round_needs_its_seats_in_this_epoch(stage: Stage) -> None:
    other = await stage.another(minimum_seats=PEERS)
    project = other.project
    await fund(stage.token, project.address, 2 * ROUND_POOL)
    leaver = other.peers[0]
    await Registry(leaver.chain, other.registry.address).begin_unstake([leaver.seat])
    snapshot = stage.control("evm_snapshot")
    await project.open_round()
    stage.control("evm_revert", snapshot)
    await stage.next_epoch()
    with pytest.raises(Project_TooFewSeats) as refusal:
        await project.open_round()
    assert (refusal.value.have, refusal.value.want) == (PEERS - 1, PEERS)


async def test_pools_of_unfinalized_rounds_stay_within_a_third_of_the_stake(stage: Stage) -> None:
    third = PEERS * SEAT_STAKE // 3
    for pool, allowed in ((third, True), (third + 1, False)):
        project = (await stage.another(round_pool=pool)).project
        await fund(stage.token, project.address, 10 * third)
        if allowed:
            await project.open_round()
        else:
            with pytest.raises(Project_PoolsAboveStakeCap) as refusal:
                await project.open_round()
            assert (refusal.value.pools, refusal.value.cap) == (pool, third)


async def test_finalizing_makes_room_for_the_next_pool(stage: Stage) -> None:
    first, result = await stage.play_round()
    await stage.play_round()
    await stage.play_round()
    with pytest.raises(Project_PoolsAboveStakeCap) as refusal:
        await stage.project.open_round()
    assert refusal.value.pools == 4 * ROUND_POOL
    stage.mine((await stage.project.round(first)).challenge_end)
    await stage.project.finalize(first, result)
    assert (await stage.open_round()).round == 4


async def test_what_a_round_does_not_allocate_is_available_again(stage: Stage) -> None:
    before = await stage.project.status()
    await stage.finish_round(total=7)
    after = await stage.project.status()
    assert (after.available, after.finalized_total, after.reserved) == (before.available - 7, 7, 0)


async def test_rewards_are_claimed_by_anybody_for_their_owner_and_once(stage: Stage) -> None:
    rewards = first_rewards(stage)
    await finish(stage, rewards)
    anybody = Project(stage.outsider, stage.project.address)
    for account, amount in rewards.pairs:
        before = await stage.token.balance_of(account)
        claimed = (await anybody.claim(account, amount, rewards.proof(account))).event(RewardClaimed)
        assert (claimed.account, claimed.amount) == (account, amount)
        assert await stage.token.balance_of(account) == before + amount
        assert await stage.project.claimed(account) == amount
        with pytest.raises(Project_NothingToClaim) as again:
            await anybody.claim(account, amount, rewards.proof(account))
        assert (again.value.account, again.value.cumulative, again.value.claimed) == (account, amount, amount)
    assert (await stage.project.status()).claimed_total == rewards.total


async def test_one_claim_pays_all_rounds(stage: Stage) -> None:
    early, late = stage.peers[0].address, stage.peers[1].address
    first = first_rewards(stage)
    await finish(stage, first)
    await stage.project.claim(early, first.earned[early], first.proof(early))
    second = Rewards({account: amount + 5 for account, amount in first.earned.items()})
    await finish(stage, second)
    receipt = await stage.project.claim(early, second.earned[early], second.proof(early))
    assert receipt.event(RewardClaimed).amount == 5
    receipt = await stage.project.claim(late, second.earned[late], second.proof(late))
    assert receipt.event(RewardClaimed).amount == first.earned[late] + 5
    with pytest.raises(Project_BadProof):
        await stage.project.claim(late, first.earned[late], first.proof(late))


async def test_claims_need_a_proof_of_exactly_this_amount_for_exactly_this_account(stage: Stage) -> None:
    rewards = first_rewards(stage)
    account, other = stage.peers[0].address, stage.peers[1].address
    amount, proof = rewards.earned[account], rewards.proof(account)
    with pytest.raises(Project_BadProof):
        await stage.project.claim(account, amount, proof)
    number, result = await stage.play_round(total=rewards.total, reward_root=rewards.tree.root)
    with pytest.raises(Project_BadProof):
        await stage.project.claim(account, amount, proof)
    stage.mine((await stage.project.round(number)).challenge_end)
    await stage.project.finalize(number, result)
    for wrong in (
        (account, amount + 1, proof),
        (other, amount, proof),
        (account, amount, ()),
        (account, amount, proof[:-1]),
        (account, amount, (*proof, bytes(32))),
    ):
        with pytest.raises(Project_BadProof) as refusal:
            await stage.project.claim(*wrong)
        assert (refusal.value.account, refusal.value.cumulative) == wrong[:2]


async def test_a_false_reward_root_pays_no_more_than_was_allocated(stage: Stage) -> None:
    rewards = Rewards({peer.address: ROUND_POOL for peer in stage.peers[:2]})
    await stage.finish_round(total=ROUND_POOL, reward_root=rewards.tree.root)
    first, second = (account for account, _ in rewards.pairs)
    await stage.project.claim(first, ROUND_POOL, rewards.proof(first))
    with pytest.raises(Project_Insolvent) as refusal:
        await stage.project.claim(second, ROUND_POOL, rewards.proof(second))
    assert (refusal.value.want, refusal.value.have) == (2 * ROUND_POOL, ROUND_POOL)


async def test_the_owner_stops_only_rounds_that_are_not_open_yet(stage: Stage) -> None:
    opened = await stage.gather_updates()
    with pytest.raises(Project_NotOwner) as refusal:
        await stage.peers[0].project.request_close()
    assert (refusal.value.account, refusal.value.owner) == (stage.peers[0].address, address_of(stage.owner))
    requested = (await stage.project.request_close()).event(CloseRequested)
    assert requested.closable_at == requested.requested_at + CLOSE_SECONDS
    with pytest.raises(Project_Closing) as again:
        await stage.project.request_close()
    assert again.value.closable_at == requested.closable_at
    result = make_result(opened.round, opened.base_digest, ROUND_POOL)
    await stage.accept(opened.round, result)
    with pytest.raises(Project_Closing):
        await stage.open_round()
    stage.mine((await stage.project.round(opened.round)).challenge_end)
    await stage.project.finalize(opened.round, result)


async def test_closing_refunds_what_was_never_allocated_and_leaves_claims_alone(stage: Stage) -> None:
    rewards = first_rewards(stage)
    await finish(stage, rewards)
    with pytest.raises(Project_NotClosable, match="not requested"):
        await stage.project.close()
    requested = (await stage.project.request_close()).event(CloseRequested)
    stage.at(requested.closable_at - 1)
    with pytest.raises(Project_NotClosable) as early:
        await stage.send(stage.project, "close")
    assert early.value.closable_at == requested.closable_at
    before = await stage.token.balance_of(address_of(stage.owner))
    stage.at(requested.closable_at)
    closed = (await stage.send(Project(stage.outsider, stage.project.address), "close")).event(ProjectClosed)
    assert closed.refund == ROUNDS * ROUND_POOL - rewards.total
    assert await stage.token.balance_of(address_of(stage.owner)) == before + closed.refund
    assert await stage.token.balance_of(stage.project.address) == rewards.total
    for account, amount in rewards.pairs:
        await stage.project.claim(account, amount, rewards.proof(account))
    assert await stage.token.balance_of(stage.project.address) == 0
    status = await stage.project.status()
    assert (status.closed, status.available, status.refunded) == (True, 0, closed.refund)
    with pytest.raises(Project_Closed):
        await stage.project.close()
    with pytest.raises(Project_Closed):
        await stage.project.request_close()
    with pytest.raises(Project_Closed):
        await stage.project.fund(1)
    with pytest.raises(Project_Closing):
        await stage.open_round()


async def test_nothing_is_refunded_while_a_round_is_unsettled(stage: Stage) -> None:
    requested_before = await stage.open_round()
    requested = (await stage.project.request_close()).event(CloseRequested)
    stage.mine(requested.closable_at)
    with pytest.raises(Project_RoundsPending, match="must be finalized or skipped first: 1"):
        await stage.project.close()
    await stage.project.skip_round(requested_before.round)
    assert (await stage.project.close()).event(ProjectClosed).refund == ROUNDS * ROUND_POOL


async def test_a_complete_project_opens_no_round_and_closes_at_once(stage: Stage) -> None:
    small = await stage.another(rounds=1)
    await fund(stage.token, small.project.address, 2 * ROUND_POOL)
    number, result = await small.play_round(total=1)
    with pytest.raises(Project_Complete) as refusal:
        await small.open_round()
    assert refusal.value.rounds == 1
    assert not (await small.project.status()).complete
    with pytest.raises(Project_RoundsPending):
        await small.project.close()
    stage.mine((await small.project.round(number)).challenge_end)
    await small.project.finalize(number, result)
    assert (await small.project.status()).complete
    closed = (await Project(stage.outsider, small.project.address).close()).event(ProjectClosed)
    assert closed.refund == 2 * ROUND_POOL - 1
    with pytest.raises(Project_Complete):
        await small.open_round()


async def test_skipped_rounds_do_not_count_towards_completion(stage: Stage) -> None:
    small = await stage.another(rounds=1)
    await fund(stage.token, small.project.address, ROUND_POOL)
    opened = await small.open_round()
    stage.mine(opened.commit_end)
    await small.project.skip_round(opened.round)
    assert not (await small.project.status()).complete
    await small.finish_round(total=0)
    assert (await small.project.status()).complete


async def test_an_owner_who_closes_a_project_without_budget_gets_nothing(stage: Stage) -> None:
    configuration = configuration_of(stage.deployment, address_of(stage.owner))
    empty = Project(stage.owner, await create_project(stage.factory, configuration))
    requested = (await empty.request_close()).event(CloseRequested)
    stage.mine(requested.closable_at)
    receipt = await empty.close()
    assert receipt.event(ProjectClosed).refund == 0
    assert len(receipt.events) == 1, "no transfer of nothing"


async def test_a_result_that_pays_nobody_is_finalized_like_any_other(stage: Stage) -> None:
    nobody = StandardTree([])
    number, result = await stage.finish_round(total=0, reward_root=nobody.root)
    assert result == replace(result, cumulative_total=0)
    assert (await stage.project.status()).last_finalized == number
    with pytest.raises(Project_BadProof):
        await stage.project.claim(stage.peers[0].address, 0, ())

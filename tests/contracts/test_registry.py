"""Seats: staked now, counted from the next epoch, locked until nobody can hold them to account any more."""

from __future__ import annotations

import pytest

from contracts.abi import contract_abi
from contracts.client import Registry, Token
from contracts.events import EndpointChanged, SeatsStaked, SeatsUnstaked, UnstakeBegun
from contracts.reverts.library import ERC20InsufficientAllowance, ERC20InsufficientBalance
from contracts.reverts.registry import (
    Registry_AlreadyLeaving,
    Registry_AlreadyWithdrawn,
    Registry_BadParameter,
    Registry_NoSeatsNamed,
    Registry_NotLeaving,
    Registry_NotSeatOwner,
    Registry_StillThawing,
    Registry_UrlTooLong,
)
from contracts.values import ZERO_ADDRESS, Seat
from tests.support.stage import EPOCH_SECONDS, PEERS, SEAT_STAKE, THAW_SECONDS, Stage, address_of, join


def registry_of(stage: Stage, index: int) -> Registry:
    return Registry(stage.peers[index].chain, stage.registry.address)


async def test_the_registry_tells_its_parameters(stage: Stage) -> None:
    registry = stage.registry
    assert await registry.token() == stage.token.address
    assert await registry.seat_stake() == SEAT_STAKE
    assert await registry.epoch_seconds() == EPOCH_SECONDS
    assert await registry.thaw_seconds() == THAW_SECONDS
    assert await registry.seat_count() == PEERS


async def test_seats_have_consecutive_ids_and_cost_their_stake(stage: Stage) -> None:
    peer = stage.peers[0]
    before = await stage.token.balance_of(peer.address)
    held = await stage.token.balance_of(stage.registry.address)
    await Token(peer.chain, stage.token.address).approve(stage.registry.address, 3 * SEAT_STAKE)
    staked = (await registry_of(stage, 0).stake(3)).event(SeatsStaked)
    assert (staked.owner, staked.first_seat, staked.count) == (peer.address, PEERS + 1, 3)
    assert staked.active_epoch == await stage.registry.current_epoch() + 1
    assert await stage.registry.seat_count() == PEERS + 3
    assert await stage.token.balance_of(peer.address) == before - 3 * SEAT_STAKE
    assert await stage.token.balance_of(stage.registry.address) == held + 3 * SEAT_STAKE
    for seat_id in range(PEERS + 1, PEERS + 4):
        assert await stage.registry.seat(seat_id) == Seat(peer.address, staked.active_epoch, 0)


async def test_stake_counts_from_the_first_second_of_the_next_epoch(stage: Stage) -> None:
    peer = stage.peers[0]
    epoch = await stage.registry.current_epoch()
    seat_id = await join(peer.chain, stage.deployment, stage.registry.address, 2)
    assert await stage.registry.seats_at(peer.address, epoch) == 1
    assert await stage.registry.seat_owner_at(seat_id, epoch) == ZERO_ADDRESS
    assert await stage.registry.seats_at(peer.address, epoch + 1) == 3
    assert await stage.registry.seat_owner_at(seat_id, epoch + 1) == peer.address
    stage.mine((epoch + 1) * EPOCH_SECONDS - 1)
    assert await stage.registry.current_epoch() == epoch
    assert await stage.registry.total_stake_at(await stage.registry.current_epoch()) == PEERS * SEAT_STAKE
    stage.mine((epoch + 1) * EPOCH_SECONDS)
    assert await stage.registry.current_epoch() == epoch + 1
    assert await stage.registry.total_stake_at(epoch + 1) == (PEERS + 2) * SEAT_STAKE
    assert await stage.registry.stake_at(peer.address, epoch + 1) == 3 * SEAT_STAKE
    assert await stage.registry.total_seats_at(epoch) == PEERS, "the past does not change"


async def test_staking_needs_seats_allowance_and_tokens(stage: Stage) -> None:
    registry = Registry(stage.outsider, stage.registry.address)
    with pytest.raises(Registry_NoSeatsNamed):
        await registry.stake(0)
    with pytest.raises(ERC20InsufficientAllowance) as allowance:
        await registry.stake(1)
    assert (allowance.value.spender, allowance.value.allowance, allowance.value.needed) == (
        stage.registry.address,
        0,
        SEAT_STAKE,
    )
    await Token(stage.outsider, stage.token.address).approve(stage.registry.address, 2 * SEAT_STAKE)
    with pytest.raises(ERC20InsufficientBalance, match="holds 0 of the token"):
        await registry.stake(1)
    assert await registry.seat_count() == PEERS


async def test_a_leaving_seat_counts_until_the_end_of_the_epoch_and_thaws_after_it(stage: Stage) -> None:
    peer, registry = stage.peers[0], registry_of(stage, 0)
    epoch = await stage.registry.current_epoch()
    begun = (await registry.begin_unstake([peer.seat])).event(UnstakeBegun)
    thaw_end = (epoch + 1) * EPOCH_SECONDS + THAW_SECONDS
    assert (begun.owner, begun.seat_ids, begun.inactive_epoch, begun.thaw_end) == (
        peer.address,
        (peer.seat,),
        epoch + 1,
        thaw_end,
    )
    assert await stage.registry.thaw_end(peer.seat) == thaw_end
    assert await stage.registry.seats_at(peer.address, epoch) == 1
    assert await stage.registry.seat_owner_at(peer.seat, epoch) == peer.address
    assert await stage.registry.seats_at(peer.address, epoch + 1) == 0
    assert await stage.registry.seat_owner_at(peer.seat, epoch + 1) == ZERO_ADDRESS
    assert await stage.registry.total_seats_at(epoch + 1) == PEERS - 1
    stage.at(thaw_end - 1)
    with pytest.raises(Registry_StillThawing) as early:
        await stage.send(registry, "unstake", [peer.seat])
    assert (early.value.seat, early.value.thaw_end) == (peer.seat, thaw_end)
    before = await stage.token.balance_of(peer.address)
    stage.at(thaw_end)
    unstaked = (await stage.send(registry, "unstake", [peer.seat])).event(SeatsUnstaked)
    assert (unstaked.owner, unstaked.seat_ids, unstaked.amount) == (peer.address, (peer.seat,), SEAT_STAKE)
    assert await stage.token.balance_of(peer.address) == before + SEAT_STAKE
    left = await stage.registry.seat(peer.seat)
    assert (left.owner, left.withdrawn) == (peer.address, True)
    with pytest.raises(Registry_AlreadyWithdrawn) as again:
        await registry.unstake([peer.seat])
    assert again.value.seat == peer.seat


async def test_a_seat_staked_and_left_in_one_epoch_never_counts(stage: Stage) -> None:
    peer = stage.peers[0]
    seat_id = await join(peer.chain, stage.deployment, stage.registry.address, 1)
    await registry_of(stage, 0).begin_unstake([seat_id])
    epoch = await stage.registry.current_epoch()
    for later in (epoch, epoch + 1, epoch + 2):
        assert await stage.registry.seats_at(peer.address, later) == 1
        assert await stage.registry.total_seats_at(later) == PEERS
        assert await stage.registry.seat_owner_at(seat_id, later) == ZERO_ADDRESS


async def test_exits_need_own_seats_each_named_once(stage: Stage) -> None:
    peer, registry = stage.peers[0], registry_of(stage, 0)
    other = stage.peers[1]
    for leave in (registry.begin_unstake, registry.unstake):
        with pytest.raises(Registry_NoSeatsNamed):
            await leave([])
        with pytest.raises(Registry_NotSeatOwner) as refusal:
            await leave([other.seat])
        assert (refusal.value.seat, refusal.value.account, refusal.value.owner) == (
            other.seat,
            peer.address,
            other.address,
        )
    with pytest.raises(Registry_NotLeaving, match=f"seat {peer.seat} is not leaving"):
        await registry.unstake([peer.seat])
    with pytest.raises(Registry_AlreadyLeaving):
        await registry.begin_unstake([peer.seat, peer.seat])
    begun = (await registry.begin_unstake([peer.seat])).event(UnstakeBegun)
    with pytest.raises(Registry_AlreadyLeaving) as again:
        await registry.begin_unstake([peer.seat])
    assert (again.value.seat, again.value.inactive_epoch) == (peer.seat, begun.inactive_epoch)
    stage.mine(begun.thaw_end)
    with pytest.raises(Registry_AlreadyWithdrawn):
        await registry.unstake([peer.seat, peer.seat])


async def test_the_registry_holds_exactly_the_stake_of_seats_not_paid_back(stage: Stage) -> None:
    await join(stage.peers[0].chain, stage.deployment, stage.registry.address, 2)
    await join(stage.peers[1].chain, stage.deployment, stage.registry.address, 1)
    begun = (await registry_of(stage, 0).begin_unstake([PEERS + 1, stage.peers[0].seat])).event(UnstakeBegun)
    assert await stage.token.balance_of(stage.registry.address) == (PEERS + 3) * SEAT_STAKE
    stage.mine(begun.thaw_end)
    await registry_of(stage, 0).unstake([stage.peers[0].seat, PEERS + 1])
    assert await stage.token.balance_of(stage.registry.address) == (PEERS + 1) * SEAT_STAKE
    assert await stage.registry.total_seats_at(await stage.registry.current_epoch()) == PEERS + 1


async def test_weights_of_every_epoch_stay_readable(stage: Stage) -> None:
    peer = stage.peers[0]
    first = await stage.registry.current_epoch()
    expected = {first: 1}
    for count in (1, 2, 3, 1):
        await join(peer.chain, stage.deployment, stage.registry.address, count)
        epoch = await stage.next_epoch()
        expected[epoch] = expected[epoch - 1] + count
        await stage.next_epoch()
        expected[epoch + 1] = expected[epoch]
    found = {epoch: await stage.registry.seats_at(peer.address, epoch) for epoch in expected}
    assert found == expected
    assert await stage.registry.seats_at(peer.address, 0) == 0


async def test_an_endpoint_is_announced_up_to_its_longest(stage: Stage) -> None:
    registry = registry_of(stage, 0)
    url = "http://127.0.0.1:" + "1" * (256 - 17)
    changed = (await registry.set_endpoint(url, b"k" * 32)).event(EndpointChanged)
    assert (changed.account, changed.url, changed.peer_key) == (stage.peers[0].address, url, b"k" * 32)
    with pytest.raises(Registry_UrlTooLong) as refusal:
        await registry.set_endpoint(url + "1", b"k" * 32)
    assert (refusal.value.length, refusal.value.maximum) == (257, 256)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("token", (ZERO_ADDRESS, 1, 1, 1)),
        ("seatStake", (None, 0, 1, 1)),
        ("seatStake", (None, 1 << 96, 1, 1)),
        ("epochSeconds", (None, 1, 0, 1)),
        ("thawSeconds", (None, 1, 1, 0)),
    ],
)
async def test_a_registry_is_not_deployed_with_parameters_that_cannot_be(
    stage: Stage, name: str, arguments: tuple[str | None, int, int, int]
) -> None:
    token, *numbers = arguments
    code = contract_abi("PeerRegistry").encode_deployment(
        token or stage.token.address, *numbers, ZERO_ADDRESS, ZERO_ADDRESS
    )
    with pytest.raises(Registry_BadParameter) as refusal:
        await stage.owner.send(None, code)
    assert refusal.value.name == name


async def test_two_people_stake_in_one_block(stage: Stage) -> None:
    for peer in stage.peers[:2]:
        await Token(peer.chain, stage.token.address).approve(stage.registry.address, SEAT_STAKE)
    receipts = await stage.in_one_block(*(stage.send(registry_of(stage, index), "stake", 1) for index in range(2)))
    assert receipts[0].block_number == receipts[1].block_number
    assert {receipt.event(SeatsStaked).first_seat for receipt in receipts} == {PEERS + 1, PEERS + 2}


async def test_outsiders_have_no_stake(stage: Stage) -> None:
    epoch = await stage.registry.current_epoch()
    assert await stage.registry.stake_at(address_of(stage.outsider), epoch) == 0
    assert await stage.registry.thaw_end(1) == 0

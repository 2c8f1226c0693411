"""Accepting a result: more than two thirds of the snapshot stake, each signer once, for this project and round only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from contracts.attestation import CURVE_ORDER, Domain, Result, compact_signature, result_digest, sign_digest
from contracts.client import AcceptCall, Project, Registry, decode_accept_call
from contracts.errors import ContractReverted
from contracts.events import ResultAccepted
from contracts.reverts.project import (
    Project_OpeningsMissing,
    Project_QuorumNotMet,
    Project_SignersNotAscending,
    Project_SignerWithoutStake,
    Project_TotalOutOfRange,
    Project_WrongBase,
    Project_WrongContributions,
    Project_WrongSum,
)
from contracts.values import Custody
from tests.support.stage import (
    GENESIS,
    PEERS,
    ROUND_POOL,
    SEAT_STAKE,
    Peer,
    Stage,
    address_of,
    configuration_of,
    contributions_of,
    create_project,
    fund,
    join,
    make_result,
)


def by_address(peers: Sequence[Peer]) -> list[Peer]:
    return sorted(peers, key=lambda peer: int(peer.address, 16))


def by_seat(peers: Sequence[Peer]) -> list[Peer]:
    return sorted(peers, key=lambda peer: peer.seat)


async def ready(stage: Stage) -> Result:
    """A round in its attest window, and a result for it."""
    opened = await stage.gather_updates()
    return make_result(opened.round, opened.base_digest, ROUND_POOL)


async def test_exactly_two_thirds_is_not_enough_and_one_seat_more_is(stage: Stage) -> None:
    result = await ready(stage)
    with pytest.raises(Project_QuorumNotMet) as refusal:
        await stage.submit(1, result, stage.sign(1, result, stage.peers[:4]))
    assert (refusal.value.weight, refusal.value.seats) == (4, PEERS)
    receipt = await stage.submit(1, result, stage.sign(1, result, stage.peers[:5]))
    accepted = receipt.event(ResultAccepted)
    assert (accepted.weight, accepted.result) == (5, result)
    assert accepted.result_hash == result_digest(stage.domain, 1, result) == await stage.project.result_hash(1, result)
    status = await stage.project.status()
    assert (status.head_digest, status.accepted_rounds, status.last_accepted) == (result.cid, 1, 1)


async def test_nobody_is_no_quorum(stage: Stage) -> None:
    result = await ready(stage)
    with pytest.raises(Project_QuorumNotMet) as refusal:
        await stage.submit(1, result, [])
    assert refusal.value.weight == 0


async def test_silence_counts_against_a_result_and_not_for_it(stage: Stage) -> None:
    opened = await stage.open_round()
    for peer in stage.peers[:3]:
        await stage.commit(peer, 1)
    stage.at(opened.commit_end)
    for peer in stage.peers[:3]:
        await stage.reveal(peer, 1)
    result = make_result(1, GENESIS, 0)
    with pytest.raises(Project_QuorumNotMet):
        await stage.submit(1, result, stage.sign(1, result, stage.peers[:3]))


async def test_nobody_signs_twice(stage: Stage) -> None:
    result = await ready(stage)
    signatures = stage.sign(1, result, stage.peers[:4])
    signers = by_address(stage.peers[:4])
    with pytest.raises(Project_SignersNotAscending) as refusal:
        await stage.submit(1, result, [*signatures, signatures[-1]])
    assert refusal.value.previous == refusal.value.signer == signers[-1].address
    with pytest.raises(Project_SignersNotAscending) as refusal:
        await stage.submit(1, result, [signatures[1], signatures[0]])
    assert (refusal.value.previous, refusal.value.signer) == (signers[1].address, signers[0].address)


async def test_signers_need_stake(stage: Stage) -> None:
    result = await ready(stage)
    assert stage.outsider.account is not None
    signature = sign_digest(bytes(stage.outsider.account.key), result_digest(stage.domain, 1, result))
    with pytest.raises(Project_SignerWithoutStake) as refusal:
        await stage.submit(1, result, [signature])
    assert (refusal.value.round, refusal.value.signer) == (1, address_of(stage.outsider))


async def test_stake_that_came_late_does_not_count(stage: Stage) -> None:
    # Staked in the epoch of the round, before it opens: it would only count from the next epoch on.
    await stage.token.transfer(address_of(stage.outsider), 50 * SEAT_STAKE)
    await join(stage.outsider, stage.deployment, stage.registry.address, 50)
    result = await ready(stage)
    assert stage.outsider.account is not None
    late = sign_digest(bytes(stage.outsider.account.key), result_digest(stage.domain, 1, result))
    with pytest.raises(Project_SignerWithoutStake):
        await stage.submit(1, result, [late])


async def test_more_stake_of_a_signer_counts_from_the_next_epoch_on(stage: Stage) -> None:
    await join(stage.peers[0].chain, stage.deployment, stage.registry.address, 6)
    result = await ready(stage)
    with pytest.raises(Project_QuorumNotMet) as refusal:
        await stage.submit(1, result, stage.sign(1, result, stage.peers[:4]))
    assert refusal.value.weight == 4
    await stage.accept(1, result)
    await stage.next_epoch()
    opened = await stage.open_round()
    assert opened.stake_snapshot == 12 * SEAT_STAKE
    first = stage.peers[0]
    for seat in (first.seat, *range(PEERS + 1, PEERS + 7)):
        await stage.send(first.project, "commit", 2, seat, stage.commitment(replace(first, seat=seat), 2))
    stage.at(opened.commit_end)
    await stage.reveal(first, 2)
    stage.mine(opened.reveal_end)
    second = make_result(2, result.cid, ROUND_POOL, before=ROUND_POOL)
    with pytest.raises(Project_QuorumNotMet) as refusal:
        await stage.submit(2, second, stage.sign(2, second, stage.peers[:2]))
    assert refusal.value.weight == 8, "seven seats and one: exactly two thirds of twelve"
    await stage.submit(2, second, stage.sign(2, second, stage.peers[:3]))


async def test_a_seat_that_leaves_still_counts_in_the_rounds_of_its_last_epoch(stage: Stage) -> None:
    opened = await stage.open_round()
    leaver = stage.peers[0]
    await Registry(leaver.chain, stage.registry.address).begin_unstake([leaver.seat])
    for peer in stage.peers:
        await stage.commit(peer, opened.round)
    for peer in stage.peers:
        await stage.reveal(peer, opened.round)
    result = make_result(1, GENESIS, ROUND_POOL)
    await stage.submit(1, result, stage.sign(1, result, stage.peers[:5]))


async def test_a_signature_counts_for_one_project_chain_round_and_result_only(stage: Stage) -> None:
    twin_address = await create_project(stage.factory, configuration_of(stage.deployment, address_of(stage.owner)))
    await fund(stage.token, twin_address, ROUND_POOL)
    registry = (await Project(stage.owner, twin_address).configuration()).registry
    for peer in by_seat(stage.peers):
        await join(peer.chain, stage.deployment, registry, 1)
    await stage.next_epoch()
    result = await ready(stage)
    everybody = by_address(stage.peers)
    elsewhere = {
        "another project": result_digest(Domain(stage.owner.chain_id, twin_address), 1, result),
        "another chain": result_digest(Domain(1, stage.project.address), 1, result),
        "another round": result_digest(stage.domain, 2, result),
        "another result": result_digest(stage.domain, 1, replace(result, data_root=GENESIS)),
    }
    for digest in elsewhere.values():
        signatures = [sign_digest(peer.key, digest) for peer in everybody]
        with pytest.raises((Project_SignerWithoutStake, Project_SignersNotAscending)):
            await stage.submit(1, result, signatures)
    await stage.accept(1, result)
    # The same people, the same round number, the same result: replayed on the twin.
    twin = stage.on(twin_address)
    await twin.gather_updates()
    with pytest.raises((Project_SignerWithoutStake, Project_SignersNotAscending)):
        await twin.submit(1, result, stage.sign(1, result, stage.peers))
    await twin.accept(1, result)


async def test_a_signature_that_nobody_made_counts_for_nobody(stage: Stage) -> None:
    result = await ready(stage)
    r, vs = compact_signature(stage.sign(1, result, stage.peers[:1])[0])
    packed = await stage.contributions(result)
    high = (CURVE_ORDER // 2 + 1).to_bytes(32, "big")
    with pytest.raises(Project_SignerWithoutStake):
        await stage.send(stage.project, "acceptSigned", 1, result, packed, [(r, high)], [])
    with pytest.raises(ContractReverted):
        await stage.send(stage.project, "acceptSigned", 1, result, packed, [(bytes(32), vs)], [])


async def test_a_result_must_start_from_the_head(stage: Stage) -> None:
    result = await ready(stage)
    wrong = replace(result, prev_cid=result.cid)
    with pytest.raises(Project_WrongBase) as refusal:
        await stage.submit(1, wrong, stage.sign(1, wrong, stage.peers))
    assert (refusal.value.round, refusal.value.have, refusal.value.want) == (1, result.cid, GENESIS)


@pytest.mark.parametrize(("total", "allowed"), [(0, False), (1, True), (1 + ROUND_POOL, True), (2 + ROUND_POOL, False)])
async def test_a_result_takes_nothing_back_and_allocates_at_most_one_pool(
    stage: Stage, total: int, allowed: bool
) -> None:
    await stage.play_round(total=1)
    opened = await stage.gather_updates()
    result = make_result(2, opened.base_digest, total, before=1)
    if allowed:
        await stage.accept(2, result)
        assert (await stage.project.status()).cumulative_total == total
    else:
        with pytest.raises(Project_TotalOutOfRange) as refusal:
            await stage.accept(2, result)
        assert (refusal.value.have, refusal.value.least, refusal.value.most) == (total, 1, 1 + ROUND_POOL)


async def test_the_call_that_accepted_tells_who_signed(stage: Stage) -> None:
    result = await ready(stage)
    signatures = stage.sign(1, result, stage.peers[:5])
    receipt = await stage.submit(1, result, signatures)
    data = await stage.owner.transaction_input(receipt.transaction_hash)
    assert decode_accept_call(data) == AcceptCall(1, result, contributions_of(ROUND_POOL), tuple(signatures), ())


async def test_the_contributions_must_be_the_leaves_of_the_signed_root_and_pay_what_it_allocates(stage: Stage) -> None:
    result = await ready(stage)
    signatures = stage.sign(1, result, stage.peers)
    with pytest.raises(Project_WrongContributions) as refusal:
        await stage.project.accept_signed(1, result, contributions_of(ROUND_POOL - 1), signatures)
    assert refusal.value.want == result.weight_root
    greedy = replace(result, cumulative_total=ROUND_POOL - 1)
    with pytest.raises(Project_WrongSum) as sums:
        await stage.project.accept_signed(1, greedy, contributions_of(ROUND_POOL), stage.sign(1, greedy, stage.peers))
    assert (sums.value.have, sums.value.want) == (ROUND_POOL, ROUND_POOL - 1)


async def test_nobody_opens_a_commitment_where_attesters_do_not_commit(stage: Stage) -> None:
    result = await ready(stage)
    packed, signatures = await stage.contributions(result), stage.sign(1, result, stage.peers)
    with pytest.raises(Project_OpeningsMissing) as refusal:
        await stage.project.accept_signed(1, result, packed, signatures, [Custody(bytes(32), bytes(32))])
    assert (refusal.value.signatures, refusal.value.openings, refusal.value.want) == (PEERS, 1, 0)

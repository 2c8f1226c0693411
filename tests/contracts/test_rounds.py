"""A round's windows, from opening to finalization: who may act when, and nobody before or after."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.attestation import NO_REVEALS, beacon_seed, chain_reveal, commitment_hash, quiet_seed
from contracts.client import Project, Registry
from contracts.events import (
    ResultAccepted,
    RoundFinalized,
    RoundOpened,
    RoundSkipped,
    RoundWindowsMoved,
    SeedPinned,
    UpdateCommitted,
    UpdateRevealed,
)
from contracts.reverts.project import (
    Project_AlreadyCommitted,
    Project_AlreadyRevealed,
    Project_CommitMismatch,
    Project_EmptyCommitment,
    Project_FinalizeOutOfOrder,
    Project_NotSeatOwner,
    Project_PreviousUnsettled,
    Project_ResultMismatch,
    Project_SeedAlreadyPinned,
    Project_SeedNotPinned,
    Project_SeedPending,
    Project_SignerWithoutStake,
    Project_WrongPhase,
)
from contracts.values import Phase, Status
from tests.support.stage import (
    ATTEST_SECONDS,
    CHALLENGE_SECONDS,
    COMMIT_SECONDS,
    EPOCH_SECONDS,
    GENESIS,
    PEERS,
    REVEAL_SECONDS,
    ROUND_POOL,
    SEAT_STAKE,
    Peer,
    Stage,
    address_of,
    join,
    make_result,
    update_of,
)


async def test_a_round_opens_on_the_genesis_checkpoint_with_the_stake_of_its_epoch(stage: Stage) -> None:
    receipt = await Project(stage.outsider, stage.project.address).open_round()
    opened = receipt.event(RoundOpened)
    time = (await stage.owner.block(receipt.block_number) or pytest.fail("no block")).timestamp
    assert (opened.round, opened.base_digest, opened.pool) == (1, GENESIS, ROUND_POOL)
    assert opened.epoch == await stage.registry.current_epoch()
    assert opened.stake_snapshot == PEERS * SEAT_STAKE
    assert opened.seed == quiet_seed(GENESIS, 1)
    assert opened.commit_end == time + COMMIT_SECONDS
    assert opened.reveal_end == opened.commit_end + REVEAL_SECONDS
    assert opened.attest_end == opened.reveal_end + ATTEST_SECONDS
    view = await stage.project.round(1)
    assert (view.status, view.phase, view.seats, view.commits) == (Status.OPEN, Phase.COMMIT, PEERS, 0)
    assert (view.commit_end, view.reveal_end, view.attest_end) == (
        opened.commit_end,
        opened.reveal_end,
        opened.attest_end,
    )


async def test_the_next_round_is_seeded_by_what_was_revealed_and_a_block_that_was_not_there_yet(stage: Stage) -> None:
    number, result = await stage.play_round()
    accepted, pinned = await stage.project.round(number), (await stage.project.status()).pinned_block
    assert pinned == (await stage.owner.head()).number + 2
    with pytest.raises(Project_SeedPending) as early:
        await stage.send(stage.project, "openRound")
    assert early.value.pinned_block == pinned
    opened = await stage.open_round()
    block_hash = await stage.owner.block_hash(pinned)
    assert block_hash is not None
    chain = NO_REVEALS
    for peer in stage.peers:
        update = update_of(peer.seat, number)
        chain = chain_reveal(chain, peer.seat, update.digest, update.data_root, update.salt)
    assert (opened.round, opened.base_digest) == (2, result.cid)
    assert opened.seed == await stage.project.seed() == beacon_seed(block_hash, accepted.reveals_hash, 2)
    assert (await stage.project.status()).pinned_block == 0


async def test_a_round_nobody_revealed_in_needs_no_block_for_the_next_seed(stage: Stage) -> None:
    opened = await stage.open_round()
    stage.at(opened.commit_end)
    await stage.send(stage.project, "skipRound", 1)
    assert (await stage.project.status()).pinned_block == 0
    with pytest.raises(Project_SeedNotPinned):
        await stage.project.pin_seed()
    assert (await stage.open_round()).seed == quiet_seed(opened.seed, 2)


async def test_a_block_that_the_chain_has_forgotten_is_replaced(stage: Stage) -> None:
    await stage.play_round()
    pinned = (await stage.project.status()).pinned_block
    with pytest.raises(Project_SeedAlreadyPinned) as refusal:
        await stage.project.pin_seed()
    assert refusal.value.pinned_block == pinned
    for _ in range(260):
        stage.control("evm_mine")
    with pytest.raises(Project_SeedNotPinned):
        await stage.send(stage.project, "openRound")
    again = (await stage.project.pin_seed()).event(SeedPinned)
    assert (again.round, again.pinned_block) == (1, (await stage.owner.head()).number + 2)
    assert (await stage.open_round()).round == 2


async def test_a_seat_commits_in_its_window_only(stage: Stage) -> None:
    opened = await stage.open_round()
    first, second, third = stage.peers[:3]
    stage.at(opened.commit_end - 1)
    receipt = await stage.commit(first, 1)
    committed = receipt.event(UpdateCommitted)
    assert (committed.round, committed.seat) == (1, first.seat)
    assert committed.commitment == stage.commitment(first, 1)
    assert await stage.project.commitment_of(1, first.seat) == committed.commitment[:27]
    stage.at(opened.commit_end)
    with pytest.raises(Project_WrongPhase) as refusal:
        await stage.commit(second, 1)
    assert (refusal.value.round, refusal.value.have, refusal.value.want) == (1, Phase.REVEAL, Phase.COMMIT)
    with pytest.raises(Project_WrongPhase, match="round 2 is in its none phase, this needs commit"):
        await stage.commit(third, 2)


async def test_a_seat_reveals_in_its_window_only(stage: Stage) -> None:
    opened = await stage.open_round()
    first, second, third = stage.peers[:3]
    for peer in (first, second, third):
        await stage.commit(peer, 1)
    stage.at(opened.commit_end - 1)
    with pytest.raises(Project_WrongPhase) as early:
        await stage.reveal(first, 1)
    assert (early.value.have, early.value.want) == (Phase.COMMIT, Phase.REVEAL)
    stage.at(opened.commit_end)
    revealed = (await stage.reveal(first, 1)).event(UpdateRevealed)
    update = update_of(first.seat, 1)
    assert (revealed.seat, revealed.digest, revealed.data_root) == (first.seat, update.digest, update.data_root)
    stage.at(opened.reveal_end - 1)
    await stage.reveal(second, 1)
    stage.at(opened.reveal_end)
    with pytest.raises(Project_WrongPhase) as late:
        await stage.reveal(third, 1)
    assert (late.value.have, late.value.want) == (Phase.ATTEST, Phase.REVEAL)


async def test_a_window_ends_as_soon_as_everybody_has_acted(stage: Stage) -> None:
    opened = await stage.open_round()
    for peer in stage.peers[:-1]:
        await stage.commit(peer, 1)
    assert (await stage.project.round(1)).commit_end == opened.commit_end
    stage.at(opened.commit_end - 50)
    moved = (await stage.commit(stage.peers[-1], 1)).event(RoundWindowsMoved)
    assert (moved.commit_end, moved.reveal_end, moved.attest_end) == (
        opened.commit_end - 50,
        opened.reveal_end - 50,
        opened.attest_end - 50,
    )
    for peer in stage.peers[:-1]:
        await stage.reveal(peer, 1)
    stage.at(moved.reveal_end - 40)
    moved = (await stage.reveal(stage.peers[-1], 1)).event(RoundWindowsMoved)
    assert (moved.commit_end, moved.reveal_end, moved.attest_end) == (
        opened.commit_end - 50,
        opened.reveal_end - 90,
        opened.attest_end - 90,
    )
    assert (await stage.project.round(1)).phase is Phase.ATTEST


async def test_the_reveal_window_ends_without_waiting_for_seats_that_never_committed(stage: Stage) -> None:
    opened = await stage.open_round()
    await stage.commit(stage.peers[0], 1)
    await stage.commit(stage.peers[1], 1)
    stage.at(opened.commit_end)
    await stage.reveal(stage.peers[0], 1)
    assert (await stage.project.round(1)).reveal_end == opened.reveal_end
    stage.at(opened.commit_end + 10)
    await stage.reveal(stage.peers[1], 1)
    view = await stage.project.round(1)
    assert (view.reveal_end, view.attest_end) == (opened.commit_end + 10, opened.commit_end + 10 + ATTEST_SECONDS)


async def test_only_the_owner_of_a_counting_seat_commits_and_once(stage: Stage) -> None:
    await stage.open_round()
    first, second = stage.peers[:2]
    commitment = stage.commitment(first, 1)
    for seat in (second.seat, 0, 999):
        with pytest.raises(Project_NotSeatOwner) as refusal:
            await stage.send(first.project, "commit", 1, seat, commitment)
        assert (refusal.value.seat, refusal.value.account) == (seat, first.address)
    with pytest.raises(Project_EmptyCommitment):
        await stage.send(first.project, "commit", 1, first.seat, bytes(32))
    await stage.commit(first, 1)
    with pytest.raises(Project_AlreadyCommitted) as refusal_again:
        await stage.commit(first, 1)
    assert (refusal_again.value.round, refusal_again.value.seat) == (1, first.seat)


async def test_a_round_that_outlasts_its_epoch_keeps_the_seats_and_weights_it_opened_with(stage: Stage) -> None:
    await stage.token.transfer(address_of(stage.outsider), 6 * SEAT_STAKE)
    new_seat = await join(stage.outsider, stage.deployment, stage.registry.address, 6)
    leaver, *others = stage.peers
    await Registry(leaver.chain, stage.registry.address).begin_unstake([leaver.seat])
    next_epoch_start = (await stage.now() // EPOCH_SECONDS + 1) * EPOCH_SECONDS
    stage.mine(next_epoch_start - COMMIT_SECONDS // 2)
    opened = await stage.open_round()
    stage.mine(next_epoch_start)
    assert await stage.registry.current_epoch() == opened.epoch + 1
    newcomer = Peer(stage.outsider, new_seat, Project(stage.outsider, stage.project.address))
    with pytest.raises(Project_NotSeatOwner):
        await stage.commit(newcomer, 1)
    for peer in (leaver, *others):
        await stage.commit(peer, 1)
    for peer in (leaver, *others):
        await stage.reveal(peer, 1)
    result = make_result(1, GENESIS, ROUND_POOL)
    with pytest.raises(Project_SignerWithoutStake):
        await stage.submit(1, result, stage.sign(1, result, [newcomer]))
    signatures = stage.sign(1, result, [leaver, *others[:4]])
    assert (await stage.submit(1, result, signatures)).event(ResultAccepted).weight == 5


@pytest.mark.parametrize("part", ["digest", "data_root", "salt"])
async def test_what_is_revealed_must_be_what_was_committed(stage: Stage, part: str) -> None:
    opened = await stage.open_round()
    peer = stage.peers[0]
    await stage.commit(peer, 1)
    stage.at(opened.commit_end)
    altered = replace(update_of(peer.seat, 1), **{part: bytes(32)})
    with pytest.raises(Project_CommitMismatch) as refusal:
        await stage.send(peer.project, "reveal", 1, peer.seat, altered.digest, altered.data_root, altered.salt)
    assert (refusal.value.round, refusal.value.seat) == (1, peer.seat)


async def test_a_seat_reveals_once(stage: Stage) -> None:
    opened = await stage.open_round()
    for peer in stage.peers[:2]:
        await stage.commit(peer, 1)
    stage.at(opened.commit_end)
    await stage.reveal(stage.peers[0], 1)
    with pytest.raises(Project_AlreadyRevealed):
        await stage.reveal(stage.peers[0], 1)
    assert (await stage.project.round(1)).reveals == 1
    assert await stage.project.has_revealed(1, stage.peers[0].seat)
    assert not await stage.project.has_revealed(1, stage.peers[1].seat)


async def test_a_copied_commitment_opens_for_nobody_but_its_author(stage: Stage) -> None:
    opened = await stage.open_round()
    author, thief = stage.peers[:2]
    await stage.commit(author, 1)
    await stage.send(thief.project, "commit", 1, thief.seat, stage.commitment(author, 1))
    stage.at(opened.commit_end)
    update = update_of(author.seat, 1)
    for seat in (thief.seat, author.seat):
        with pytest.raises(Project_CommitMismatch):
            await stage.send(thief.project, "reveal", 1, seat, update.digest, update.data_root, update.salt)
    await stage.reveal(author, 1)


async def test_a_commitment_of_another_round_does_not_open(stage: Stage) -> None:
    await stage.play_round()
    opened = await stage.open_round()
    peer = stage.peers[0]
    await stage.send(peer.project, "commit", 2, peer.seat, stage.commitment(peer, 1))
    stage.at(opened.commit_end)
    update = update_of(peer.seat, 1)
    with pytest.raises(Project_CommitMismatch):
        await stage.send(peer.project, "reveal", 2, peer.seat, update.digest, update.data_root, update.salt)


async def test_python_and_solidity_agree_on_commitments_and_result_hashes(stage: Stage) -> None:
    peer, update = stage.peers[0], update_of(3, 7)
    arguments = (2**63, 2**31, peer.address, update.digest, update.data_root, update.salt)
    assert commitment_hash(stage.domain, *arguments) == await stage.project.commitment_hash(*arguments)


async def test_a_round_is_not_opened_before_the_last_one_is_settled(stage: Stage) -> None:
    opened = await stage.gather_updates()
    with pytest.raises(Project_PreviousUnsettled) as refusal:
        await stage.open_round()
    assert (refusal.value.round, refusal.value.phase) == (1, Phase.ATTEST)
    stage.mine((await stage.project.round(1)).attest_end)
    with pytest.raises(Project_PreviousUnsettled, match="round 1 is still in its lapsed phase"):
        await stage.send(stage.project, "openRound")
    await stage.project.skip_round(opened.round)
    assert (await stage.open_round()).round == 2


async def test_a_result_is_accepted_in_the_attest_window_only(stage: Stage) -> None:
    opened = await stage.open_round()
    result = make_result(1, GENESIS, ROUND_POOL)
    signatures = [(s[:32], bytes([s[32] | (s[64] - 27) << 7]) + s[33:64]) for s in stage.sign(1, result, stage.peers)]
    for peer in stage.peers[:2]:
        await stage.commit(peer, 1)
    stage.at(opened.commit_end)
    await stage.reveal(stage.peers[0], 1)
    stage.at(opened.reveal_end - 1)
    with pytest.raises(Project_WrongPhase) as early:
        await stage.send(stage.project, "acceptSigned", 1, result, await stage.contributions(result), signatures, [])
    assert (early.value.have, early.value.want) == (Phase.REVEAL, Phase.ATTEST)
    snapshot = stage.control("evm_snapshot")
    stage.at(opened.attest_end)
    with pytest.raises(Project_WrongPhase) as late:
        await stage.send(stage.project, "acceptSigned", 1, result, await stage.contributions(result), signatures, [])
    assert (late.value.have, late.value.want) == (Phase.LAPSED, Phase.ATTEST)
    stage.control("evm_revert", snapshot)
    stage.at(opened.attest_end - 1)
    receipt = await stage.send(
        Project(stage.outsider, stage.project.address),
        "acceptSigned",
        1,
        result,
        await stage.contributions(result),
        signatures,
        [],
    )
    accepted = receipt.event(ResultAccepted)
    assert accepted.challenge_end == opened.attest_end - 1 + CHALLENGE_SECONDS
    assert (accepted.result, accepted.weight) == (result, PEERS)
    with pytest.raises(Project_WrongPhase, match="challenge"):
        await stage.send(stage.project, "acceptSigned", 1, result, await stage.contributions(result), signatures, [])


async def test_a_result_is_finalized_after_its_challenge_window_by_anybody_and_once(stage: Stage) -> None:
    number, result = await stage.play_round()
    end = (await stage.project.round(number)).challenge_end
    anybody = Project(stage.outsider, stage.project.address)
    stage.at(end - 1)
    with pytest.raises(Project_WrongPhase) as early:
        await stage.send(anybody, "finalize", number, result)
    assert (early.value.have, early.value.want) == (Phase.CHALLENGE, Phase.SETTLED)
    stage.at(end)
    finalized = (await stage.send(anybody, "finalize", number, result)).event(RoundFinalized)
    assert (finalized.reward_root, finalized.cumulative_total) == (result.reward_root, ROUND_POOL)
    with pytest.raises(Project_WrongPhase, match="finalized"):
        await stage.send(anybody, "finalize", number, result)
    status = await stage.project.status()
    assert (status.last_finalized, status.finalized_total, status.reward_root) == (1, ROUND_POOL, result.reward_root)


async def test_only_the_accepted_result_is_finalized(stage: Stage) -> None:
    number, result = await stage.play_round()
    stage.mine((await stage.project.round(number)).challenge_end)
    with pytest.raises(Project_ResultMismatch) as refusal:
        await stage.project.finalize(number, replace(result, reward_root=bytes(32)))
    assert refusal.value.want == (await stage.project.round(number)).result_hash


async def test_rounds_are_pipelined_on_accepted_results_and_finalized_in_order(stage: Stage) -> None:
    first, first_result = await stage.play_round()
    second, second_result = await stage.play_round()
    status = await stage.project.status()
    assert (status.head_digest, status.accepted_total, status.finalized_total) == (
        second_result.cid,
        2 * ROUND_POOL,
        0,
    )
    assert (status.unfinalized_rounds, status.reserved) == (2, 2 * ROUND_POOL)
    stage.mine((await stage.project.round(second)).challenge_end)
    with pytest.raises(Project_FinalizeOutOfOrder) as refusal:
        await stage.project.finalize(second, second_result)
    assert (refusal.value.round, refusal.value.previous_accepted, refusal.value.last_finalized) == (2, 1, 0)
    await stage.project.finalize(first, first_result)
    await stage.project.finalize(second, second_result)
    status = await stage.project.status()
    assert (status.last_finalized, status.finalized_total, status.reserved) == (2, 2 * ROUND_POOL, 0)


async def test_a_skipped_round_between_two_accepted_ones_holds_nothing_up(stage: Stage) -> None:
    first, first_result = await stage.play_round()
    skipped = await stage.open_round()
    stage.at(skipped.commit_end)
    await stage.send(stage.project, "skipRound", skipped.round)
    third, third_result = await stage.play_round()
    assert (await stage.project.round(third)).previous_accepted == first
    assert third_result.prev_cid == first_result.cid
    stage.mine((await stage.project.round(third)).challenge_end)
    await stage.project.finalize(first, first_result)
    await stage.project.finalize(third, third_result)


@pytest.mark.parametrize("acts", ["nobody commits", "nobody reveals", "nobody attests"])
async def test_a_round_without_result_is_skipped_by_anybody_and_its_pool_is_free_again(stage: Stage, acts: str) -> None:
    before = await stage.project.status()
    opened = await stage.open_round()
    assert (await stage.project.status()).available == before.available - ROUND_POOL
    if acts != "nobody commits":
        await stage.commit(stage.peers[0], 1)
        await stage.commit(stage.peers[1], 1)
    if acts == "nobody attests":
        stage.at(opened.commit_end)
        await stage.reveal(stage.peers[0], 1)
    end, phase = {
        "nobody commits": (opened.commit_end, Phase.COMMIT),
        "nobody reveals": (opened.reveal_end, Phase.REVEAL),
        "nobody attests": (opened.attest_end, Phase.ATTEST),
    }[acts]
    anybody = Project(stage.outsider, stage.project.address)
    stage.at(end - 1)
    with pytest.raises(Project_WrongPhase) as early:
        await stage.send(anybody, "skipRound", 1)
    assert (early.value.have, early.value.want) == (phase, Phase.LAPSED)
    stage.at(end)
    assert (await stage.send(anybody, "skipRound", 1)).event(RoundSkipped).round == 1
    after = await stage.project.status()
    assert (after.available, after.unfinalized_rounds) == (before.available, 0)
    assert (after.head_digest, after.accepted_rounds, after.last_round) == (GENESIS, 0, 1)
    with pytest.raises(Project_WrongPhase, match="skipped"):
        await stage.send(anybody, "skipRound", 1)


async def test_an_accepted_round_cannot_be_skipped(stage: Stage) -> None:
    number, _ = await stage.play_round()
    stage.mine((await stage.project.round(number)).attest_end + 10_000)
    with pytest.raises(Project_WrongPhase, match="settled"):
        await stage.project.skip_round(number)


async def test_the_python_clock_of_a_round_is_the_contracts(stage: Stage) -> None:
    opened = await stage.open_round()
    ends = (opened.commit_end, opened.reveal_end, opened.attest_end)
    for action in (None, stage.commit, stage.reveal):
        if action is not None:
            await action(stage.peers[0], 1)
            await stage.commit(stage.peers[1], 1) if action == stage.commit else None
        snapshot = stage.control("evm_snapshot")
        for time in sorted(end + shift for end in ends for shift in (-1, 0)):
            if time > await stage.now():
                stage.mine(time)
                view = await stage.project.round(1)
                assert view.phase is view.phase_at(time), (view, time)
        stage.control("evm_revert", snapshot)
        if action == stage.commit:
            stage.mine(opened.commit_end)


async def test_an_outsider_can_do_nothing_in_a_round_but_move_it_on(stage: Stage) -> None:
    await stage.open_round()
    outsider = Project(stage.outsider, stage.project.address)
    with pytest.raises(Project_NotSeatOwner) as refusal:
        await stage.send(outsider, "commit", 1, stage.peers[0].seat, bytes([1]) * 32)
    assert refusal.value.account == address_of(stage.outsider)

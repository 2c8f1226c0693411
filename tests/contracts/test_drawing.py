"""Who of a batch was drawn to train: the history passes over the others, as the contract would have refused them."""

from __future__ import annotations

import pytest

from contracts.attendance import Attendance
from contracts.batches import BatchOpening, batch_entry, batch_hash, sign_commitment
from node.rounds.folding import fold_all
from node.rounds.history import RoundHistory, SwarmHistory
from tests.support.stage import COMMIT_SECONDS, PEERS, ROUND_POOL, SEAT_STAKE, Peer, Stage, fund, update_of


async def history_of(stage: Stage) -> RoundHistory:
    """Round 1 as a peer folds it."""
    project, registry = stage.project.address, stage.registry.address
    head = await stage.owner.head()
    configuration = await stage.project.configuration()
    start = SwarmHistory.of_project(stage.domain, configuration, SEAT_STAKE)
    events = await stage.owner.logs([registry, project, stage.deployment.attendance], 0, head.number)
    return fold_all(start, events).round(1)


def opening_of(stage: Stage, index: int, peer: Peer) -> BatchOpening:
    """What opens the promise of a peer's seat, as the one of this index."""
    update, commitment = update_of(peer.seat, 1), stage.commitment(peer, 1)
    signature = sign_commitment(stage.domain, peer.key, 1, peer.seat, commitment)
    return BatchOpening(index, peer.seat, peer.address, update.digest, update.data_root, update.salt, signature)


@pytest.mark.parametrize("want", [1, 2])
@pytest.mark.parametrize("directly", [0, 1, 2])
async def test_what_is_opened_out_of_a_batch_counts_for_seats_that_were_drawn(
    stage: Stage, want: int, directly: int
) -> None:
    drawing = await stage.another(trainers_per_round=want)
    await fund(drawing.token, drawing.project.address, 3 * ROUND_POOL)
    opened = await drawing.open_round()
    attendance = Attendance(drawing.outsider, drawing.deployment.attendance)
    committed: list[Peer] = []
    for quarter in range(4):
        drawing.mine(max(await drawing.now() + 1, opened.commit_end - COMMIT_SECONDS * (4 - quarter) // 4 + 5))
        for peer in drawing.peers:
            may = await attendance.may_train(drawing.project.address, 1, peer.seat)
            if len(committed) < directly and may and peer not in committed:
                await drawing.commit(peer, 1)
                committed.append(peer)
    assert len(committed) == directly
    rest = [peer for peer in drawing.peers if peer not in committed]
    openings = [opening_of(drawing, index, peer) for index, peer in enumerate(rest)]
    entries = [batch_entry(item.commitment(drawing.domain, 1), item.signature) for item in openings]
    await drawing.peers[0].project.post_commits(1, batch_hash(entries), len(entries))
    drawing.mine(opened.commit_end)
    for peer in committed:
        await drawing.reveal(peer, 1)
    await drawing.project.reveal_batch(1, 0, openings, entries)
    seats = [peer.seat for peer in drawing.peers]
    drawn = {seat for seat in seats if await attendance.was_drawn(drawing.project.address, 1, seat)}
    round_ = await history_of(drawing)
    assert set(round_.reveal_by_seat) == drawn
    assert {peer.seat for peer in committed} <= drawn
    if directly < want:
        assert len(drawn) == PEERS  # eight times as many as wanted

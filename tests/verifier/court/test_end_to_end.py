"""Jobs from submission to the end, on a real chain with real gateways; all parties in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.court_values import JobVerdict
from tests.support.court_world import (
    FEE_WEI,
    FIRST_VERIFIER,
    WINDOW_SECONDS,
    WORKER,
    WORKER_FEE_WEI,
    CourtWorld,
    open_court_world,
)
from tests.support.devnet import Devnet
from tests.support.sketch_task import ANNOUNCED
from verifier.court.requester import checker_of, fetch_output, fetcher_of, see_through
from verifier.court.surroundings import staked_sources

CHEATING_WORKER = 8
BOND_WEI = 106 * FEE_WEI


@pytest.fixture
async def world(
    start_devnet: Callable[..., Devnet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CourtWorld]:
    """A court with stake for seven verifiers."""
    monkeypatch.syspath_prepend(str(ANNOUNCED))
    async with open_court_world(start_devnet(heartbeat_seconds=0.2), tmp_path, verifiers=7) as opened:
        yield opened


async def test_three_verifiers_accept_honest_work_and_reject_another_seeds_output(world: CourtWorld) -> None:
    world.start(WORKER)
    world.start(CHEATING_WORKER, role="worker", cheat="other-seed")
    for index in range(FIRST_VERIFIER, FIRST_VERIFIER + 3):
        world.start(index)
    await world.seated(3)
    jobs = [
        await world.submit("7"),
        await world.submit("7", worker=world.address(CHEATING_WORKER)),
        await world.submit("no label at all"),
    ]
    await world.until(lambda: all(world.job(job).verdict is not JobVerdict.NONE for job in jobs))
    world.pass_seconds(WINDOW_SECONDS)
    honest, cheated, refused = [await world.ended(job) for job in jobs]

    assert honest.verdict is JobVerdict.ACCEPT
    assert honest.rounds[0].decision is not None
    assert honest.rounds[0].decision.distances == (0, 0, 0)
    assert honest.ending is not None
    assert honest.ending.worker_wei == WORKER_FEE_WEI + BOND_WEI
    assert [payment.amount_wei for payment in honest.payments] == [FEE_WEI] * 3
    output = await fetch_output(world.around, fetcher_of(world.http, world.requester), honest)
    assert output.distance == 0
    assert output.data.startswith(b"\x89PNG")

    assert cheated.verdict is JobVerdict.REJECT_DISAGREEMENT
    assert cheated.ending is not None
    assert cheated.ending.requester_wei == WORKER_FEE_WEI + BOND_WEI // 2
    assert cheated.ending.worker_wei == 0
    assert len(cheated.payments) == 3

    # Nobody can generate from nonsense: everybody honest says so, and nobody is punished.
    assert refused.verdict is JobVerdict.ACCEPT
    assert not refused.strikes
    nothing = await fetch_output(world.around, fetcher_of(world.http, world.requester), refused)
    assert nothing.data == b""


async def test_a_requester_that_checks_and_finds_the_same_waits_for_no_appeal(world: CourtWorld) -> None:
    world.start(WORKER)
    for index in range(FIRST_VERIFIER, FIRST_VERIFIER + 3):
        world.start(index)
    await world.seated(3)
    around, fetcher = await world.look(), fetcher_of(world.http, world.requester)
    # The worker announces a gateway as well, but has nothing at stake, as anybody could.
    parties = {world.address(index) for index in (WORKER, *range(FIRST_VERIFIER, FIRST_VERIFIER + 3))}
    await around.seats.until(lambda: parties <= around.seats.history.endpoints.keys())
    asked = {source.address for source in await staked_sources(around, world.requester)}
    assert parties - asked == {world.address(WORKER)}
    checker = checker_of(around, world.deployment, fetcher, data_dir=None, gateways=[])
    job = await see_through(around, world.requester, await world.submit("7"), checker=checker)
    (only,) = job.rounds
    assert (job.verdict, only.size) == (JobVerdict.ACCEPT, 3)
    assert only.decision is not None
    assert job.ending is not None
    end = await world.owner.block(job.ending.place.block_number)
    assert end is not None
    assert end.timestamp < only.decision.appeal_end

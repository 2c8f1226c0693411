"""Jobs from submission to the end, on a real chain with real gateways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.court_values import JobVerdict
from tests.support.court_world import (
    FEE_WEI,
    FIRST_VERIFIER,
    WORKER,
    WORKER_FEE_WEI,
    CourtWorld,
    open_court_world,
)
from tests.support.devnet import Devnet
from tests.support.sketch_task import ANNOUNCED
from verifier.court.requester import fetch_output, fetcher_of


@pytest.fixture
async def world(fresh_devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CourtWorld]:
    """A court with stake for seven verifiers."""
    monkeypatch.syspath_prepend(str(ANNOUNCED))
    async with open_court_world(fresh_devnet, tmp_path, verifiers=7) as opened:
        yield opened


async def test_an_honest_job_is_accepted_paid_and_its_output_served(world: CourtWorld) -> None:
    world.start(WORKER)
    for index in range(FIRST_VERIFIER, FIRST_VERIFIER + 3):
        world.start(index)
    await world.seated(3)
    job_id = await world.submit()
    await world.until(lambda: world.job(job_id).verdict is not JobVerdict.NONE)
    job = world.job(job_id)
    assert job.verdict is JobVerdict.ACCEPT
    assert job.rounds[0].decision is not None
    assert job.rounds[0].decision.distances == (0, 0, 0)
    world.pass_seconds(60)
    job = await world.ended(job_id)
    assert job.ending is not None
    assert job.ending.worker_wei == WORKER_FEE_WEI + 106 * FEE_WEI
    assert [payment.amount_wei for payment in job.payments] == [FEE_WEI] * 3
    output = await fetch_output(world.around, fetcher_of(world.http, world.requester), job)
    assert output.distance == 0
    assert output.data.startswith(b"\x89PNG")

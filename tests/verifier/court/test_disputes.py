"""Jobs that go wrong, and how the court ends them: appeals, absences, collusion, and a power cut."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.court_values import JobPhase, JobVerdict
from tests.support.court_world import (
    FEE_WEI,
    FIRST_VERIFIER,
    SEAT_STAKE_WEI,
    WINDOW_SECONDS,
    WORKER,
    WORKER_FEE_WEI,
    CourtWorld,
    open_court_world,
)
from tests.support.devnet import Devnet
from tests.support.sketch_task import ANNOUNCED
from verifier.court.job import Job
from verifier.court.requester import checker_of, fetcher_of, see_through

pytestmark = pytest.mark.slow

VERIFIERS = range(FIRST_VERIFIER, FIRST_VERIFIER + 7)
NO_SHOW_WEI = SEAT_STAKE_WEI // 20


@pytest.fixture
async def world(
    start_devnet: Callable[..., Devnet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[CourtWorld]:
    """A court with seven seats of verifiers, none of which runs yet."""
    monkeypatch.syspath_prepend(str(ANNOUNCED))
    async with open_court_world(start_devnet(heartbeat_seconds=0.2), tmp_path, verifiers=7) as opened:
        await opened.stake(VERIFIERS)
        yield opened


async def drawn_committee(world: CourtWorld, job_id: bytes) -> list[int]:
    """The first committee, once the work is committed."""
    await world.until(lambda: world.job(job_id).current is not None)
    return await world.drawn(job_id)


def accounts_struck(job: Job, world: CourtWorld) -> set[str]:
    return {strike.account for strike in job.strikes}


async def test_an_undecided_job_goes_to_seven_who_accept_it(world: CourtWorld) -> None:
    world.start(WORKER)
    job_id = await world.submit()
    lazy = (await drawn_committee(world, job_id))[:2]
    for index in VERIFIERS:
        world.start(index, cheat="lazy" if index in lazy else None)
    await world.until(lambda: len(world.job(job_id).rounds) == 2)
    assert world.job(job_id).rounds[0].decision.verdict is JobVerdict.INCONCLUSIVE  # type: ignore[union-attr]
    await world.until(lambda: world.job(job_id).rounds[1].decision is not None)
    world.pass_seconds(WINDOW_SECONDS)
    job = await world.ended(job_id)
    assert job.verdict is JobVerdict.ACCEPT
    assert job.rounds[1].appellant == world.address(WORKER)
    # Nobody is right or wrong where nothing was decided.
    assert accounts_struck(job, world) == {world.address(index) for index in lazy}
    assert {payment.account for payment in job.payments} == {
        world.address(index) for index in VERIFIERS if index not in lazy
    }


async def test_a_requester_that_checks_is_not_deceived_by_a_bought_majority(world: CourtWorld, tmp_path: Path) -> None:
    accomplices = tmp_path / "accomplices"
    accomplices.mkdir()
    world.start(WORKER, cheat="other-seed", accomplice_dir=accomplices)
    job_id = await world.submit()
    bought = (await drawn_committee(world, job_id))[:2]
    for index in VERIFIERS:
        options = {"cheat": "colluding", "accomplice_dir": accomplices} if index in bought else {}
        world.start(index, **options)
    fetcher = fetcher_of(world.http, world.requester)
    around = await world.look()
    checker = checker_of(around, world.deployment, fetcher, data_dir=None, gateways=[])
    seeing = asyncio.create_task(see_through(around, world.requester, job_id, checker=checker, appeals=True))
    await world.until(lambda: len(world.job(job_id).rounds) == 2)
    assert world.job(job_id).rounds[0].decision.verdict is JobVerdict.ACCEPT  # type: ignore[union-attr]
    await world.until(lambda: world.job(job_id).rounds[1].decision is not None)
    world.pass_seconds(WINDOW_SECONDS)
    job = await seeing
    assert job.verdict is JobVerdict.REJECT_DISAGREEMENT
    assert accounts_struck(job, world) == {world.address(index) for index in bought}
    assert job.ending is not None
    assert job.ending.worker_wei == 0


async def test_absence_is_charged_and_holds_nobody_up(world: CourtWorld) -> None:
    world.start(WORKER, appeals=False)
    job_id = await world.submit()
    silent, hidden, honest = await drawn_committee(world, job_id)
    world.start(silent, cheat="no-commit")
    world.start(hidden, cheat="no-reveal")
    world.start(honest)
    world.pass_seconds(WINDOW_SECONDS // 2)  # nobody waits longer for one that may sign and does not
    await world.until(lambda: {0, 2, 3} <= set(world.job(job_id).rounds[0].commitments))
    world.pass_seconds(WINDOW_SECONDS // 2)
    await world.until(lambda: world.phase(job_id) is JobPhase.REVEAL)
    world.pass_seconds(WINDOW_SECONDS // 2)  # nor for one that may show its opening and does not
    await world.until(lambda: {0, 3} <= set(world.job(job_id).rounds[0].openings))
    world.pass_seconds(WINDOW_SECONDS)
    await world.until(lambda: world.job(job_id).verdict is not JobVerdict.NONE)
    world.pass_seconds(WINDOW_SECONDS)
    job = await world.ended(job_id)
    assert job.verdict is JobVerdict.INCONCLUSIVE
    assert {slash.account for slash in job.slashes} == {world.address(silent), world.address(hidden)}
    assert {slash.amount_wei for slash in job.slashes} == {NO_SHOW_WEI}
    assert job.ending is not None
    assert job.ending.worker_wei == 106 * FEE_WEI
    assert job.ending.requester_wei == WORKER_FEE_WEI + 3 * FEE_WEI


async def test_a_worker_that_never_answers_costs_the_requester_nothing(world: CourtWorld) -> None:
    before = await world.around.court.balance_of(world.requester)
    world.start(WORKER, cheat="no-commit")
    job_id = await world.submit()
    await world.around.observer.refresh()
    world.pass_seconds(WINDOW_SECONDS)
    job = await see_through(await world.look(), world.requester, job_id)
    assert not job.rounds
    assert await world.around.court.balance_of(world.requester) == before + WORKER_FEE_WEI + 3 * FEE_WEI


async def test_a_worker_that_hides_its_answer_is_rejected(world: CourtWorld) -> None:
    world.start(WORKER, cheat="no-reveal")
    job_id = await world.submit()
    for index in await drawn_committee(world, job_id):
        world.start(index)
    await world.until(lambda: world.job(job_id).rounds[0].all_committed is not None)
    world.pass_seconds(WINDOW_SECONDS // 2)
    await world.until(lambda: {1, 2, 3} <= set(world.job(job_id).rounds[0].openings))
    world.pass_seconds(WINDOW_SECONDS)
    await world.until(lambda: world.job(job_id).verdict is not JobVerdict.NONE)
    world.pass_seconds(WINDOW_SECONDS)
    job = await world.ended(job_id)
    assert job.verdict is JobVerdict.REJECT_NO_SHOW
    assert len(job.payments) == 3


async def test_a_ringer_pays_those_who_find_it_and_slashes_whoever_confirms_it(
    world: CourtWorld, tmp_path: Path
) -> None:
    ringers = tmp_path / "ringers"
    world.start(WORKER, cheat="ringer", accomplice_dir=ringers)
    job_id = await world.submit(ringers=ringers)
    obliging, *honest = await drawn_committee(world, job_id)
    for index in honest:
        world.start(index)
    # Votes for the worker without generating: here because it reads the same folder.
    world.start(obliging, cheat="ringer", accomplice_dir=ringers)
    job = await see_through(await world.look(), world.requester, job_id, ringers=ringers)
    assert job.verdict is JobVerdict.RINGER
    assert {payment.account for payment in job.payments} == {world.address(index) for index in honest}
    assert {payment.amount_wei for payment in job.payments} == {FEE_WEI + WORKER_FEE_WEI // 2}
    assert [(slash.account, slash.amount_wei) for slash in job.slashes] == [
        (world.address(obliging), SEAT_STAKE_WEI // 10)
    ]
    assert job.ending is not None
    assert job.ending.worker_wei == 106 * FEE_WEI


@pytest.mark.parametrize("cheat", ["copied-digest", "copied-commitment", "lazy"])
async def test_a_member_that_does_not_generate_is_found_out(world: CourtWorld, cheat: str) -> None:
    world.start(WORKER)
    job_id = await world.submit()
    cheater, *honest = await drawn_committee(world, job_id)
    world.start(cheater, cheat=cheat)
    for index in honest:
        world.start(index)
    await world.until(lambda: world.job(job_id).rounds[0].all_committed is not None)
    if cheat == "copied-commitment":
        world.pass_seconds(WINDOW_SECONDS // 2)
        await world.until(lambda: len(world.job(job_id).rounds[0].openings) == 3)
        world.pass_seconds(WINDOW_SECONDS)
    await world.until(lambda: world.job(job_id).verdict is not JobVerdict.NONE)
    world.pass_seconds(WINDOW_SECONDS)
    job = await world.ended(job_id)
    assert job.verdict is JobVerdict.ACCEPT
    assert accounts_struck(job, world) == {world.address(cheater)}


async def test_a_process_goes_on_after_a_power_cut_and_ends_cleanly(
    start_devnet: Callable[..., Devnet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ANNOUNCED))
    # Processes take their time to start: here the chain waits for them.
    async with open_court_world(start_devnet(), tmp_path, verifiers=3) as world:
        await world.stake(VERIFIERS[:3])
        world.start(WORKER)
        job_id = await world.submit()
        victim, *others = await drawn_committee(world, job_id)
        process = await world.spawn(victim)
        await world.until(lambda: world.address(victim) in world.around.seats.history.endpoints)
        world.pass_seconds(WINDOW_SECONDS // 2)
        await world.until(lambda: 1 in world.job(job_id).rounds[0].commitments)
        process.kill()
        await process.wait()
        for index in others:
            world.start(index)
        await world.until(lambda: world.job(job_id).rounds[0].all_committed is not None)
        assert world.job(job_id).verdict is JobVerdict.NONE
        process = await world.spawn(victim)
        await world.until(lambda: world.job(job_id).verdict is not JobVerdict.NONE)
        assert world.job(job_id).rounds[0].decision.distances == (0, 0, 0)  # type: ignore[union-attr]
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert "Traceback" not in (tmp_path / f"party-{victim}.log").read_text()

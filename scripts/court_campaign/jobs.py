"""Submits jobs, a bounded number at once, and sees all of them through as their requester."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.court_values import COMMITTEE_SIZES
from contracts.rpc import Rpc
from node.generation.task import GenerativeTask
from scripts.court_campaign.settings import HONEST, CampaignSettings
from scripts.court_campaign.stage import VERIFIER_FEE_WEI, WINDOWS, WORKER_FEE_WEI, Stage
from verifier.court.job import Job
from verifier.court.party import Party
from verifier.court.requester import submit_job
from verifier.court.surroundings import ensure_balance

POLL_SECONDS: Final = 0.4
ABSENT: Final = frozenset({"no-commit", "no-reveal"})  # their jobs wait for windows to pass and cost nothing meanwhile
LAST_SECONDS: Final = 900.0


@dataclass
class Hearing:
    """One job. `kind`: what its worker does. Times are this machine's seconds, for how long people wait."""

    kind: str
    prompt: str
    job_id: bytes = b""
    submitted_at: float = 0.0
    decided_at: float | None = None


def order_of(settings: CampaignSettings, task: GenerativeTask, prompts: Sequence[str]) -> list[Hearing]:
    """Every job: those of cheats are spread among as many honest ones, the other honest ones follow.

    The first is honest: a copier needs something to copy. Those that stay away come early, since they take longest.
    """
    kinds = [HONEST]
    for cheat in sorted(settings.cheats, key=lambda name: name not in ABSENT):
        for _ in range(settings.cheat_jobs):
            kinds += [cheat, HONEST]
    honest = kinds.count(HONEST)
    kinds += [HONEST] * max(0, settings.jobs - honest)
    return [Hearing(kind, task.check_prompt(prompts[number % len(prompts)])) for number, kind in enumerate(kinds)]


class Docket:
    """Every job of a campaign; `submitted`: those so far."""

    def __init__(self, stage: Stage, settings: CampaignSettings, hearings: Sequence[Hearing]) -> None:
        self._stage, self._settings = stage, settings
        self._waiting = deque(hearings)
        self.submitted: list[Hearing] = []
        self.started_at = time.monotonic()

    async def play(self, report: Callable[[int, int], None]) -> float:
        """Submit everything there is time for, see all jobs to their ends; returns the seconds until all verdicts."""
        each = WORKER_FEE_WEI + COMMITTEE_SIZES[0] * VERIFIER_FEE_WEI
        await ensure_balance(self._stage.around, self._stage.requester, each * len(self._waiting))
        async with self._requester() as check:
            seconds = await self._submit_all(report, check)
            await self._end(check)
        return seconds

    @contextlib.asynccontextmanager
    async def _requester(self) -> AsyncIterator[Callable[[], None]]:
        """The requester of all jobs, content with what is accepted; call what this yields to hear of failures."""
        party = Party(self._stage.requester, self._stage.around, poll_seconds=POLL_SECONDS)
        seeing = asyncio.create_task(party.run())

        def check() -> None:
            self._stage.processes.check()
            if seeing.done():
                seeing.result()

        try:
            yield check
        finally:
            seeing.cancel()
            await asyncio.gather(seeing, return_exceptions=True)

    async def _submit_all(self, report: Callable[[int, int], None], check: Callable[[], None]) -> float:
        """Returns the seconds it took until all were decided."""
        while True:
            check()
            self._note_decisions()
            open_hearings = [item for item in self.submitted if item.decided_at is None and item.kind not in ABSENT]
            if not self._is_due() and not open_hearings:
                return time.monotonic() - self.started_at
            batch = list(self._next(self._settings.in_flight - len(open_hearings)))
            await asyncio.gather(*(self._submit(item) for item in batch))
            report(len(self.submitted), sum(item.decided_at is not None for item in self.submitted))
            await asyncio.sleep(POLL_SECONDS)

    async def _end(self, check: Callable[[], None]) -> None:
        """Let the windows pass that nobody acts in, and wait until every job is paid out."""
        rpc = await Rpc.open(self._stage.devnet_url, timeout_seconds=20)
        try:
            async with asyncio.timeout(LAST_SECONDS):
                for window in ("work_seconds", "reveal_seconds", "appeal_seconds"):
                    await rpc.request("evm_increaseTime", WINDOWS[window])
                    while not self._has_moved(window):
                        check()
                        await asyncio.sleep(POLL_SECONDS)
        finally:
            await rpc.close()

    def jobs(self) -> Iterator[tuple[Hearing, Job]]:
        """Every job with what became of it."""
        history = self._stage.around.observer.history
        return ((item, history.job(item.job_id)) for item in self.submitted)

    def _has_moved(self, window: str) -> bool:
        """Whether what waited for a window has gone on."""
        jobs = [job for _, job in self.jobs()]
        if window == "work_seconds":
            return all(job.ending is not None or job.current is not None for job in jobs)
        if window == "reveal_seconds":
            return all(job.ending is not None or job.current.decision is not None for job in jobs if job.current)
        return all(job.ending is not None for job in jobs)

    def _next(self, places: int) -> Iterator[Hearing]:
        while self._is_due() and places > 0:
            item = self._waiting.popleft()
            places -= item.kind not in ABSENT
            yield item

    def _is_due(self) -> bool:
        """Whether there is a job to submit: a cheat's whatever the time is, an honest one while there is time."""
        late = time.monotonic() - self.started_at > 60 * self._settings.minutes
        while late and self._waiting and self._waiting[0].kind == HONEST:
            self._waiting.popleft()
        return bool(self._waiting)

    async def _submit(self, item: Hearing) -> None:
        item.submitted_at = time.monotonic()
        item.job_id = await submit_job(
            self._stage.around,
            self._stage.requester,
            self._stage.class_,
            worker=self._stage.workers[item.kind],
            fee_wei=WORKER_FEE_WEI,
            job_input=item.prompt.encode(),
        )
        self.submitted.append(item)

    def _note_decisions(self) -> None:
        jobs = self._stage.around.observer.history.jobs
        for item in self.submitted:
            job = jobs.get(item.job_id)
            if item.decided_at is None and job is not None and job.rounds and job.rounds[0].decision is not None:
                item.decided_at = time.monotonic()

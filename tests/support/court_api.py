"""A scripted court with a job of every kind, and the real API over it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from frontend_api.settings import Settings
from tests.support.devnet import Devnet, running_devnet
from tests.support.loop_thread import LoopThread
from tests.support.rpc import wait_for
from tests.support.scripted_court import (
    APPEAL_SECONDS,
    CLASS_TERMS,
    COMMIT_SECONDS,
    FALSE,
    OTHER,
    TRUE,
    ScriptedCourt,
    near,
    scripted_court,
)
from tests.support.world import running_api

T = TypeVar("T")
CLOSED = ("accepted", "rejected", "appealed", "hidden", "absent", "ringer", "expired")
OPEN = ("deciding", "opening", "committing", "working")
UNREADABLE = b"no description"
UNREADABLE_TERMS = replace(CLASS_TERMS, description_digest=hashlib.sha256(UNREADABLE).digest())


@dataclass(frozen=True)
class CourtApi:
    """A court and an API over it. `jobs`: ids by what became of them.

    accepted (distances 0, 2, 16), rejected (all members agree on something else), appealed (inconclusive, then
    accepted by seven), hidden (the worker never opened), absent (a member never committed), ringer (one member
    confirmed it), expired; all of them closed. Then deciding (appeals possible), opening (all have committed, one has
    opened), committing (one member has), working.
    """

    court: ScriptedCourt
    jobs: Mapping[str, bytes]
    deployment_file: Path
    api: httpx.Client
    devnet: Devnet

    @property
    def url(self) -> str:
        """Address of the API."""
        return str(self.api.base_url)

    def get(self, path: str, status: int = 200, /, **parameters: Any) -> Any:
        """The JSON of an answer under /api/v1, of this status."""
        answer = self.api.get(f"/api/v1{path}", params=parameters or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    def id(self, name: str) -> str:
        """Id of a job, as the API writes it."""
        return f"0x{self.jobs[name].hex()}"

    def job(self, name: str) -> Any:
        """A job as the API tells it."""
        return self.get(f"/jobs/{self.id(name)}")["job"]


@contextlib.contextmanager
def open_court_api(folder: Path) -> Iterator[CourtApi]:
    """Build the court in `folder`, on a devnet of its own."""
    with running_devnet() as devnet, contextlib.closing(LoopThread()) as thread:
        court, jobs = thread.enter(_peopled(devnet))
        deployment_file = folder / "deployment.json"
        court.deployment.save(deployment_file)
        settings = Settings(rpc_url=devnet.rpc_url, deployment=deployment_file)
        url = thread.enter(running_api(settings, f"sqlite+aiosqlite:///{folder / 'index.db'}"))
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as api:
            wait_for(lambda: len(api.get("/api/v1/jobs").json().get("items", ())) == len(jobs))
            yield CourtApi(court, jobs, deployment_file, api, devnet)


@contextlib.asynccontextmanager
async def _peopled(devnet: Devnet) -> AsyncIterator[tuple[ScriptedCourt, Mapping[str, bytes]]]:
    async with scripted_court(devnet) as court:
        yield court, await play(court)


async def play(court: ScriptedCourt) -> dict[str, bytes]:
    """Jobs of every kind, as CourtApi describes them."""
    jobs = await submitted(court, CLOSED)
    await together(
        court,
        *(court.work(jobs[name], FALSE if name == "rejected" else TRUE) for name in CLOSED[:5]),
        court.work(jobs["ringer"], FALSE, ringer=True),
    )
    masked = court.openings[jobs["ringer"], 0, 0].digest
    await together(
        court,
        court.commit(jobs["accepted"], [TRUE, near(TRUE, 2), near(TRUE, 16)]),
        court.commit(jobs["rejected"], [TRUE, near(TRUE, 1), TRUE]),
        court.commit(jobs["appealed"], [TRUE, FALSE, OTHER]),
        court.commit(jobs["hidden"], [TRUE, TRUE, TRUE]),
        court.commit(jobs["absent"], [TRUE, None, TRUE]),
        court.commit(jobs["ringer"], [TRUE, masked, near(TRUE, 3)]),
    )
    await together(
        court,
        *(court.decide(jobs[name]) for name in ("accepted", "rejected", "appealed", "ringer")),
        court.reveal(jobs["hidden"], 1, 2, 3),
    )
    await court.expose(jobs["ringer"], FALSE)
    await court.pass_time(COMMIT_SECONDS)
    await together(court, court.decide(jobs["absent"]), court.appeal(jobs["appealed"], court.worker))
    await together(court, court.commit(jobs["appealed"], [near(OTHER, 4)] * 6 + [FALSE], worker=OTHER))
    await court.decide(jobs["appealed"])
    await court.pass_time(APPEAL_SECONDS // 3)
    await court.decide(jobs["hidden"], without=[0])
    await court.pass_time(APPEAL_SECONDS)
    await together(court, *(court.finalize(jobs[name]) for name in CLOSED[:6]), court.expire(jobs["expired"]))
    await court.curator.court.register_class(UNREADABLE_TERMS, UNREADABLE)
    jobs |= await submitted(court, OPEN)
    await together(court, *(court.work(jobs[name], TRUE) for name in OPEN[:3]))
    await together(
        court,
        court.commit(jobs["deciding"], [FALSE, OTHER, TRUE]),
        court.commit(jobs["opening"], [TRUE] * 3),
        court.commit(jobs["committing"], [None, TRUE]),
    )
    await together(court, court.decide(jobs["deciding"]), court.reveal(jobs["opening"], 2))
    return jobs


async def submitted(court: ScriptedCourt, names: Sequence[str]) -> dict[str, bytes]:
    """Jobs of these names; their prompts are the names."""
    jobs = [court.submit(name, ringer=FALSE if name == "ringer" else None) for name in names]
    return dict(zip(names, await together(court, *jobs), strict=True))


async def together(court: ScriptedCourt, *steps: Coroutine[Any, Any, T]) -> list[T]:
    """What the steps return, taken at once; then on to the blocks after them."""
    results = await asyncio.gather(*steps)
    await court.settle()
    return results

"""A synthetic project with a history of every kind, and the real API over it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from frontend_api.app import create_app
from frontend_api.opening import open_index
from frontend_api.serving import listen, serve, url_of
from frontend_api.settings import Settings
from node.aggregation.reasons import Reason
from tests.support.devnet import Devnet, running_devnet
from tests.support.gateways import BookOfRecords
from tests.support.loop_thread import LoopThread
from tests.support.rpc import wait_for
from tests.support.synthetic import SyntheticProject, synthetic_project


@dataclass(frozen=True)
class World:
    """A devnet, a project on it, and an API over both.

    Rounds: 1 all earn; 2 seat 2 filtered, seat 3 never committed; 3 skipped; 4 all earn and account 1 claimed up to
    here; 5 accepted, not final; 6 open with one commitment. Account 1 holds seats 1 and 4, accounts 2 and 3 one each.
    """

    devnet: Devnet
    swarm: SyntheticProject
    deployment_file: Path
    api: httpx.Client
    thread: LoopThread

    @property
    def url(self) -> str:
        """Address of the API."""
        return str(self.api.base_url)

    def get(self, path: str, status: int = 200, /, **parameters: Any) -> Any:
        """The JSON of an answer under /api/v1, of this status."""
        answer = self.api.get(f"/api/v1{path}", params=parameters or None)
        assert answer.status_code == status, answer.text
        return answer.json()


@contextlib.asynccontextmanager
async def running_api(settings: Settings, database_url: str) -> AsyncIterator[str]:
    """The API on a free port; gives its URL."""
    listening = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        async with open_index(settings, database_url) as index:
            server = asyncio.create_task(serve(create_app(index), listener, listening.set))
            await listening.wait()
            try:
                yield url_of(listener)
            finally:
                server.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await server


@contextlib.contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Build the world in `folder`, on a devnet of its own."""
    with running_devnet() as devnet, contextlib.closing(LoopThread()) as thread:
        swarm = thread.enter(_peopled(devnet, folder))
        deployment_file = folder / "deployment.json"
        swarm.deployment.save(deployment_file)
        settings = Settings(rpc_url=devnet.rpc_url, deployment=deployment_file)
        url = thread.enter(running_api(settings, f"sqlite+aiosqlite:///{folder / 'index.db'}"))
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as api:
            wait_for(lambda: api.get("/api/v1/status").json().get("index", {}).get("records") == 4)
            yield World(devnet, swarm, deployment_file, api, thread)


@contextlib.asynccontextmanager
async def _peopled(devnet: Devnet, folder: Path) -> AsyncIterator[SyntheticProject]:
    async with synthetic_project(devnet, owners=[1, 2, 3, 1]) as swarm:
        lying = LyingRecords(swarm.records)
        async with swarm.gateway(folder / "honest") as honest, swarm.gateway(folder / "lying", lying) as liar:
            await swarm.announce(1, "http://127.0.0.1:1")
            await swarm.announce(2, liar)
            await swarm.announce(3, honest)
            await _history(swarm)
            yield swarm


async def _history(swarm: SyntheticProject) -> None:
    await swarm.play()
    await swarm.play({2: Reason.FILTERED, 3: Reason.NO_COMMIT})
    await swarm.skip()
    await swarm.play()
    await swarm.claim(swarm.accounts[0])
    number = await swarm.open()
    await swarm.commit(number)
    await swarm.reveal(number)
    await swarm.accept(number)
    await swarm.commit(await swarm.open(), [2])


@dataclass
class LyingRecords(BookOfRecords):
    """Serves the records of an honest peer with one reward raised."""

    def __init__(self, honest: BookOfRecords) -> None:
        super().__init__(honest.rounds)

    def get(self, round: int) -> bytes | None:
        """The record, but not as it is."""
        honest = super().get(round)
        if honest is None:
            return None
        record = json.loads(honest)
        record["contributions"][1]["reward_wei"] = "999000000000000000000"
        return json.dumps(record).encode()

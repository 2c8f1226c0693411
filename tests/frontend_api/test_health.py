"""When the chain is away the API goes on answering, and says how things are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from frontend_api.errors import IndexEmpty
from frontend_api.opening import IN_MEMORY, open_index
from frontend_api.reading.reader import Reader
from frontend_api.settings import Settings
from tests.support.devnet import Devnet, running_devnet
from tests.support.loop_thread import LoopThread
from tests.support.rpc import wait_for
from tests.support.synthetic import synthetic_project
from tests.support.world import running_api


@contextlib.contextmanager
def indexed(tmp_path: Path) -> Iterator[tuple[Devnet, httpx.Client, int]]:
    """A devnet, an API that has indexed its project, and the number of the round that is open there."""
    with contextlib.closing(LoopThread()) as thread, contextlib.ExitStack() as stack:
        devnet = stack.enter_context(running_devnet())
        swarm = thread.enter(synthetic_project(devnet, owners=[1]))
        number = thread.run(swarm.open())
        swarm.deployment.save(tmp_path / "deployment.json")
        settings = Settings(rpc_url=devnet.rpc_url, deployment=tmp_path / "deployment.json")
        url = thread.enter(running_api(settings, f"sqlite+aiosqlite:///{tmp_path / 'index.db'}"))
        api = stack.enter_context(httpx.Client(base_url=f"{url}/api/v1", timeout=30, trust_env=False))
        wait_for(lambda: api.get("/rounds").json().get("items"))
        yield devnet, api, number


def test_an_index_that_cannot_follow_is_unhealthy_but_answers(tmp_path: Path) -> None:
    with indexed(tmp_path) as (devnet, api, number):
        assert api.get("/health").status_code == 200
        devnet.process.kill()
        wait_for(lambda: api.get("/health").status_code == 503)
        problem = api.get("/health").json()
        assert problem["type"] == "/problems/index-failing"
        assert problem["cause"].startswith("no Ethereum node answers at ")
        assert [item["number"] for item in api.get("/rounds").json()["items"]] == [number]
        index = api.get("/status").json()["index"]
        assert (index["state"], index["cause"]) == ("failing", problem["cause"])


def test_a_chain_that_starts_anew_is_not_answered_for(tmp_path: Path) -> None:
    with indexed(tmp_path) as (devnet, api, number):
        devnet.process.kill()
        devnet.process.wait()
        port = httpx.URL(devnet.rpc_url).port
        assert port is not None
        with running_devnet(port=port):
            wait_for(lambda: api.get("/status").status_code == 503)
            for path in ("/status", "/health", "/rounds", f"/rounds/{number}", "/jobs"):
                answer = api.get(path)
                assert (answer.status_code, answer.json()["type"]) == (503, "/problems/index-failing")
                assert "the endpoint serves another chain than before: block 0 was 0x" in answer.json()["detail"]


async def test_before_the_first_block_there_is_no_answer(tmp_path: Path) -> None:
    with running_devnet() as devnet:
        async with synthetic_project(devnet, owners=[1]) as swarm:
            swarm.deployment.save(tmp_path / "deployment.json")
            settings = Settings(rpc_url=devnet.rpc_url, deployment=tmp_path / "deployment.json")
            async with open_index(settings, IN_MEMORY) as index, AsyncSession(index.engine) as session:
                with pytest.raises(IndexEmpty):
                    await Reader.open(session)

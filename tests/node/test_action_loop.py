"""Actions run once at a time, and again a little later when they failed."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from contracts.reverts.court import Court_NoAmount
from node.action_loop import FIRST_RETRY_SECONDS, ActionLoop
from node.errors import StorageError


class Stage:
    """Carries out actions as it is told to."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.started: list[str] = []
        self.gate = asyncio.Event()

    async def dispatch(self, action: str) -> None:
        self.started.append(action)
        await self.gate.wait()
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


async def test_an_action_that_runs_is_not_started_again() -> None:
    stage = Stage(None, None)
    loop = ActionLoop(stage.dispatch, log="test")
    for _ in range(3):
        loop.start(["a", "b"])
        await loop.wait(timeout_seconds=0.001)
    assert stage.started == ["a", "b"]
    assert loop.busy
    stage.gate.set()
    await loop.wait(timeout_seconds=30)
    await loop.wait(timeout_seconds=0)
    assert not loop.busy


async def test_a_failed_action_waits_for_its_next_try_and_others_do_not() -> None:
    stage = Stage(StorageError("the disk is full"), None, None)
    stage.gate.set()
    loop = ActionLoop(stage.dispatch, log="test")
    with capture_logs() as logs:
        loop.start(["a"])
        await loop.wait(timeout_seconds=30)
        began = asyncio.get_running_loop().time()
        loop.start(["a", "b"])
        await loop.wait(timeout_seconds=30)
        assert stage.started == ["a", "b"]
        while stage.started != ["a", "b", "a"]:
            loop.start(["a"])
            await loop.wait(timeout_seconds=0.01)
    assert asyncio.get_running_loop().time() - began >= FIRST_RETRY_SECONDS / 2
    assert [(log["log_level"], log["cause"]) for log in logs] == [("warning", "the disk is full")]
    await loop.close()


async def test_what_a_contract_refused_is_told_as_news_and_a_bug_with_its_trace() -> None:
    stage = Stage(Court_NoAmount(), ZeroDivisionError())
    stage.gate.set()
    loop = ActionLoop(stage.dispatch, log="test")
    with capture_logs() as logs:
        for action in ("a", "b"):
            loop.start([action])
            await loop.wait(timeout_seconds=30)
    assert [log["log_level"] for log in logs] == ["info", "error"]
    assert isinstance(logs[1]["exc_info"], ZeroDivisionError)


async def test_closing_ends_what_is_under_way() -> None:
    stage = Stage()
    loop = ActionLoop(stage.dispatch, log="test")
    loop.start(["a"])
    await loop.wait(timeout_seconds=0.001)
    await loop.close()
    await loop.wait(timeout_seconds=0)
    assert not loop.busy

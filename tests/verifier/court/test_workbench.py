"""Turns at a bench that one can use at a time."""

from __future__ import annotations

import asyncio

from verifier.court.workbench import Workbench


class Made:
    """Notes what is made, and how many at once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.most = self.now = 0

    async def make(self, name: str) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.02)
        self.names.append(name)
        self.now -= 1


async def offer(*left: float | None) -> Made:
    """Ask for as many as there are times left, all at once; each is named after its place."""
    bench, made = Workbench(), Made()
    await asyncio.gather(
        *(
            bench.use(lambda name=str(place): made.make(name), lambda seconds=seconds: seconds)
            for place, seconds in enumerate(left)
        )
    )
    return made


async def test_all_are_made_one_after_another_if_there_is_time() -> None:
    made = await offer(100, 100, 100)
    assert (made.names, made.most) == (["0", "1", "2"], 1)


async def test_what_nobody_wants_any_more_is_not_made() -> None:
    assert (await offer(100, None, 100, None)).names == ["0", "2"]


async def test_what_would_come_too_late_yields_to_what_still_has_time() -> None:
    assert (await offer(100, 0.001, 100, 0.001, 100)).names == ["0", "2", "4"]


async def test_what_may_come_too_late_is_tried_if_nothing_else_waits() -> None:
    assert (await offer(100, 0.001, 0.001)).names == ["0", "2"]


async def test_one_that_fails_leaves_the_bench_to_the_next() -> None:
    bench, made = Workbench(), Made()

    async def fail() -> None:
        raise ValueError("no model")

    found = await asyncio.gather(
        bench.use(fail, lambda: 1), bench.use(lambda: made.make("next"), lambda: 0), return_exceptions=True
    )
    assert isinstance(found[0], ValueError)
    assert made.names == ["next"]

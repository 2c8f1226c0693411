"""Fixtures of the contracts' tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.devnet import Devnet, running_devnet
from tests.support.stage import Prepared, Stage, on_stage, prepare


@pytest.fixture(scope="session")
def still_devnet() -> Iterator[Devnet]:
    """A devnet that builds no block by itself; only the stage uses it."""
    with running_devnet(blocks_per_second=200, heartbeat_seconds=0) as running:
        yield running


@pytest.fixture(scope="session")
def prepared(still_devnet: Devnet) -> Prepared:
    """The system deployed once."""
    return asyncio.run(prepare(still_devnet))


@pytest.fixture
async def stage(still_devnet: Devnet, prepared: Prepared) -> AsyncIterator[Stage]:
    """The system as deployed, for one test."""
    async with on_stage(still_devnet, prepared) as ready:
        yield ready

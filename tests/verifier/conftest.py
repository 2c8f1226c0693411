"""One finished project for all tests of the verifier, and its archives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.devnet import Devnet, running_devnet
from tests.verifier.swarm import FinishedProject, RoundPlan, play, running_swarm
from verifier.audit import AuditSettings, audit
from verifier.verdict import Accept

# Round 2 is skipped; in round 3 one seat is silent and one hides its update; in round 4 seat 5 copies seat 1.
PLANS = (RoundPlan(), None, RoundPlan(silent=(4,), hidden=(5,)), RoundPlan(copiers=(5,), finalize=False))


@pytest.fixture(scope="session")
def verifier_devnet() -> Iterator[Devnet]:
    """A devnet whose time the tests of the verifier may move."""
    with running_devnet() as running:
        yield running


@pytest.fixture(scope="session")
def finished(verifier_devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedProject]:
    """A project with three accepted rounds and a skipped one."""
    folder = tmp_path_factory.mktemp("project")

    async def build() -> FinishedProject:
        async with running_swarm(verifier_devnet, folder) as swarm:
            return await play(swarm, folder / "store", PLANS)

    project = asyncio.run(build())
    with project.store:
        yield project


@pytest.fixture(scope="session")
def archives(finished: FinishedProject, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The project exported in both forms: a folder and a CAR file."""
    folder = tmp_path_factory.mktemp("archives")
    paths = {"folder": folder / "project", "car": folder / "project.car"}

    async def export() -> None:
        async with finished.gateway() as url:
            for path in paths.values():
                verdict = await audit(settings_of(finished, url, export=path))
                assert isinstance(verdict, Accept), verdict

    asyncio.run(export())
    return paths


@pytest.fixture(scope="session")
def online(finished: FinishedProject) -> Callable[..., AuditSettings]:
    """Settings of an online audit of the finished project: `online(url, ..., option=value)`."""
    return partial(settings_of, finished)


@pytest.fixture(scope="session")
def finished_deployment(finished: FinishedProject) -> Path:
    """The deployment record of the finished project."""
    return finished.swarm.deployment_file


def settings_of(finished: FinishedProject, *urls: str, **options: object) -> AuditSettings:
    """Settings of an online audit that reads from these gateways."""
    return AuditSettings(
        rpc_url=finished.swarm.rpc_url,
        deployment=finished.swarm.deployment_file,
        project=finished.address,
        gateways=urls,
        **options,  # type: ignore[arg-type]
    )

"""Fixtures of the faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Command, command_in
from tests.support.court_api import CourtApi, open_court_api
from tests.support.world import World, open_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Built once: tests only read it."""
    with open_world(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture(scope="session")
def court_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CourtApi]:
    """Built once: tests only read it."""
    with open_court_api(tmp_path_factory.mktemp("court")) as found:
        yield found


@pytest.fixture(params=["direct", "api"])
def asked_court(request: pytest.FixtureRequest, court_api: CourtApi) -> list[object]:
    """Global options with which the court is asked: from the chain, or from its API."""
    if request.param == "api":
        return ["--api-url", court_api.url]
    return ["--rpc-url", court_api.devnet.rpc_url, "--deployment", court_api.deployment_file]


@pytest.fixture
def swarmproof(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command, run in an empty folder without any configuration."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "nowhere"))
    return command_in(monkeypatch, capsys)


@pytest.fixture(params=["direct", "api"])
def asked(request: pytest.FixtureRequest, world: World) -> list[object]:
    """Global options with which the world is asked: from chain and peers, or from its API."""
    if request.param == "api":
        return ["--api-url", world.url]
    return ["--rpc-url", world.devnet.rpc_url, "--deployment", world.deployment_file]

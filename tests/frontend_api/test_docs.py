"""The documents name everything there is."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from frontend_api import errors
from frontend_api.command_line import global_options
from frontend_api.errors import RequestError
from frontend_api.reading.explain import REASONS
from frontend_api.settings import NODE_KEYS, ApiSettings, Settings
from node.aggregation.reasons import Reason
from tests.frontend_api.test_cli_processes import COMMANDS
from tests.support.world import World

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def api() -> str:
    return (DOCS / "api.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def command_line() -> str:
    return (DOCS / "commands.md").read_text(encoding="utf-8")


def test_every_route_is_documented(world: World, api: str) -> None:
    for path in world.api.get("/openapi.json").json()["paths"]:
        assert f"`{path.removeprefix('/api/v1')}`" in api


def test_every_problem_is_documented(api: str) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RequestError)]
    for kind in kinds:
        if kind is not RequestError:
            assert f"`/problems/{kind.__new__(kind).slug}`" in api


def test_every_reason_is_documented_and_explained(api: str) -> None:
    assert set(REASONS) == set(Reason) - {Reason.NONE}
    assert all(str(reason.slug) in api for reason in REASONS)


def test_every_command_is_documented(command_line: str) -> None:
    for command in COMMANDS:
        assert f"`{' '.join(command)}" in command_line


def test_every_setting_is_documented(command_line: str) -> None:
    for name in (*Settings.model_fields, *ApiSettings.model_fields, *NODE_KEYS):
        assert name in command_line


def test_every_global_option_is_documented(command_line: str) -> None:
    names = inspect.signature(global_options).parameters
    assert set(names) >= {"rpc_url", "json"}
    assert all(f"`--{name.replace('_', '-')}" in command_line for name in names)

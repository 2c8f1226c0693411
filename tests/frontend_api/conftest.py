"""Fixtures of the faces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.world import World, open_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Built once: tests only read it."""
    with open_world(tmp_path_factory.mktemp("world")) as found:
        yield found

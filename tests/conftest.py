"""Fixtures for all tests."""

from __future__ import annotations

import os

# Before anything imports torch or numpy: several processes share few cores, and a second OpenMP thread only waits.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.support.devnet import Devnet, running_devnet

# A machine that many processes share is slow now and then; that is no counterexample.
settings.register_profile("swarmproof", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("swarmproof")


@pytest.fixture(autouse=True)
def default_logs() -> Iterator[None]:
    """Entry points direct the log, with a level, to a stderr that ends with the test: no later test may find it so."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def devnet() -> Iterator[Devnet]:
    """One devnet for the whole session: never revert it or move its time, others use it too."""
    with running_devnet() as running:
        yield running


@pytest.fixture
def fresh_devnet() -> Iterator[Devnet]:
    """A devnet of the test's own: its time may be moved and its chain reverted."""
    with running_devnet() as running:
        yield running


@pytest.fixture
def start_devnet() -> Iterator[Callable[..., Devnet]]:
    """Starts devnets with the options of `running_devnet`; they end with the test."""
    with ExitStack() as stack:

        def start(**options: float) -> Devnet:
            context: AbstractContextManager[Devnet] = running_devnet(**options)  # type: ignore[arg-type]
            return stack.enter_context(context)

        yield start

"""Fixtures of the tests of documents."""

from tests.frontend_api.conftest import swarmproof

__all__ = ["swarmproof"]

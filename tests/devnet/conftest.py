"""Fixtures of the devnet's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.devnet.signing import Wallet
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc


@pytest.fixture
def rpc(devnet: Devnet) -> Iterator[Rpc]:
    """Raw JSON-RPC to the devnet all tests share."""
    with closing(Rpc(devnet.rpc_url)) as client:
        yield client


@pytest.fixture
def fresh_rpc(fresh_devnet: Devnet) -> Iterator[Rpc]:
    """Raw JSON-RPC to a devnet of the test's own."""
    with closing(Rpc(fresh_devnet.rpc_url)) as client:
        yield client


@pytest.fixture
def wallet(devnet: Devnet, rpc: Rpc) -> Wallet:
    """A new account with 10 ether on the shared devnet."""
    return Wallet.funded(rpc, devnet)


@pytest.fixture
def fresh_wallet(fresh_devnet: Devnet, fresh_rpc: Rpc) -> Wallet:
    """A new account with 10 ether on the test's own devnet."""
    return Wallet.funded(fresh_rpc, fresh_devnet)

"""cast, ethers and viem use the contracts on a devnet, and docs/devnet-clients.md shows what they print."""

from __future__ import annotations

import shutil

import pytest

from tests.devnet.transcripts import CAST, DOCUMENT, document
from tests.support.devnet import running_devnet


def test_three_clients_deploy_use_and_listen_to_the_contracts_as_documented() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not CAST.exists():
        pytest.fail("the clients' packages are missing although node is there: run make node-modules")
    with running_devnet(heartbeat_seconds=0) as devnet:
        assert document(devnet) == DOCUMENT.read_text(encoding="utf-8"), "run: python -m tests.devnet.transcripts"

"""SIGKILL under load: no block and no receipt that anybody has seen is lost or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.devnet.killing import Killed, kill_repeatedly

CHAINS = 10
KILLS_A_CHAIN = 20


def test_a_few_kills_lose_no_block_that_anybody_has_seen(tmp_path: Path) -> None:
    result = kill_repeatedly(tmp_path, kills=5, seed=1)
    assert result.kills == 5
    assert result.blocks_seen > 5


@pytest.mark.slow
def test_two_hundred_kills_lose_no_block_that_anybody_has_seen(tmp_path: Path) -> None:
    """On several chains one after another, so that most of the time goes into load and not into long restarts."""
    total = Killed()
    for chain in range(CHAINS):
        folder = tmp_path / str(chain)
        folder.mkdir()
        result = kill_repeatedly(folder, kills=KILLS_A_CHAIN, seed=1_000 * chain)
        for name, value in vars(result).items():
            setattr(total, name, getattr(total, name) + value)
    print(total)
    assert total.kills == CHAINS * KILLS_A_CHAIN
    assert total.blocks_seen > 5 * total.kills
    assert total.transactions_seen > 5 * total.kills

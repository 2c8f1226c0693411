"""Peers that break the protocol: rounds go on, honest peers agree bit for bit, and the attackers earn nothing."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from node.exchange.peer_client import new_session
from node.rounds.outcome import Reason
from scripts.demo.processes import Processes
from scripts.demo.progress import follow
from scripts.demo.scenario import start_swarm
from scripts.demo.settings import DemoSettings

PATIENCE_SECONDS = 300.0


@pytest.mark.slow
async def test_lying_withholding_and_silent_peers_cannot_split_the_swarm_or_earn(tmp_path: Path) -> None:
    # 10 peers, so that 7 honest ones carry more than 2/3 of the stake even if the attackers did not sign at all.
    attacks = ("wrong-bytes", "partial-service", "silent")
    settings = DemoSettings(
        peers=10,
        attackers=3,
        rounds=2,
        attacks=attacks,
        rule="mean",
        commit_seconds=60,
        reveal_seconds=12,
        attest_seconds=36,
        epoch_seconds=3,
    )
    async with Processes(tmp_path) as processes, new_session() as session, asyncio.timeout(PATIENCE_SECONDS):
        swarm = await start_swarm(settings, tmp_path, processes, lambda _: None)
        async with swarm.chain:
            progress = await follow(swarm, processes, session, Console(file=io.StringIO()))
    owner_of = {peer.attack: peer.address for peer in swarm.peers if peer.attack is not None}
    allowed = {
        "wrong-bytes": {Reason.NOT_AVAILABLE},
        "silent": {Reason.NO_REVEAL},
        # Served to some: either too few have it, or enough have it and pass it on, and then it counts, unless two
        # of its three checkers are among those that do not get its trace.
        "partial-service": {Reason.NOT_AVAILABLE, Reason.FAILED_CHECK, Reason.NONE},
    }
    for number, records in progress.records.items():
        accepted = swarm.observer.history.round(number).acceptance
        assert accepted is not None
        assert {record.computed_hash for record in records.values()} == {accepted.result_hash}
        assert len(records) == len(swarm.honest)
        record = next(iter(records.values()))
        for attack in attacks:
            [contribution] = [item for item in record.contributions if item.owner == owner_of[attack]]
            assert contribution.reason in allowed[attack], (number, attack)
        assert all(
            item.reward_wei > 0 for item in record.contributions if item.owner in {p.address for p in swarm.honest}
        )

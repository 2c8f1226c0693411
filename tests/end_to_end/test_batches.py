"""Rounds whose commitments stand in batches: the whole swarm, a collector that censors, a collector that dies.

Real processes on a real chain. Windows with batches never end early, so they are as short as training allows.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from contracts.values import Address
from node.exchange.peer_client import new_session
from node.rounds.history import RoundHistory
from node.rounds.outcome import Reason
from node.rounds.record import RoundRecord
from scripts.demo.processes import Processes
from scripts.demo.progress import Progress, follow
from scripts.demo.scenario import DemoPeer, Swarm, start_peer, start_swarm, start_watcher
from scripts.demo.settings import DemoSettings
from verifier.audit import AuditSettings, audit
from verifier.verdict import Accept

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 400.0
SETTINGS = DemoSettings(
    peers=8,
    attackers=0,
    rounds=2,
    rule="mean",
    batched=True,
    commit_seconds=36,
    reveal_seconds=15,
    attest_seconds=36,
    epoch_seconds=3,
)


@dataclass(frozen=True)
class TwoSeatsEach(DemoSettings):
    """Every peer stakes two seats at once, so that it has one with an even number, and all wait for all."""

    def seats_of(self, peer: int) -> int:
        return 2

    @property
    def minimum_seats(self) -> int:
        return self.seats


async def trained(settings: DemoSettings, folder: Path) -> tuple[Swarm, Progress]:
    """A swarm that has trained all its rounds while somebody watched; what it left behind passes an audit."""
    async with Processes(folder) as processes, new_session() as session, asyncio.timeout(PATIENCE_SECONDS):
        swarm = await start_swarm(settings, folder, processes, lambda _: None)
        async with swarm.chain:
            await start_watcher(swarm, processes)
            progress = await follow(swarm, processes, session, Console(file=io.StringIO()))
            await audited(swarm, folder / "archive")
    assert not any(item.voided for item in swarm.observer.history.rounds)
    for number, records in progress.records.items():
        accepted = swarm.observer.history.round(number).acceptance
        assert accepted is not None
        assert {record.computed_hash for record in records.values()} == {accepted.result_hash}
    return swarm, progress


async def audited(swarm: Swarm, archive: Path) -> None:
    """Audit over the network, and again without it from what the first one wrote."""
    gateway = swarm.observer.history.endpoints[swarm.honest[0].address].url
    online = AuditSettings(
        rpc_url=swarm.rpc_url,
        deployment=swarm.folder / "deployment.json",
        project=swarm.project_address,
        gateways=(gateway,),
        export=archive,
    )
    for settings in (online, AuditSettings(offline=archive)):
        verdict = await audit(settings)
        assert isinstance(verdict, Accept), verdict


def reasons(progress: Progress, number: int) -> Mapping[Address, set[Reason]]:
    """What became of everybody's seats in a round."""
    record = next(iter(progress.records[number].values()))
    found: dict[Address, set[Reason]] = {}
    for item in record.contributions:
        found.setdefault(item.owner, set()).add(item.reason)
    return found


def directly(round_: RoundHistory) -> set[int]:
    """Seats that committed for themselves."""
    return {commit.seat for commit in round_.commits if commit.commitment is not None}


async def test_eight_peers_commit_and_reveal_in_two_transactions_a_round(tmp_path: Path) -> None:
    swarm, progress = await trained(SETTINGS, tmp_path)
    # In the first round peers start one after another, and some may be too late for its batch or even its window.
    last = swarm.observer.history.rounds[-1]
    assert len(last.reveals) == SETTINGS.peers
    assert reasons(progress, last.number) == {peer.address: {Reason.NONE} for peer in swarm.peers}
    assert directly(last) == set()
    assert sum(batch.count for batch in last.batches) == SETTINGS.peers
    assert len(last.revelations) <= 2


async def test_victims_of_censoring_collectors_commit_and_open_for_themselves_and_are_paid(tmp_path: Path) -> None:
    settings = TwoSeatsEach(**{**vars(SETTINGS), "peers": 4, "attackers": 3, "attacks": ("censoring-collector",)})
    swarm, progress = await trained(settings, tmp_path)
    [victim] = swarm.honest
    own = {seat.number for seat in swarm.observer.history.seats.values() if seat.owner == victim.address}
    for round_ in swarm.observer.history.rounds:
        theirs = {batch.place for batch in round_.batches if batch.poster != victim.address}
        assert theirs
        # By itself, or in a batch of its own with who else was late: as long as it is not left out.
        assert all(round_.commit_by_seat[seat].place not in theirs for seat in own if seat % 2 == 0)
        assert reasons(progress, round_.number)[victim.address] == {Reason.NONE}


async def test_results_are_promised_together_and_silence_in_a_batch_costs_the_bond(tmp_path: Path) -> None:
    settings = replace(SETTINGS, peers=6, attackers=1, attacks=("silent",), attest_commit_seconds=36)
    swarm, progress = await trained(settings, tmp_path)
    last = swarm.observer.history.rounds[-1]
    assert len(last.commitments) == settings.peers
    assert len({item.place.transaction_hash for item in last.commitments.values()}) < settings.peers
    [silent] = [peer.address for peer in swarm.peers if peer.attack is not None]
    assert reasons(progress, last.number)[silent] <= {Reason.NO_COMMIT, Reason.NO_REVEAL}
    assert last.punished == {item.number for item in swarm.observer.history.seats.values() if item.owner == silent}


async def test_drawn_trainers_and_attesters_train_together(tmp_path: Path) -> None:
    settings = replace(SETTINGS, peers=6, trainers=3, attesters=4, attest_commit_seconds=36)
    swarm, progress = await trained(settings, tmp_path)
    for round_ in swarm.observer.history.rounds:
        if round_.acceptance is None:
            continue
        assert not round_.batches  # who trains is counted where it commits
        assert round_.commits
        record = next(iter(progress.records[round_.number].values()))
        paid = {item.seat for item in record.contributions if item.reason is Reason.NONE}
        assert paid == set(round_.reveal_by_seat)
        assert all(item.reason is Reason.NO_COMMIT for item in record.contributions if item.seat not in paid)


async def test_a_collector_that_is_killed_costs_nobody_a_rounds_pay(tmp_path: Path) -> None:
    settings = replace(SETTINGS, peers=5, rounds=20)
    async with Processes(tmp_path) as processes, asyncio.timeout(PATIENCE_SECONDS):
        swarm = await start_swarm(settings, tmp_path, processes, lambda _: None)
        async with swarm.chain:
            observer = swarm.observer

            def batched() -> bool:
                current = observer.history.current
                return current is not None and current.number > 1 and bool(current.batches)

            await until(swarm, processes, batched)
            struck = observer.history.rounds[-1]
            [collector] = [peer for peer in swarm.peers if peer.address == struck.batches[0].poster]
            assert collector.running is not None
            await processes.kill(collector.running)
            revived = replace(collector, running=await start_peer(processes, collector))
            await until(swarm, processes, lambda: record_of(swarm.peers[0], struck.number) is not None)
            record = record_of(swarm.peers[0], struck.number)
            assert record is not None
            assert {item.reason for item in record.contributions} == {Reason.NONE}
            assert {item.owner for item in record.contributions} == {peer.address for peer in swarm.peers}
            assert revived.running is not None
            assert revived.running.process.returncode is None


async def until(swarm: Swarm, processes: Processes, condition: Callable[[], bool]) -> None:
    def met() -> bool:
        processes.check()
        return condition()

    await swarm.observer.until(met, poll_seconds=0.02)


def record_of(peer: DemoPeer, number: int) -> RoundRecord | None:
    file = peer.folder / "state" / "rounds" / f"{number}.json"
    return RoundRecord.from_json(file.read_bytes(), number) if file.is_file() else None

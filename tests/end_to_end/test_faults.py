"""A peer that is killed at the worst moments: the swarm goes on, the peer comes back and earns again.

Real processes, SIGKILL, a real chain. Windows are short, because the others have to wait for one that is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from node.rounds.history import Phase, RoundHistory
from node.rounds.record import RoundRecord
from scripts.demo.processes import Processes
from scripts.demo.scenario import DemoPeer, Swarm, start_peer, start_swarm
from scripts.demo.settings import DemoSettings

PATIENCE_SECONDS = 240.0
SETTINGS = DemoSettings(
    peers=4,
    attackers=0,
    rounds=40,
    rule="mean",
    commit_seconds=12,
    reveal_seconds=8,
    attest_seconds=24,
    epoch_seconds=3,
)

Moment = Callable[[RoundHistory, Swarm, int], bool]


def during_training(round_: RoundHistory, swarm: Swarm, seat: int) -> bool:
    return round_.phase(swarm.observer.head.timestamp) is Phase.COMMIT and seat not in round_.commit_by_seat


def after_commit(round_: RoundHistory, swarm: Swarm, seat: int) -> bool:
    return seat in round_.commit_by_seat and seat not in round_.reveal_by_seat


def during_attest(round_: RoundHistory, swarm: Swarm, seat: int) -> bool:
    return round_.phase(swarm.observer.head.timestamp) is Phase.ATTEST


@pytest.fixture
async def swarm(tmp_path: Path) -> AsyncIterator[tuple[Swarm, Processes]]:
    async with Processes(tmp_path) as processes:
        swarm = await start_swarm(SETTINGS, tmp_path, processes, lambda _: None)
        async with swarm.chain:
            yield swarm, processes


async def until(swarm: Swarm, processes: Processes, condition: Callable[[], bool], what: str) -> None:
    """Wait for the chain to bring a condition about."""

    def met() -> bool:
        processes.check()
        return condition()

    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await swarm.observer.until(met, poll_seconds=0.02)
    except TimeoutError:
        raise AssertionError(what) from None


# After the commitment is the worst moment: only what is on disk can still be revealed.
@pytest.mark.parametrize(
    "moments",
    [
        pytest.param((after_commit,), id="once"),
        pytest.param((during_training, after_commit, during_attest), id="thrice", marks=pytest.mark.slow),
    ],
)
async def test_a_killed_peer_comes_back_and_earns_again(
    swarm: tuple[Swarm, Processes], moments: tuple[Moment, ...]
) -> None:
    swarm_, processes = swarm
    victim = swarm_.peers[0]
    for moment in moments:
        victim = await kill_and_revive(swarm_, processes, victim, moment)


async def kill_and_revive(swarm: Swarm, processes: Processes, victim: DemoPeer, moment: Moment) -> DemoPeer:
    """Kill the victim at this moment of a round, see the round accepted, revive it and see it paid."""
    observer = swarm.observer
    before = len(observer.history.rounds)

    def seat() -> int | None:
        return next((item.number for item in observer.history.seats.values() if item.owner == victim.address), None)

    def now() -> bool:
        own, current = seat(), observer.history.current
        return own is not None and current is not None and current.number > before and moment(current, swarm, own)

    await until(swarm, processes, now, f"{moment.__name__} never came")
    assert victim.running is not None
    await processes.kill(victim.running)
    await observer.refresh()
    struck = len(observer.history.rounds)
    await until(
        swarm, processes, lambda: observer.history.round(struck).acceptance is not None, f"round {struck} not accepted"
    )
    revived = DemoPeer(victim.index, victim.address, None, victim.folder, running=await start_peer(processes, victim))
    await until(swarm, processes, lambda: paid_after(victim, struck), f"not paid after round {struck}")
    return revived


def paid_after(peer: DemoPeer, struck: int) -> bool:
    """Whether the peer's own records show a reward in a round it started after it was struck."""
    for file in (peer.folder / "state" / "rounds").glob("*.json"):
        number = int(file.stem)
        if number > struck:
            record = RoundRecord.from_json(file.read_bytes(), number)
            if any(item.owner == peer.address and item.reward_wei > 0 for item in record.contributions):
                return True
    return False

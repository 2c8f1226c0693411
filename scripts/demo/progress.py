"""Following a running swarm: a line for each round once the peers have settled it, and where the current one is."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
from rich.console import Console

from contracts.errors import SwarmProofError
from contracts.values import Address
from node.errors import ExchangeError
from node.exchange.peer_client import PeerClient
from node.exchange.source import Source
from node.rounds.outcome import Reason
from node.rounds.record import RecordError, RoundRecord
from scripts.demo.processes import Processes
from scripts.demo.scenario import Swarm

LOOK_SECONDS = 0.5
STALLED_SECONDS = 240.0


class DemoStalled(SwarmProofError):
    """The swarm made no progress for a long time."""

    def __init__(self, view: str) -> None:
        super().__init__(f"no progress for {STALLED_SECONDS:.0f} seconds: {view}")
        self.view = view


@dataclass
class Progress:
    """What is known so far. `records`: by round, then by honest peer."""

    records: dict[int, dict[Address, RoundRecord]] = field(default_factory=dict)
    reported: int = 0


async def follow(swarm: Swarm, processes: Processes, session: aiohttp.ClientSession, console: Console) -> Progress:
    """Wait until every round is finalized and every honest peer has settled the last one and claimed its pay.

    Raises ProcessDied when a process ends before its time, DemoStalled when nothing happens any more.
    """
    progress, loop = Progress(), asyncio.get_running_loop()
    last_view, changed_at = "", loop.time()
    with console.status("waiting for the peers to stake") as status:
        while True:
            processes.check()
            await swarm.observer.refresh()
            await collect(swarm, session, progress)
            report_rounds(swarm, progress, console)
            view = describe(swarm, progress)
            if view != last_view:
                last_view, changed_at = view, loop.time()
                status.update(view)
            if is_done(swarm, progress):
                return progress
            if loop.time() - changed_at > STALLED_SECONDS:
                raise DemoStalled(view)
            await asyncio.sleep(LOOK_SECONDS)


async def collect(swarm: Swarm, session: aiohttp.ClientSession, progress: Progress) -> None:
    """Ask every honest peer for the records of accepted rounds that it has not shown yet."""
    client = PeerClient(session, swarm.owner)
    endpoints = swarm.observer.history.endpoints
    accepted = [item.number for item in swarm.observer.history.rounds if item.acceptance is not None]
    for number in accepted[-3:]:
        records = progress.records.setdefault(number, {})
        for peer in swarm.honest:
            if peer.address in records or peer.address not in endpoints:
                continue
            try:
                data = await client.record(Source(peer.address, endpoints[peer.address].url), number)
                records[peer.address] = RoundRecord.from_json(data, number)
            except (ExchangeError, RecordError):
                continue  # not settled yet; asked again at the next look


def report_rounds(swarm: Swarm, progress: Progress, console: Console) -> None:
    """Print each round once, in order, when the first peer has settled it."""
    skipped = {item.number for item in swarm.observer.history.rounds if item.skipped is not None}
    voided = {item.number for item in swarm.observer.history.rounds if item.voided is not None}
    while True:
        number = progress.reported + 1
        if number in voided:
            console.print(f"round {number:>3}  voided: its result, or one it was built on, was proven false")
        elif records := progress.records.get(number):
            console.print(round_line(swarm, next(iter(records.values()))))
        elif number in skipped:
            console.print(f"round {number:>3}  skipped: no result before its time was over")
        else:
            return
        progress.reported = number


def round_line(swarm: Swarm, record: RoundRecord) -> str:
    """One line about a round: how good, who was paid, and why the others were not."""
    roles = {peer.address: peer.attack or "honest" for peer in swarm.peers}
    zeros: dict[str, Counter[str]] = {}
    for item in record.contributions:
        if item.reason.slug is not None:
            zeros.setdefault(item.reason.slug, Counter())[roles[item.owner]] += 1
    explained = "; ".join(f"{reason}: {_counted(who)}" for reason, who in sorted(zeros.items()))
    accuracy = "" if record.accuracy is None else f"accuracy {record.accuracy:.4f}  "
    paid = sum(item.reason is Reason.NONE for item in record.contributions)
    return f"round {record.round:>3}  {accuracy}{paid} paid  {explained}".rstrip()


def _counted(who: Counter[str]) -> str:
    return ", ".join(role if count == 1 else f"{count} {role}" for role, count in sorted(who.items()))


def describe(swarm: Swarm, progress: Progress) -> str:
    """Where the swarm is, in one line."""
    history, now = swarm.observer.history, swarm.observer.head.timestamp
    current = history.current
    if current is None:
        return f"waiting for the peers to stake: {len(history.seats)} of {swarm.settings.seats} seats"
    finalized = sum(item.finalized is not None for item in history.rounds)
    return (
        f"round {current.number}: {current.phase(now).value}, {len(current.commits)} committed, "
        f"{len(current.reveals)} revealed; {finalized} of {swarm.settings.rounds} finalized, "
        f"{len(history.claimed_wei)} claimed"
    )


def is_done(swarm: Swarm, progress: Progress) -> bool:
    """Whether all rounds are final, settled everywhere, and what was earned has been claimed."""
    history = swarm.observer.history
    final = [item.number for item in history.rounds if item.finalized is not None]
    if len(final) < swarm.settings.rounds:
        return False
    last = progress.records.get(final[-1], {})
    if len(last) < len(swarm.honest):
        return False
    earned = {leaf.account: leaf.cumulative_wei for leaf in next(iter(last.values())).rewards}
    return all(history.claimed_wei.get(peer.address, 0) == earned.get(peer.address, 0) for peer in swarm.peers)

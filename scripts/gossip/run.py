"""Run a neighbourhood from first to last round, then ask every honest peer for its model and measure it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from contracts.attestation import checksum_address
from contracts.errors import SwarmProofError
from node.attacks.registry import load_attack
from node.checkpoint import Checkpoint, checkpoint_limit_bytes, dequantise, unflatten
from node.exchange.errors import PeerError
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import PeerClient, new_session
from node.lab.run import load_image_task
from node.manifest import Manifest
from node.neighbourhood.service import data_attack
from node.storage.cid import Cid
from node.storage.local import LocalStore
from node.tasks.perceptron import ImageTask
from node.tasks.splits import Split
from node.training import load_parameters
from scripts.demo.processes import Processes
from scripts.demo.run import report_console, until_terminated, working_folder
from scripts.gossip.scenario import NeighbourPeer, lay_out, manifest_of, start_peer
from scripts.gossip.settings import GossipSettings

LOOK_SECONDS = 0.3
STALLED_SECONDS = 240.0
NOBODY = checksum_address(bytes(20))


class GossipStalled(SwarmProofError):
    """No peer came any further for a long time."""

    def __init__(self, rounds: dict[int, int]) -> None:
        super().__init__(f"no progress for {STALLED_SECONDS:.0f} seconds; last round of each peer: {rounds}")
        self.rounds = rounds


@dataclass(frozen=True)
class Outcome:
    """What one honest peer came to. `records`: of all its rounds. `attack_score`: None for an attack without a goal."""

    peer: NeighbourPeer
    accuracy: float
    attack_score: float | None
    records: tuple[dict[str, Any], ...]

    def sybil_weight(self, sybils: frozenset[str]) -> float:
        """Mean weight a round that went to Sybils, from 0 to 1."""
        given = (item["weight_q16"] for r in self.records for item in r["neighbours"] if item["address"] in sybils)
        return float(sum(given)) / len(self.records) / (1 << 16)


async def run_gossip(settings: GossipSettings, *, as_json: bool) -> int:
    """Run a neighbourhood; progress goes to standard error, the report to standard output. Returns 0.

    SIGTERM ends it as Ctrl-C does: with everything it started and every temporary file.
    """
    return await until_terminated(_run(settings, as_json=as_json))


async def _run(settings: GossipSettings, *, as_json: bool) -> int:
    console, started = Console(stderr=True), time.monotonic()
    task = load_image_task(settings.task, 0, settings.data_dir)
    data_attack(settings.attack)
    Split.parse(settings.split)
    manifest = manifest_of(settings, task)
    with working_folder(settings.work_dir) as folder:
        peers = lay_out(settings, manifest, folder)
        async with Processes(folder) as processes:
            console.print(f"starting {len(peers)} peers, {settings.attackers} of them Sybils; logs in {folder}")
            for peer in peers:
                await start_peer(processes, peer)
            honest = [peer for peer in peers if peer.attack is None]
            await follow(honest, settings.rounds, processes, console)
            outcomes = await collect(honest, settings, task, manifest, folder)
    document = report(settings, peers, outcomes, manifest, time.monotonic() - started)
    if as_json:
        print(json.dumps(document, indent=2))
    else:
        print_report(document, report_console())
    return 0


async def follow(honest: Sequence[NeighbourPeer], rounds: int, processes: Processes, console: Console) -> None:
    """Wait until every honest peer has finished its last round. Raises ProcessDied, GossipStalled."""
    loop, reached, told = asyncio.get_running_loop(), dict.fromkeys(range(len(honest)), 0), 0
    changed_at = loop.time()
    async with new_session() as session:
        client = PeerClient(session, NOBODY)
        while min(reached.values()) < rounds:
            processes.check()
            for peer in honest:
                try:
                    latest = await client.latest_round(peer.source) or 0
                except PeerError:
                    continue  # not listening yet
                if latest > reached[peer.index]:
                    reached[peer.index], changed_at = latest, loop.time()
            if min(reached.values()) > told:
                told = min(reached.values())
                console.print(f"round {told:>3}  finished by every honest peer")
            if loop.time() - changed_at > STALLED_SECONDS:
                raise GossipStalled(reached)
            await asyncio.sleep(LOOK_SECONDS)


async def collect(
    honest: Sequence[NeighbourPeer], settings: GossipSettings, task: ImageTask, manifest: Manifest, folder: Path
) -> list[Outcome]:
    """Every honest peer's records, and its model from its own gateway, measured here."""
    attack, model, outcomes = load_attack(settings.attack), task.model(), []
    with LocalStore(folder / "collected") as store:
        async with new_session() as session:
            client, fetcher = PeerClient(session, NOBODY), Fetcher(session, store, self_address=NOBODY)
            for peer in honest:
                records = [
                    json.loads(await client.record(peer.source, number)) for number in range(1, settings.rounds + 1)
                ]
                data = await fetcher.fetch(
                    Cid.parse(records[-1]["checkpoint"]).digest,
                    [peer.source],
                    maximum_bytes=checkpoint_limit_bytes(manifest, seats=0),
                )
                theta = Checkpoint.from_bytes(data, manifest).theta
                load_parameters(model, unflatten(dequantise(theta, manifest), manifest))
                score = attack.success(model, task.test)
                outcomes.append(Outcome(peer, task.evaluate(model).accuracy, score, tuple(records)))
    return outcomes


def report(
    settings: GossipSettings,
    peers: Sequence[NeighbourPeer],
    outcomes: Sequence[Outcome],
    manifest: Manifest,
    seconds: float,
) -> dict[str, Any]:
    """The JSON object of `swarmproof gossip --json`."""
    sybils = frozenset(peer.source.address for peer in peers if peer.attack is not None)
    scores = [outcome.attack_score for outcome in outcomes if outcome.attack_score is not None]
    return {
        "task": settings.task,
        "parameters": manifest.layout.parameter_count,
        "rounds": settings.rounds,
        "attack": settings.attack if sybils else None,
        "sybils": len(sybils),
        "attack_edges": sum(len(peer.neighbours) for peer in peers if peer.attack is not None),
        "accuracy": sum(outcome.accuracy for outcome in outcomes) / len(outcomes),
        "attack_score": sum(scores) / len(scores) if scores else None,
        "sybil_weight": sum(outcome.sybil_weight(sybils) for outcome in outcomes) / len(outcomes),
        "peers": [
            {
                "address": outcome.peer.source.address,
                "neighbours": len(outcome.peer.neighbours),
                "sybil_neighbours": sum(peers[index].attack is not None for index in outcome.peer.neighbours),
                "accuracy": outcome.accuracy,
                "attack_score": outcome.attack_score,
                "sybil_weight": outcome.sybil_weight(sybils),
                "known": outcome.records[-1]["known"],
                "refused": sum(item["refused"] is not None for r in outcome.records for item in r["neighbours"]),
                "checkpoint": outcome.records[-1]["checkpoint"],
            }
            for outcome in outcomes
        ],
        "seconds": round(seconds, 2),
    }


def print_report(document: dict[str, Any], console: Console) -> None:
    """The same for people."""
    table = Table(title="Honest peers", title_justify="left")
    for column in ("peer", "neighbours", "Sybils", "known", "accuracy", "attack score", "weight on Sybils", "refused"):
        table.add_column(column, justify="left" if column == "peer" else "right")
    for peer in document["peers"]:
        table.add_row(
            peer["address"],
            str(peer["neighbours"]),
            str(peer["sybil_neighbours"]),
            str(peer["known"]),
            f"{peer['accuracy']:.4f}",
            _fraction(peer["attack_score"]),
            f"{peer['sybil_weight']:.1%}",
            str(peer["refused"]),
        )
    console.print(table)
    console.print(
        f"accuracy      {document['accuracy']:.4f} after {document['rounds']} rounds, mean of the honest peers"
    )
    console.print(f"attack score  {_fraction(document['attack_score'])} ({document['attack']})")
    console.print(f"on Sybils     {document['sybil_weight']:.1%} of the weight of an honest peer's average")


def _fraction(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"

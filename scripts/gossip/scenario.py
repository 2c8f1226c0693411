"""The neighbourhood: keys, graph, configuration files, and one process a peer."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account

from contracts.attestation import checksum_address
from node.errors import ConfigurationError
from node.exchange.source import Source
from node.manifest import Manifest
from node.neighbourhood.graph import Neighbourhoods, random_neighbourhoods
from node.neighbourhood.service import RULE
from node.tasks.base import Task
from scripts.demo.processes import Processes, Running
from scripts.gossip.settings import CHAIN_ID, RADIUS, GossipSettings


@dataclass(frozen=True)
class NeighbourPeer:
    """One peer. `attack` is None for an honest one; `neighbours`: indices of peers."""

    index: int
    source: Source
    attack: str | None
    folder: Path
    neighbours: tuple[int, ...]


def manifest_of(settings: GossipSettings, task: Task) -> Manifest:
    """One shard for each honest peer, and one for whoever is behind the Sybils."""
    return task.default_manifest(
        rule=RULE,
        history_buckets=settings.buckets,
        byzantine=0,
        split=settings.split,
        shard_count=settings.honest + bool(settings.attackers),
        seed=settings.seed,
    )


def graph_of(settings: GossipSettings) -> Neighbourhoods:
    """Honest peers on a random geometric graph; each Sybil reaches a group of near ones."""
    return random_neighbourhoods(
        settings.honest,
        radius=RADIUS,
        seed=settings.seed,
        attack_edges=settings.attackers * settings.honest,
        maximum_degree=settings.degree,
        sybils=settings.attackers,
    )


def lay_out(settings: GossipSettings, manifest: Manifest, folder: Path) -> tuple[NeighbourPeer, ...]:
    """Write manifest, keys and configurations of all peers into `folder`.

    Raises ConfigurationError for the folder of an earlier run: its keys would be lost.
    """
    manifest_file = folder / "manifest.cbor"
    if manifest_file.exists():
        raise ConfigurationError(f"{folder} holds an earlier run; name another folder")
    graph = graph_of(settings)
    accounts = [Account.create() for _ in graph.neighbours]
    ports = free_ports(len(accounts))
    sources = [
        Source(account.address, f"http://127.0.0.1:{port}") for account, port in zip(accounts, ports, strict=True)
    ]
    manifest_file.write_bytes(manifest.to_bytes())
    peers = []
    for index, account in enumerate(accounts):
        attack = settings.attack if index in graph.sybils else None
        peer = NeighbourPeer(index, sources[index], attack, folder / f"peer-{index}", graph.neighbours[index])
        _write_configuration(settings, manifest, peer, sources, ports[index], bytes(account.key))
        peers.append(peer)
    return tuple(peers)


async def start_peer(processes: Processes, peer: NeighbourPeer) -> Running:
    """Start, or start again, one peer."""
    return await processes.start(
        f"peer-{peer.index}", sys.executable, "-m", "node.neighbourhood", "--config", str(peer.folder / "peer.toml")
    )


def free_ports(count: int) -> list[int]:
    """Ports that are free now: every peer must know its neighbours' before any of them listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [int(item.getsockname()[1]) for item in sockets]


def _write_configuration(
    settings: GossipSettings,
    manifest: Manifest,
    peer: NeighbourPeer,
    sources: Sequence[Source],
    port: int,
    key: bytes,
) -> None:
    """Write the key and the file that `python -m node.neighbourhood --config` reads."""
    peer.folder.mkdir(parents=True, exist_ok=True)
    key_file = peer.folder / "key"
    key_file.touch(mode=0o600)
    key_file.write_text(key.hex() + "\n")
    values: dict[str, str | int | float] = {
        "manifest": str(peer.folder.parent / "manifest.cbor"),
        "chain_id": CHAIN_ID,
        "project": checksum_address(manifest.digest[:20]),
        "key_file": str(key_file),
        "state_dir": str(peer.folder / "state"),
        "port": port,
        "shard": min(peer.index, manifest.shard_count - 1),
        "rounds": settings.rounds,
        "wait_seconds": settings.wait_seconds,
    }
    if settings.data_dir is not None:
        values["data_dir"] = str(settings.data_dir.resolve())
    if peer.attack is not None:
        values["attack"] = peer.attack
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    for index in peer.neighbours:
        lines += ["", "[[neighbours]]", f'address = "{sources[index].address}"', f'url = "{sources[index].url}"']
    (peer.folder / "peer.toml").write_text("\n".join(lines) + "\n")

"""The scenario: devnet, contracts, project, peers (some of them attackers) and API, each a real process on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_account import Account

from contracts.attestation import Domain
from contracts.chain import Chain
from contracts.client import Factory, Project, Token
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import ProjectCreated
from contracts.values import Address, SeatTerms
from node.aggregation.rules import parse_rule
from node.attacks.registry import load_attack
from node.generation.task import GenerativeTask
from node.manifest import Manifest
from node.observer import ChainObserver
from node.projects import configuration_of
from node.rounds.history import SwarmHistory
from node.tasks.registry import load_task
from node.tasks.splits import Split
from scripts.demo.cast import accounts_needed
from scripts.demo.processes import ProcessDied, Processes, Running
from scripts.demo.settings import ROUND_POOL_WEI, SEAT_STAKE_WEI, DemoSettings

THAW_SECONDS = 86_400
SILENCE_BOND_BPS = 100


@dataclass(frozen=True)
class DemoPeer:
    """One peer of the demonstration. `attack` is None for an honest one; `accomplices` carry out the same one.

    `running`: its process.
    """

    index: int
    address: Address
    attack: str | None
    folder: Path
    accomplices: tuple[Address, ...] = ()
    running: Running | None = None


@dataclass(frozen=True)
class Swarm:
    """Everything that is up and running. `spare_accounts`: of the devnet, with ether and nothing to do yet."""

    settings: DemoSettings
    folder: Path
    rpc_url: str
    deployment: Deployment
    project_address: Address
    owner: Address
    manifest: Manifest
    peers: tuple[DemoPeer, ...]
    chain: Chain
    observer: ChainObserver
    owner_key_file: Path
    watcher_key_file: Path
    spare_accounts: tuple[dict[str, Any], ...] = ()

    @property
    def holds_court(self) -> bool:
        """Whether the model generates outputs that can be verified."""
        return bool(self.spare_accounts)

    @property
    def honest(self) -> tuple[DemoPeer, ...]:
        """Peers that do not attack."""
        return tuple(peer for peer in self.peers if peer.attack is None)


async def start_devnet(processes: Processes, accounts: int, *more: str) -> dict[str, Any]:
    """Start a devnet on a free port, `more`: of its options; returns what it says about itself."""
    running = await processes.start(
        "devnet",
        sys.executable,
        *("-m", "devnet", "--port", "0", "--json", "--accounts", str(accounts), *more),
        stdout=asyncio.subprocess.PIPE,
    )
    return await announcement_of(running)


async def start_api(swarm: Swarm, processes: Processes) -> str:
    """Start the REST API; returns its URL. Without `serve` any free port will do."""
    running = await processes.start(
        "api",
        sys.executable,
        *("-m", "frontend_api", "api", "--json", "--rpc-url", swarm.rpc_url),
        *("--deployment", str(swarm.folder / "deployment.json"), "--project", swarm.project_address),
        *("--port", str(swarm.settings.api_port if swarm.settings.serve else 0)),
        *("--database-url", f"sqlite+aiosqlite:///{swarm.folder / 'index.db'}"),
        stdout=asyncio.subprocess.PIPE,
    )
    return str((await announcement_of(running))["api_url"])


async def start_watcher(swarm: Swarm, processes: Processes) -> None:
    """Start somebody without a seat who computes every accepted result again."""
    await processes.start(
        "watcher",
        sys.executable,
        *("-m", "frontend_api", "watch", "--rpc-url", swarm.rpc_url, "--key-file", str(swarm.watcher_key_file)),
        *("--deployment", str(swarm.folder / "deployment.json"), "--project", swarm.project_address),
    )


async def announcement_of(running: Running) -> dict[str, Any]:
    """The JSON a server prints once it listens. Raises ProcessDied when it ends before."""
    assert running.process.stdout is not None
    text = ""
    while True:
        line = await running.process.stdout.readline()
        if not line:
            raise ProcessDied(running.name, await running.process.wait(), running.log)
        text += line.decode()
        with contextlib.suppress(json.JSONDecodeError):
            announcement: dict[str, Any] = json.loads(text)
            return announcement


async def start_swarm(settings: DemoSettings, folder: Path, processes: Processes, say: Callable[[str], None]) -> Swarm:
    """Bring everything up; `say` is told each step in one sentence. The caller closes the swarm's chain."""
    task = load_task(settings.task, data_dir=settings.data_dir)
    parse_rule(settings.canonical_rule())
    Split.parse(settings.split)
    for peer in range(settings.peers):
        load_attack(settings.attack_of(peer))
    manifest = task.default_manifest(
        rule=settings.canonical_rule(),
        byzantine=settings.attackers,
        split=settings.split,
        shard_count=settings.peers,
        seed=settings.seed,
    ).checking(settings.checked_seats)
    say("starting a local chain")
    more = accounts_needed(task) if isinstance(task, GenerativeTask) else 0
    devnet = await start_devnet(processes, settings.peers + 2 + more)
    owner = devnet["accounts"][0]
    chain = await Chain.connect(devnet["rpc_url"], account=Account.from_key(owner["private_key"]))
    try:
        return await _populate(settings, folder, processes, say, manifest, chain, devnet)
    except BaseException:
        await chain.close()
        raise


async def _populate(
    settings: DemoSettings,
    folder: Path,
    processes: Processes,
    say: Callable[[str], None],
    manifest: Manifest,
    chain: Chain,
    devnet: dict[str, Any],
) -> Swarm:
    """Contracts, project and peers on a chain."""
    owner, *accounts = devnet["accounts"]
    say("deploying the contracts")
    deployment = await deploy_system(chain, court=CourtParameters(SEAT_STAKE_WEI, settings.epoch_seconds, THAW_SECONDS))
    deployment.save(folder / "deployment.json")
    say(f"creating the project: {settings.task}, {manifest.layout.parameter_count:,} parameters, {manifest.rule}")
    project = await create_project(settings, chain, owner["address"], deployment, manifest)
    token = Token(chain, deployment.token)
    await asyncio.gather(
        *(
            token.transfer(account["address"], settings.seats_of(index) * SEAT_STAKE_WEI)
            for index, account in enumerate(accounts[: settings.peers])
        )
    )
    say(f"starting {settings.peers} peers, {settings.attackers} of them attackers")
    peers = []
    for index, account in enumerate(accounts[: settings.peers]):
        attack = settings.attack_of(index)
        accomplices = tuple(accounts[other]["address"] for other in settings.accomplices_of(index))
        peer = DemoPeer(index, account["address"], attack, folder / f"peer-{index}", accomplices)
        write_peer_configuration(settings, devnet["rpc_url"], deployment, project, peer, account["private_key"])
        peers.append(replace(peer, running=await start_peer(processes, peer)))
    configuration = await Project(chain, project).configuration()
    start = SwarmHistory.of_project(Domain(chain.chain_id, project), configuration, SEAT_STAKE_WEI)
    followed = [configuration.registry, project, deployment.attendance]
    observer = ChainObserver(chain, followed, start, from_block=deployment.block_number)
    return Swarm(
        settings,
        folder,
        devnet["rpc_url"],
        deployment,
        project,
        owner["address"],
        manifest,
        tuple(peers),
        chain,
        observer,
        write_key(folder / "owner.key", owner["private_key"]),
        write_key(folder / "watcher.key", accounts[settings.peers]["private_key"]),
        tuple(accounts[settings.peers + 1 :]),
    )


async def create_project(
    settings: DemoSettings, chain: Chain, owner: Address, deployment: Deployment, manifest: Manifest
) -> Address:
    """Create and fund the project; returns its address."""
    configuration = configuration_of(
        manifest,
        token=deployment.token,
        owner=owner,
        round_pool=ROUND_POOL_WEI,
        rounds=settings.rounds,
        minimum_seats=settings.minimum_seats,
        commit_seconds=settings.commit_seconds,
        reveal_seconds=settings.reveal_seconds,
        availability_seconds=settings.availability_seconds,
        attest_commit_seconds=settings.attest_commit_seconds,
        attest_seconds=settings.attest_seconds,
        trainers_per_round=settings.trainers,
        attesters_per_round=settings.attesters,
        challenge_seconds=settings.challenge_seconds,
        silence_bond_bps=SILENCE_BOND_BPS,
    )
    factory = Factory(chain, deployment.factory)
    seats = SeatTerms(SEAT_STAKE_WEI, settings.epoch_seconds, THAW_SECONDS)
    receipt = await factory.create_project(configuration, seats, manifest.to_bytes())
    address = receipt.event(ProjectCreated).project
    budget = ROUND_POOL_WEI * settings.rounds
    await Token(chain, deployment.token).approve(address, budget)
    await Project(chain, address).fund(budget)
    return address


def write_peer_configuration(
    settings: DemoSettings, rpc_url: str, deployment: Deployment, project: Address, peer: DemoPeer, private_key: str
) -> None:
    """Write what `python -m node --config` reads."""
    values: dict[str, Any] = {
        "rpc_url": rpc_url,
        "chain_id": deployment.chain_id,
        "factory": deployment.factory,
        "project": project,
        "from_block": deployment.block_number,
        "exit_when_complete": False,
        "seats": settings.seats_of(peer.index),
        "batched": settings.batched,
    }
    if settings.data_dir is not None:
        values["data_dir"] = str(settings.data_dir.resolve())
    if peer.attack is not None:
        values |= {
            "attack": peer.attack,
            "attack_accomplices": list(peer.accomplices),
            "attack_seed": settings.seed,
        }
    write_configuration(peer.folder, private_key, values)


def write_configuration(folder: Path, private_key: str, values: Mapping[str, Any]) -> Path:
    """Write a process's key and its configuration file, with `values` beside key and state folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    key_file = write_key(folder / "key", private_key)
    everything = {**values, "key_file": str(key_file), "state_dir": str(folder / "state")}
    file = folder / "configuration.toml"
    file.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in everything.items()))
    return file


def write_key(file: Path, private_key: str) -> Path:
    """Write a key file that only we can read, and return its path."""
    file.touch(mode=0o600)
    file.write_text(private_key + "\n")
    return file


async def start_peer(processes: Processes, peer: DemoPeer) -> Running:
    """Start, or start again, one peer."""
    return await processes.start(
        f"peer-{peer.index}", sys.executable, "-m", "node", "--config", str(peer.folder / "configuration.toml")
    )

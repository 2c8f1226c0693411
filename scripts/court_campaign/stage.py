"""What a campaign plays on: a devnet, the contracts, one class, and a process for every worker and verifier."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
from eth_account import Account

from contracts.chain import Chain
from contracts.client import Factory, Token
from contracts.court import Court
from contracts.court_values import ClassTerms
from contracts.deploy import Deployment, deploy_system
from contracts.events import ClassRegistered, ProjectCreated
from contracts.values import Address, ProjectConfiguration
from node.aggregation.rules import rule_hash
from node.checkpoint import genesis
from node.storage.local import LocalStore
from scripts.court_campaign.settings import HONEST, PROCESSORS, CampaignSettings
from scripts.demo.processes import Processes
from scripts.demo.scenario import start_devnet, write_configuration
from verifier.calibration.reference import Reference, read_reference
from verifier.classes import OutputClass
from verifier.court.job import RegisteredClass
from verifier.court.surroundings import Surroundings, look_around

TOKEN: Final = 10**18
SEAT_STAKE_WEI: Final = 1000 * TOKEN
WORKER_FEE_WEI: Final = 5 * TOKEN
VERIFIER_FEE_WEI: Final = TOKEN
WORKER_BOND_WEI: Final = 106 * TOKEN
EPOCH_SECONDS: Final = 5
THAW_SECONDS: Final = 1_000_000
POLL_SECONDS: Final = 0.5
# Chain seconds, of which a busy devnet makes four a second. Only who stays away lets a window pass.
WINDOWS: Final = {"work_seconds": 900, "commit_seconds": 900, "reveal_seconds": 300, "appeal_seconds": 60}


@dataclass(frozen=True)
class Stage:
    """Everything that is up and running. `workers`: by what they do."""

    devnet_url: str
    chain: Chain
    deployment: Deployment
    description: OutputClass
    class_: RegisteredClass
    around: Surroundings
    requester: Address
    workers: Mapping[str, Address]
    processes: Processes


async def set_stage(settings: CampaignSettings, processes: Processes, session: aiohttp.ClientSession) -> Stage:
    """Start everything and wait until the verifiers' seats count."""
    devnet = await start_devnet(processes, settings.accounts)
    owner, *accounts = devnet["accounts"]
    chain = await Chain.connect(devnet["rpc_url"], account=Account.from_key(owner["private_key"]))
    deployment = await deploy_system(
        chain, seat_stake_wei=SEAT_STAKE_WEI, epoch_seconds=EPOCH_SECONDS, thaw_seconds=THAW_SECONDS
    )
    reference = read_reference(settings.reference)
    project = await _create_project(chain, deployment, reference)
    with LocalStore(settings.work_dir / "checkpoints") as store:
        for checkpoint in reference.checkpoints:
            store.add(checkpoint.to_bytes())
    description = replace(OutputClass.from_json(settings.class_file.read_bytes()), project=project)
    registered = await _register(chain, deployment, description)
    cast = _Cast(settings, processes, devnet["rpc_url"], chain, deployment)
    names = (HONEST, *settings.cheats)
    for name, account in zip(names, accounts, strict=False):
        await cast.start_worker(name, account)
    for index, account in enumerate(accounts[len(names) :]):
        await cast.start_verifier(index, account)
    around = await look_around(
        chain,
        deployment.court,
        deployment.verifier_registry,
        session,
        owner["address"],
        from_block=deployment.block_number,
    )
    await _until_ready(around, processes, settings)
    return Stage(
        devnet_url=devnet["rpc_url"],
        chain=chain,
        deployment=deployment,
        description=description,
        class_=around.observer.history.output_class(registered.class_id),
        around=around,
        requester=owner["address"],
        workers={name: account["address"] for name, account in zip(names, accounts, strict=False)},
        processes=processes,
    )


@dataclass(frozen=True)
class _Cast:
    """Starts the processes of workers and verifiers."""

    settings: CampaignSettings
    processes: Processes
    rpc_url: str
    chain: Chain
    deployment: Deployment

    async def start_worker(self, name: str, account: Mapping[str, str]) -> None:
        """A worker with bonds for every job that it may have under way or not paid out yet."""
        amount = WORKER_BOND_WEI * max(self.settings.jobs, self.settings.cheat_jobs)
        await Token(self.chain, self.deployment.token).transfer(account["address"], amount)  # type: ignore[arg-type]
        signer = Account.from_key(account["private_key"])
        async with await Chain.connect(self.rpc_url, account=signer) as chain:
            await Token(chain, self.deployment.token).approve(self.deployment.court, amount)
            await Court(chain, self.deployment.court).deposit(amount)
        # A rejected worker would call larger committees: this campaign counts what committees of three find.
        more = {"appeals": False} if name == HONEST else {"appeals": False, "cheat": name}
        await self._start("worker", f"worker-{name}", account, more, {})

    async def start_verifier(self, index: int, account: Mapping[str, str]) -> None:
        """An honest verifier with one seat, on a processor of its own kind."""
        await Token(self.chain, self.deployment.token).transfer(account["address"], SEAT_STAKE_WEI)  # type: ignore[arg-type]
        await self._start("verifier", f"verifier-{index}", account, {}, PROCESSORS[index % len(PROCESSORS)])

    async def _start(
        self,
        role: str,
        name: str,
        account: Mapping[str, str],
        more: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> None:
        deployment = self.deployment
        values = {
            "role": role,
            "rpc_url": self.rpc_url,
            "factory": deployment.factory,
            "registry": deployment.registry,
            "court": deployment.court,
            "verifier_registry": deployment.verifier_registry,
            "from_block": deployment.block_number,
            "store": str(self.settings.work_dir / "checkpoints"),
            "poll_seconds": POLL_SECONDS,
            **more,
        }
        file = write_configuration(self.settings.work_dir / name, account["private_key"], values)
        told = [f"{key}={value}" for key, value in environment.items()]
        await self.processes.start(name, "env", *told, sys.executable, "-m", "verifier.court", "--config", str(file))


async def _create_project(chain: Chain, deployment: Deployment, reference: Reference) -> Address:
    """The project whose manifest names the model; nobody trains in it."""
    assert chain.account is not None
    manifest = reference.manifest
    configuration = ProjectConfiguration(
        token=deployment.token,
        registry=deployment.registry,
        owner=chain.account.address,
        manifest_digest=manifest.digest,
        genesis_digest=genesis(manifest).digest,
        rule_hash=rule_hash(manifest.rule),
        round_pool=TOKEN,
        rounds=1,
        minimum_seats=1,
        commit_seconds=10,
        reveal_seconds=10,
        attest_seconds=10,
        challenge_seconds=10,
        close_thaw_seconds=100,
    )
    receipt = await Factory(chain, deployment.factory).create_project(configuration, manifest.to_bytes())
    return receipt.event(ProjectCreated).project


async def _register(chain: Chain, deployment: Deployment, description: OutputClass) -> ClassRegistered:
    terms = ClassTerms(
        description_digest=description.digest,
        threshold=description.threshold,
        appeal_threshold=description.appeal_threshold,
        verifier_fee=VERIFIER_FEE_WEI,
        worker_bond=WORKER_BOND_WEI,
        minimum_worker_fee=TOKEN,
        **WINDOWS,
    )
    receipt = await Court(chain, deployment.court).register_class(terms, description.to_bytes())
    return receipt.event(ClassRegistered)


async def _until_ready(around: Surroundings, processes: Processes, settings: CampaignSettings) -> None:
    """Wait until every seat counts and every worker serves."""
    parties = settings.accounts - 1

    def ready() -> bool:
        processes.check()
        epoch = around.seats.head.timestamp // around.epoch_seconds
        seats, endpoints = around.seats.history.active_seats(epoch), around.seats.history.endpoints
        return len(seats) >= settings.verifiers and len(endpoints) >= parties

    async with asyncio.timeout(300):
        await around.seats.until(ready)
    await around.observer.refresh()


def names_of(workers: Mapping[str, Address]) -> Sequence[str]:
    """What workers do, the honest one first."""
    return tuple(workers)

"""What a campaign plays on: a devnet, the contracts, one class, and a process for every worker and verifier."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import aiohttp
from eth_account import Account

from contracts.chain import Chain
from contracts.client import Factory, Token
from contracts.court import Court
from contracts.court_values import ClassTerms
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.errors import SwarmProofError
from contracts.events import ClassRegistered, ProjectCreated
from contracts.rpc import Rpc
from contracts.values import Address, SeatTerms
from node.checkpoint import Checkpoint
from node.projects import configuration_of
from node.storage.local import LocalStore
from scripts.court_campaign.settings import HONEST, PROCESSORS, CampaignSettings
from scripts.demo.processes import Processes
from scripts.demo.scenario import start_devnet, write_configuration
from verifier.calibration.reference import Reference
from verifier.classes import OutputClass
from verifier.court.job import RegisteredClass
from verifier.court.surroundings import CourtSite, Surroundings, look_around

TOKEN: Final = 10**18
SEAT_STAKE_WEI: Final = 1000 * TOKEN
WORKER_FEE_WEI: Final = 5 * TOKEN
VERIFIER_FEE_WEI: Final = TOKEN
WORKER_BOND_WEI: Final = 106 * TOKEN
EPOCH_SECONDS: Final = 5
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"  # everybody knows the keys
THAW_SECONDS: Final = 1_000_000
# Chain seconds; with a block a second chain time keeps to the clock. Only who stays away lets a window pass.
WINDOWS: Final = {"work_seconds": 900, "commit_seconds": 900, "reveal_seconds": 300, "appeal_seconds": 60}


class CampaignImpossible(SwarmProofError):
    """The class was calibrated with another model than the reference's newest checkpoint."""

    exit_code = 2

    def __init__(self, class_file: Path, reference: Path, round_number: int) -> None:
        super().__init__(f"class {class_file} is not of checkpoint {round_number} in {reference}, the newest there")
        self.class_file, self.reference, self.round_number = class_file, reference, round_number


@dataclass(frozen=True)
class Stage:
    """Everything that is up and running. `workers`: by what they do."""

    devnet_url: str
    chain: Chain
    description: OutputClass
    class_: RegisteredClass
    around: Surroundings
    requester: Address
    workers: Mapping[str, Address]
    processes: Processes

    async def client_version(self) -> str:
        """What the chain's node calls itself."""
        rpc = await Rpc.open(self.devnet_url, timeout_seconds=20)
        try:
            return str(await rpc.request("web3_clientVersion"))
        finally:
            await rpc.close()


@contextlib.asynccontextmanager
async def open_stage(
    settings: CampaignSettings, reference: Reference, processes: Processes, session: aiohttp.ClientSession
) -> AsyncIterator[Stage]:
    """Start everything, wait until seats count. Raises CampaignImpossible, ClassError, ProcessDied, TimeoutError."""
    calibrated = OutputClass.from_json(settings.class_file.read_bytes())
    if calibrated.checkpoint_digest != reference.newest.digest:
        raise CampaignImpossible(settings.class_file, settings.reference, reference.newest.round)
    linked = linked_checkpoints(reference)
    with LocalStore(settings.work_dir / "checkpoints") as store:
        for checkpoint in linked:
            store.add(checkpoint.to_bytes())
    devnet = (
        await start_devnet(processes, settings.accounts, "--blocks-per-second", "1")
        if settings.rpc_url is None
        else development_chain(settings.rpc_url, settings.accounts)
    )
    signer = Account.from_key(devnet["accounts"][0]["private_key"])
    async with await Chain.connect(devnet["rpc_url"], account=signer) as chain:
        deployment = await deploy_system(chain, court=CourtParameters(SEAT_STAKE_WEI, EPOCH_SECONDS, THAW_SECONDS))
        project = await _create_project(chain, deployment, reference)
        description = replace(calibrated, project=project, checkpoint_digest=linked[-1].digest)
        registered = await _register(chain, deployment, description)
        workers = await _start_parties(
            _Company(settings, processes, devnet["rpc_url"], chain, deployment), devnet["accounts"][1:]
        )
        around = await look_around(chain, CourtSite.of(deployment), session, signer.address)
        await _until_ready(around, processes, settings)
        class_ = around.observer.history.output_class(registered.class_id)
        yield Stage(devnet["rpc_url"], chain, description, class_, around, signer.address, workers, processes)


async def _start_parties(company: _Company, accounts: Sequence[Mapping[str, str]]) -> dict[str, Address]:
    """Every worker and verifier; returns the workers by what they do."""
    names = (HONEST, *company.settings.cheats)
    for name, account in zip(names, accounts, strict=False):
        await company.start_worker(name, account)
    for index, account in enumerate(accounts[len(names) :]):
        await company.start_verifier(index, account)
    return {name: company.address(account) for name, account in zip(names, accounts, strict=False)}


def development_chain(rpc_url: str, accounts: int) -> dict[str, Any]:
    """What a devnet tells about itself, of a chain that somebody else started with the usual accounts."""
    Account.enable_unaudited_hdwallet_features()
    paths = (f"m/44'/60'/0'/0/{index}" for index in range(accounts))
    signers = [Account.from_mnemonic(DEVELOPMENT_MNEMONIC, account_path=path) for path in paths]
    told = [{"address": signer.address, "private_key": "0x" + signer.key.hex()} for signer in signers]
    return {"rpc_url": rpc_url, "accounts": told}


def linked_checkpoints(reference: Reference) -> tuple[Checkpoint, ...]:
    """The last two checkpoints, the last one as if it had followed on the one kept before.

    A folder keeps some rounds only, and who works with an older checkpoint finds it by the link. Parameters are as they
    were, so everything that was calibrated with them holds.
    """
    *older, newest = reference.checkpoints[-2:]
    return (*older, *(replace(newest, previous_digest=checkpoint.digest) for checkpoint in older)) or (newest,)


@dataclass(frozen=True)
class _Company:
    """Starts the processes of workers and verifiers."""

    settings: CampaignSettings
    processes: Processes
    rpc_url: str
    chain: Chain
    deployment: Deployment

    async def start_worker(self, name: str, account: Mapping[str, str]) -> None:
        """A worker with bonds for every job that it may have under way or not paid out yet."""
        amount = WORKER_BOND_WEI * max(self.settings.jobs, self.settings.cheat_jobs)
        await Token(self.chain, self.deployment.token).transfer(self.address(account), amount)
        signer = Account.from_key(account["private_key"])
        async with await Chain.connect(self.rpc_url, account=signer) as chain:
            await Token(chain, self.deployment.token).approve(self.deployment.court, amount)
            await Court(chain, self.deployment.court).deposit(amount)
        # A rejected worker would call larger committees: this campaign counts what committees of three find.
        more = {"appeals": False} if name == HONEST else {"appeals": False, "cheat": name}
        await self._start("worker", f"worker-{name}", account, more, {})

    async def start_verifier(self, index: int, account: Mapping[str, str]) -> None:
        """An honest verifier with one seat, on a processor of its own kind."""
        await Token(self.chain, self.deployment.token).transfer(self.address(account), SEAT_STAKE_WEI)
        await self._start("verifier", f"verifier-{index}", account, {}, PROCESSORS[index % len(PROCESSORS)])

    def address(self, account: Mapping[str, str]) -> Address:
        """The address of a devnet account."""
        return cast("Address", account["address"])

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
            "court": deployment.court,
            "verifier_registry": deployment.verifier_registry,
            "from_block": deployment.block_number,
            "store": str(self.settings.work_dir / "checkpoints"),
            "poll_seconds": self.settings.poll_seconds,
            **more,
        }
        file = write_configuration(self.settings.work_dir / name, account["private_key"], values)
        told = [f"{key}={value}" for key, value in environment.items()]
        await self.processes.start(name, "env", *told, sys.executable, "-m", "verifier.court", "--config", str(file))


async def _create_project(chain: Chain, deployment: Deployment, reference: Reference) -> Address:
    """The project whose manifest names the model; nobody trains in it."""
    assert chain.account is not None
    manifest = reference.manifest
    configuration = configuration_of(
        manifest,
        token=deployment.token,
        owner=chain.account.address,
        round_pool=TOKEN,
        rounds=1,
        minimum_seats=1,
        commit_seconds=10,
        reveal_seconds=10,
        attest_seconds=10,
        challenge_seconds=10,
    )
    seats = SeatTerms(SEAT_STAKE_WEI, EPOCH_SECONDS, THAW_SECONDS)
    receipt = await Factory(chain, deployment.factory).create_project(configuration, seats, manifest.to_bytes())
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

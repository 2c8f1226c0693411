"""An output court on a devnet, with a project whose genesis checkpoint draws sketches, and parties to run beside it.

Parties are coroutines of the test's own loop, or processes of their own. Account 0 owns everything and requests,
account 1 works, accounts from 2 on verify.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from eth_account import Account

from contracts.chain import Chain
from contracts.client import Factory, Registry, Token
from contracts.court import Court
from contracts.court_values import ClassTerms, JobPhase
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import ClassRegistered, ProjectCreated
from contracts.values import Address, SeatTerms
from node.checkpoint import genesis
from node.exchange.peer_client import new_session
from node.projects import configuration_of
from node.storage.local import LocalStore
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc
from tests.support.sketch_task import ANNOUNCED, SketchTask
from tests.support.tied import tied
from verifier.classes import Calibration, OutputClass
from verifier.court.config import CourtSettings
from verifier.court.job import Job
from verifier.court.requester import submit_job
from verifier.court.service import run_party
from verifier.court.surroundings import CourtSite, Surroundings, look_around

ROOT = Path(__file__).parents[2]
TOKEN = 10**18
SEAT_STAKE_WEI = 1000 * TOKEN
FEE_WEI = TOKEN
WORKER_FEE_WEI = 5 * TOKEN
WORKER = 1
FIRST_VERIFIER = 2
THRESHOLD = 8
WINDOW_SECONDS = 300  # of chain time; a test lets it pass, and a busy machine has time to act


@dataclass
class CourtWorld:
    """Everything a test needs of a court. `class_id`: of the one class that is registered."""

    devnet: Devnet
    folder: Path
    deployment: Deployment
    owner: Chain
    class_id: bytes
    http: aiohttp.ClientSession
    around: Surroundings
    control: Rpc
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def requester(self) -> Address:
        """Account 0."""
        return self.address(0)

    def address(self, index: int) -> Address:
        """The account with this number."""
        address: Address = Account.from_key(self.devnet.accounts[index].private_key).address
        return address

    def settings(self, index: int, **options: Any) -> CourtSettings:
        """Settings of the party that this account runs."""
        key_file = self.folder / f"key-{index}"
        if not key_file.exists():
            key_file.touch(mode=0o600)
            key_file.write_text(self.devnet.accounts[index].private_key)
        return CourtSettings(
            **{
                "role": "worker" if index == WORKER else "verifier",
                "rpc_url": self.devnet.rpc_url,
                "factory": self.deployment.factory,
                "court": self.deployment.court,
                "verifier_registry": self.deployment.verifier_registry,
                "from_block": self.deployment.block_number,
                "key_file": key_file,
                "state_dir": self.folder / f"state-{index}",
                "store": self.folder / "checkpoints",
                "poll_seconds": 0.05,
                **options,
            }
        )

    async def look(self) -> Surroundings:
        """The requester's own view of the court: a view is for one that looks."""
        return await _look(self.owner, self.deployment, self.http, self.requester)

    def start(self, index: int, **options: Any) -> None:
        """Run a party in this loop."""
        self.running[index] = asyncio.create_task(run_party(self.settings(index, **options)))

    async def stop(self, index: int) -> None:
        """End a party."""
        task = self.running.pop(index)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def spawn(self, index: int, **options: Any) -> asyncio.subprocess.Process:
        """Run a party as a process of its own, from a configuration file; its log is in the folder."""
        settings = self.settings(index, **options).model_dump(mode="json", exclude_none=True)
        file = self.folder / f"party-{index}.toml"
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        return await self.run_process(f"party-{index}", "verifier.court", "--config", file)

    async def run_command(self, name: str, index: int, *arguments: object) -> asyncio.subprocess.Process:
        """Run a `swarmproof` command for this account as a process of its own; its log is in the folder."""
        files = ["--deployment", self.folder / "deployment.json", "--key-file", self.settings(index).key_file]
        where = ["--rpc-url", self.devnet.rpc_url, *files]
        return await self.run_process(name, "frontend_api", *where, *arguments)

    async def run_process(self, name: str, module: str, *arguments: object) -> asyncio.subprocess.Process:
        """Run a module as a process that finds the task of sketches."""
        with (self.folder / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *tied(sys.executable, "-m", module, *map(str, arguments)),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": f"{ROOT}:{ANNOUNCED}", "OMP_NUM_THREADS": "1"},
            )

    async def stake(self, indices: Iterable[int]) -> None:
        """Stake a verifier's seat for each of these accounts, without running anything; they count from then on."""
        for index in indices:
            account = Account.from_key(self.devnet.accounts[index].private_key)
            async with await Chain.connect(self.devnet.rpc_url, account=account) as chain:
                token, registry = Token(chain, self.deployment.token), self.deployment.verifier_registry
                await token.approve(registry, SEAT_STAKE_WEI)
                await Registry(chain, registry).stake(1)
        await self.around.seats.refresh()
        await self.seated(len(self.around.seats.history.seats))

    async def drawn(self, job_id: bytes) -> list[int]:
        """Account numbers of the committee that was drawn for the job's newest round, in its order."""
        await self.until(lambda: self.around.observer.head.number > self.job(job_id).pinned_block)
        members = await self.around.court.committee_of(self.job(job_id).terms)
        numbers = {self.address(index): index for index in range(len(self.devnet.accounts))}
        return [numbers[member.account] for member in members]

    async def seated(self, count: int, *, timeout_seconds: float = 90) -> None:
        """Wait until so many verifiers' seats count."""

        def enough() -> bool:
            epoch = self.around.observer.head.timestamp // self.around.epoch_seconds
            return len(self.around.seats.history.active_seats(epoch)) >= count

        await self.until(enough, timeout_seconds=timeout_seconds)

    async def until(self, condition: Any, *, timeout_seconds: float = 90) -> None:
        """Look at the chain until a condition holds; a party that ended by itself is a failure."""
        async with asyncio.timeout(timeout_seconds):
            while True:
                await self.around.observer.refresh()
                await self.around.seats.refresh()
                for task in self.running.values():
                    if task.done():
                        task.result()
                if condition():
                    return
                await asyncio.sleep(0.05)

    async def submit(self, prompt: str = "7", **changes: Any) -> bytes:
        """Submit a job as account 0 and return its id."""
        class_ = self.around.observer.history.output_class(self.class_id)
        return await submit_job(
            self.around,
            self.requester,
            class_,
            **{"worker": self.address(WORKER), "fee_wei": WORKER_FEE_WEI, "job_input": prompt.encode(), **changes},
        )

    def job(self, job_id: bytes) -> Job:
        """A job as of the last look."""
        return self.around.observer.history.job(job_id)

    def phase(self, job_id: bytes) -> JobPhase:
        """What the job is as of the last look."""
        return self.job(job_id).phase(self.around.observer.head.timestamp)

    async def ended(self, job_id: bytes, *, timeout_seconds: float = 120) -> Job:
        """Wait for the end of a job."""

        def over() -> bool:
            jobs = self.around.observer.history.jobs
            return job_id in jobs and jobs[job_id].ending is not None

        await self.until(over, timeout_seconds=timeout_seconds)
        return self.job(job_id)

    def pass_seconds(self, seconds: int) -> None:
        """Let chain time pass."""
        self.control("evm_increaseTime", seconds)
        self.control("evm_mine")


@contextlib.asynccontextmanager
async def open_court_world(
    devnet: Devnet, folder: Path, *, verifiers: int, seconds: int = WINDOW_SECONDS, **class_changes: Any
) -> AsyncIterator[CourtWorld]:
    """Deploy everything and register one class; `seconds`: each of a job's windows."""
    async with contextlib.AsyncExitStack() as stack:
        key = devnet.accounts[0].private_key
        owner = await stack.enter_async_context(await Chain.connect(devnet.rpc_url, account=Account.from_key(key)))
        deployment = await deploy_system(
            owner, court=CourtParameters(SEAT_STAKE_WEI, epoch_seconds=2, thaw_seconds=100_000)
        )
        deployment.save(folder / "deployment.json")
        project = await _project(owner, deployment, folder)
        class_id = await _register_class(owner, deployment, project, seconds, class_changes)
        token = Token(owner, deployment.token)
        for index in range(1, FIRST_VERIFIER + verifiers):
            account = Account.from_key(devnet.accounts[index].private_key).address
            await token.transfer(account, 5 * SEAT_STAKE_WEI)
        http = await stack.enter_async_context(new_session())
        me: Address = Account.from_key(key).address
        around = await _look(owner, deployment, http, me)
        control = Rpc(devnet.rpc_url)
        stack.callback(control.close)
        world = CourtWorld(devnet, folder, deployment, owner, class_id, http, around, control)
        try:
            yield world
        finally:
            for index in list(world.running):
                await world.stop(index)


async def _look(owner: Chain, deployment: Deployment, http: aiohttp.ClientSession, me: Address) -> Surroundings:
    return await look_around(owner, CourtSite.of(deployment), http, me)


def sketch_task() -> SketchTask:
    """The task of the world's class."""
    return SketchTask(data_dir=None, options={})


async def _project(owner: Chain, deployment: Deployment, folder: Path) -> Address:
    """A project of task sketch; its genesis checkpoint is in the folder `checkpoints`."""
    manifest = sketch_task().default_manifest()
    checkpoint = genesis(manifest)
    assert owner.account is not None
    configuration = configuration_of(
        manifest,
        token=deployment.token,
        owner=owner.account.address,
        round_pool=TOKEN,
        rounds=1,
        minimum_seats=1,
        commit_seconds=10,
        reveal_seconds=10,
        attest_seconds=10,
        challenge_seconds=10,
    )
    with LocalStore(folder / "checkpoints") as store:
        store.add(checkpoint.to_bytes())
    seats = SeatTerms(SEAT_STAKE_WEI, epoch_seconds=2, thaw_seconds=100_000)
    receipt = await Factory(owner, deployment.factory).create_project(configuration, seats, manifest.to_bytes())
    return receipt.event(ProjectCreated).project


def sketch_class(project: Address, **changes: Any) -> OutputClass:
    """A class of sketches from the genesis checkpoint."""
    manifest = sketch_task().default_manifest()
    return OutputClass(
        **{
            "project": project,
            "manifest_digest": manifest.digest,
            "checkpoint_digest": genesis(manifest).digest,
            "task": "sketch",
            "sampling": SketchTask.default_sampling,
            "hash": "phash",
            "threshold": THRESHOLD,
            "appeal_threshold": THRESHOLD,
            "code_hash": bytes(32),
            "calibration": Calibration(bytes(32), ()),
            **changes,
        }
    )


async def _register_class(
    owner: Chain, deployment: Deployment, project: Address, seconds: int, changes: dict[str, Any]
) -> bytes:
    class_ = sketch_class(project, **changes)
    terms = ClassTerms(
        description_digest=class_.digest,
        threshold=class_.threshold,
        appeal_threshold=class_.appeal_threshold,
        verifier_fee=FEE_WEI,
        worker_bond=106 * FEE_WEI,
        minimum_worker_fee=FEE_WEI,
        work_seconds=seconds,
        commit_seconds=seconds,
        reveal_seconds=seconds,
        appeal_seconds=seconds,
    )
    receipt = await Court(owner, deployment.court).register_class(terms, class_.to_bytes())
    return receipt.event(ClassRegistered).class_id

"""The last act of a demonstration whose model generates: a class, workers honest and not, a court that tells which.

Workers and verifiers are processes like everybody else. The owner is the requester: it has each job checked by a
regeneration of its own and appeals what it can prove wrong, so a committee that was captured does not have the last
word.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from rich.console import Console

from contracts.client import Token
from contracts.values import Address
from node.errors import ExchangeError, StorageError
from node.exchange.fetch import Fetcher
from node.exchange.source import Source
from node.generation.task import GenerativeTask
from node.tasks.registry import load_task
from scripts.demo.cast import (
    CHEATING_WORKERS,
    COLLUDING_WORKER,
    DISHONEST_VERIFIERS,
    HONEST_VERIFIERS,
    PROMPTS,
)
from scripts.demo.hearing import Case, Exhibit, Hearing, shown_distances
from scripts.demo.processes import ProcessDied, Processes, Running
from scripts.demo.scenario import Swarm, write_configuration
from scripts.demo.settings import SEAT_STAKE_WEI, TOKEN
from verifier.court.job import WORKER, Job, RegisteredClass
from verifier.court.party import Party
from verifier.court.requester import MAXIMUM_OUTPUT_BYTES, checker_of, fetcher_of, submit_job
from verifier.court.surroundings import CourtSite, Surroundings, look_around

CALIBRATION_JOBS: Final = 64
LEAST_THRESHOLD: Final = 40  # so few jobs need not meet the largest honest distance; the least of a cheat is about 70
POLL_SECONDS: Final = 0.5  # so many processes share one chain and few cores
WORKER_FEE_WEI: Final = 5 * TOKEN
WORKER_WEI: Final = 200 * TOKEN
REQUESTER_WAIT_SECONDS: Final = 600.0
# Chain seconds; a window ends early when everybody has acted, so they only matter when somebody has not.
WINDOWS: Final = {"work": 180, "commit": 180, "reveal": 40, "appeal": 20}


@dataclass(frozen=True)
class _Bench:
    """What the requester works with, and the workers that wait for jobs, by what they do."""

    swarm: Swarm
    around: Surroundings
    class_: RegisteredClass
    fetcher: Fetcher
    workers: Mapping[str | None, Address]


async def hold_court(swarm: Swarm, processes: Processes, session: aiohttp.ClientSession, console: Console) -> Hearing:
    """Calibrate and register a class, start workers and verifiers, submit a job to each worker, and see them through.

    Outputs are made from the newest checkpoint. Raises ProcessDied when a process ends before its time, TimeoutError
    when the court does not come to an end.
    """
    task = load_task(swarm.manifest.task, data_dir=swarm.settings.data_dir, options=swarm.manifest.task_options)
    assert isinstance(task, GenerativeTask)
    kind = task.default_sampling.kind
    folder = swarm.folder / "court"
    folder.mkdir()
    console.print(f"court: calibrating thresholds on {CALIBRATION_JOBS} jobs")
    class_id = await _register_class(swarm, processes, folder)
    names = [*CHEATING_WORKERS[kind]]
    console.print(
        f"court: class 0x{class_id.hex()}; starting {len(names) + 2} workers, {len(names) + 1} of them cheats, and "
        f"{HONEST_VERIFIERS + len(DISHONEST_VERIFIERS)} verifiers, {len(DISHONEST_VERIFIERS)} of them dishonest"
    )
    workers = await _start_parties(swarm, processes, folder, names)
    around = await look_around(swarm.chain, CourtSite.of(swarm.deployment), session, swarm.owner)
    await _until_seated(around, processes)
    bench = _Bench(swarm, around, around.observer.history.classes[class_id], fetcher_of(session, swarm.owner), workers)
    async with asyncio.timeout(REQUESTER_WAIT_SECONDS):
        jobs = await _hear(bench, PROMPTS[kind], processes, console)
    return Hearing(class_id, kind, tuple([await _case(bench, *item) for item in jobs]))


async def _register_class(swarm: Swarm, processes: Processes, folder: Path) -> bytes:
    """Calibrate and register, with the commands an owner would use; returns the class's id."""
    common = ("--rpc-url", swarm.rpc_url, "--deployment", str(swarm.folder / "deployment.json"), "--json")
    calibration = folder / "calibration"
    await _command(
        processes,
        "calibrate",
        *(*common, "--project", swarm.project_address),
        *("--jobs", str(CALIBRATION_JOBS), "--least-threshold", str(LEAST_THRESHOLD)),
        *("--output", str(calibration)),
    )
    windows = [f"--{name}-seconds={seconds}" for name, seconds in WINDOWS.items()]
    registered = await _command(
        processes,
        "class",
        *("register", str(calibration / "class.json"), *common, "--key-file", str(swarm.owner_key_file), *windows),
    )
    return bytes.fromhex(str(registered["class"]).removeprefix("0x"))


async def _command(processes: Processes, name: str, *arguments: str) -> dict[str, Any]:
    """Run one command of `swarmproof` to its end and return what it prints. Raises ProcessDied when it fails."""
    running = await processes.start(
        name, sys.executable, "-m", "frontend_api", name, *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await running.process.communicate()
    if running.process.returncode:
        raise ProcessDied(name, running.process.returncode, running.log)
    document: dict[str, Any] = json.loads(printed)
    return document


async def _start_parties(
    swarm: Swarm, processes: Processes, folder: Path, cheats: Sequence[str]
) -> dict[str | None, Address]:
    """Start every worker and verifier with tokens of its own; returns the workers' addresses by what they do."""
    accomplices = folder / "accomplices"
    accomplices.mkdir()
    accounts = iter(swarm.spare_accounts)
    workers: dict[str | None, Address] = {}
    token = Token(swarm.chain, swarm.deployment.token)
    for cheat in (None, *cheats, COLLUDING_WORKER):
        account = next(accounts)
        await token.transfer(account["address"], WORKER_WEI)
        told = {"accomplice_dir": str(accomplices)} if cheat == COLLUDING_WORKER else {}
        await _start_party(swarm, processes, folder, "worker", account, cheat, told)
        workers[cheat] = account["address"]
    for cheat in (*[None] * HONEST_VERIFIERS, *DISHONEST_VERIFIERS):
        account = next(accounts)
        await token.transfer(account["address"], SEAT_STAKE_WEI)
        told = {"accomplice_dir": str(accomplices)} if cheat == "colluding" else {}
        await _start_party(swarm, processes, folder, "verifier", account, cheat, told)
    return workers


async def _start_party(
    swarm: Swarm,
    processes: Processes,
    folder: Path,
    role: str,
    account: Mapping[str, str],
    cheat: str | None,
    more: Mapping[str, str],
) -> Running:
    """Start one worker or verifier."""
    home = folder / f"{role}-{account['address']}"
    deployment = swarm.deployment
    values = {
        "role": role,
        "rpc_url": swarm.rpc_url,
        "factory": deployment.factory,
        "court": deployment.court,
        "verifier_registry": deployment.verifier_registry,
        "from_block": deployment.block_number,
        "poll_seconds": POLL_SECONDS,
        **({} if cheat is None else {"cheat": cheat}),
        **more,
    }
    configuration = write_configuration(home, account["private_key"], values)
    name = f"{role}-{account['address']}"
    return await processes.start(name, sys.executable, "-m", "verifier.court", "--config", str(configuration))


async def _until_seated(around: Surroundings, processes: Processes) -> None:
    """Wait until every verifier's seat counts."""

    def seated() -> bool:
        processes.check()
        epoch = around.seats.head.timestamp // around.epoch_seconds
        return len(around.seats.history.active_seats(epoch)) >= HONEST_VERIFIERS + len(DISHONEST_VERIFIERS)

    async with asyncio.timeout(REQUESTER_WAIT_SECONDS):
        await around.seats.until(seated)


async def _hear(
    bench: _Bench, prompts: Sequence[str], processes: Processes, console: Console
) -> list[tuple[str | None, str, Job]]:
    """Submit a job to the honest worker, then, with digests in the open to copy from, one to each cheat."""
    checker = checker_of(
        bench.around, bench.swarm.deployment, bench.fetcher, data_dir=bench.swarm.settings.data_dir, gateways=()
    )
    party = Party(bench.swarm.owner, bench.around, checker=checker, appeals=True)
    submitted: list[tuple[str | None, str, bytes]] = []

    async def submit(cheats: Sequence[str | None]) -> None:
        for cheat in cheats:
            prompt = prompts[len(submitted) % len(prompts)]
            job = await submit_job(
                bench.around,
                bench.swarm.owner,
                bench.class_,
                worker=bench.workers[cheat],
                fee_wei=WORKER_FEE_WEI,
                job_input=prompt.encode(),
            )
            submitted.append((cheat, prompt, job))

    def ended() -> bool:
        processes.check()
        jobs = party.history.jobs
        return all(job in jobs and jobs[job].ending is not None for _, _, job in submitted)

    def opened() -> bool:
        processes.check()
        job = party.history.jobs.get(submitted[0][2])
        return job is not None and bool(job.rounds) and job.rounds[0].decision is not None

    with console.status("court: the honest worker's job"):
        await submit([None])
        await party.run(until=opened)
    with console.status("court: the cheats' jobs"):
        await submit([cheat for cheat in bench.workers if cheat is not None])
        await party.run(until=ended)
    found = [(cheat, prompt, party.history.job(job)) for cheat, prompt, job in submitted]
    for cheat, _, job in found:
        console.print(case_line(cheat, job))
    return found


def case_line(cheat: str | None, job: Job) -> str:
    """One line about a job: what its worker did, what each committee found, and from which distances."""
    rounds = []
    for round_ in job.rounds:
        if round_.decision is not None:
            bits = shown_distances(round_.decision)
            rounds.append(f"{round_.decision.verdict} ({bits}; T = {round_.threshold})")
    return f"court: {cheat or 'honest':<16}  {', then '.join(rounds)}"


async def _case(bench: _Bench, cheat: str | None, prompt: str, job: Job) -> Case:
    """A job with what its worker and its first committee served."""
    exhibits = []
    openings = job.rounds[0].openings if job.rounds else {}
    for index in (WORKER, *(index for index in sorted(openings) if index != WORKER)):
        data = None
        if index in openings:
            opened = openings[index]
            endpoint = bench.around.seats.history.endpoints[opened.account]
            try:
                data = await bench.fetcher.fetch(
                    opened.opening.output_digest,
                    [Source(opened.account, endpoint.url)],
                    maximum_bytes=MAXIMUM_OUTPUT_BYTES,
                )
            except (ExchangeError, StorageError):
                data = None  # a cheat need not serve what it says it made
        exhibits.append(Exhibit("worker" if index == WORKER else f"verifier {index}", data))
    return Case(cheat, prompt, job, tuple(exhibits))

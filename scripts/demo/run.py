"""`swarmproof demo`: the whole product on one machine, from an empty chain to claimed rewards and an audit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import tempfile
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path

import aiohttp
from rich.console import Console

from node.errors import ConfigurationError
from node.exchange.peer_client import new_session
from node.logs import configure_logs
from scripts.demo.hearing import Hearing
from scripts.demo.processes import Processes
from scripts.demo.progress import Progress, follow
from scripts.demo.report import (
    DemoReport,
    Figures,
    failures_of,
    gas_of_rounds,
    message_sizes,
    print_report,
    records_of_one,
    slashed_seats,
)
from scripts.demo.scenario import Swarm, start_api, start_swarm, start_watcher
from scripts.demo.settings import DemoSettings
from verifier.audit import AuditSettings, audit

REPORT_COLUMNS = 132


async def run_demo(settings: DemoSettings, *, as_json: bool) -> int:
    """Run a demonstration; returns 0 if training, rewards and audit ended as they must, else 1.

    Progress goes to standard error; the report to standard output. SIGTERM ends it as Ctrl-C does: with everything it
    started and every temporary file.
    """
    configure_logs(logging.ERROR)  # what the owner does in court is told by the report
    return await until_terminated(_run(settings, as_json=as_json))


async def until_terminated(work: Coroutine[None, None, int]) -> int:
    """Await `work` for its exit code; SIGTERM cancels it and gives the code a shell would."""
    ended = False

    def end() -> None:
        nonlocal ended
        ended = True
        running.cancel()

    running = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    try:
        return await running
    except asyncio.CancelledError:
        if not ended:
            raise
        return 128 + signal.SIGTERM
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def _run(settings: DemoSettings, *, as_json: bool) -> int:
    console = Console(stderr=True)
    with working_folder(settings.work_dir) as folder:
        async with Processes(folder) as processes, new_session() as session:
            started = time.monotonic()
            swarm = await start_swarm(settings, folder, processes, console.print)
            async with swarm.chain:
                api_url = await start_api(swarm, processes)
                console.print(f"API at {api_url}, logs in {folder}")
                await start_watcher(swarm, processes)
                ready = time.monotonic()
                progress = await follow(swarm, processes, session, console)
                trained = time.monotonic()
                hearing = await _hearing(swarm, processes, session, console)
                report = await _report(swarm, progress, hearing, started=started, ready=ready, trained=trained)
                if as_json:
                    print(json.dumps(report.document(), indent=2))
                else:
                    print_report(report, report_console())
                if settings.serve:
                    console.print(f"the API stays up at {api_url}; press Ctrl-C to end")
                    await asyncio.Event().wait()
    return 1 if report.failures else 0


async def _hearing(
    swarm: Swarm, processes: Processes, session: aiohttp.ClientSession, console: Console
) -> Hearing | None:
    """What came before the output court; None for a model that generates nothing."""
    if not swarm.holds_court:
        return None
    from scripts.demo.court import hold_court
    from scripts.demo.exhibits import write_exhibits

    # Two honest peers serve the checkpoints; the others have done their work and would only take memory.
    for peer in swarm.peers:
        if peer not in swarm.honest[:2] and peer.running is not None:
            await processes.end(peer.running)
    hearing = await hold_court(swarm, processes, session, console)
    file = await asyncio.to_thread(write_exhibits, hearing, swarm.settings.outputs_dir)
    console.print(f"court: outputs side by side in {file}")
    return hearing


async def _report(
    swarm: Swarm, progress: Progress, hearing: Hearing | None, *, started: float, ready: float, trained: float
) -> DemoReport:
    """Audit the run through an honest peer's gateway and sum it up."""
    endpoint = swarm.observer.history.endpoints[swarm.honest[0].address]
    verdict = await audit(
        AuditSettings(
            rpc_url=swarm.rpc_url,
            deployment=swarm.folder / "deployment.json",
            project=swarm.project_address,
            gateways=(endpoint.url,),
        )
    )
    records = records_of_one(swarm, progress)
    slashed = await slashed_seats(swarm)
    gas_per_round, gas_per_contribution = await gas_of_rounds(swarm.chain, swarm)
    message_bytes, message_count = message_sizes(list(records.values()))
    figures = Figures(
        gas_per_round=gas_per_round,
        gas_per_contribution=gas_per_contribution,
        message_bytes=message_bytes,
        message_count=message_count,
        setup_seconds=ready - started,
        training_seconds=trained - ready,
        total_seconds=time.monotonic() - started,
    )
    failures = failures_of(swarm, progress, verdict, slashed) + (() if hearing is None else hearing.failures)
    return DemoReport(swarm, records, verdict, hearing, figures, slashed, failures)


def report_console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for whole addresses where it is none."""
    console = Console()
    return console if console.is_terminal else Console(width=REPORT_COLUMNS)


@contextlib.contextmanager
def working_folder(work_dir: Path | None) -> Iterator[Path]:
    """The folder given, or a temporary one that goes away. Raises ConfigurationError when it cannot be made."""
    if work_dir is not None:
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"folder {work_dir} cannot be made: {error.strerror}") from error
        yield work_dir.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="swarmproof-demo-") as folder:
        yield Path(folder)

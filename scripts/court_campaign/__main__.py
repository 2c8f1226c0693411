"""Put many jobs through the real court, honest and not, and count what it decides.

    python -m scripts.court_campaign --reference reference/flow --class-file calibration/class.json --output court

Devnet, contracts, workers and verifiers are real; every worker and verifier is a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts.errors import SwarmProofError
from node.exchange.peer_client import new_session
from node.logs import configure_logs
from scripts.court_campaign.document import markdown
from scripts.court_campaign.figures import cheats_together, gas_figures, kind_figures
from scripts.court_campaign.jobs import Docket, order_of
from scripts.court_campaign.settings import HONEST, USUAL_CHEATS, USUAL_CONDUCTS, CampaignSettings
from scripts.court_campaign.stage import Stage, open_stage
from scripts.demo.processes import Processes
from verifier.calibration.plan import usual_prompts
from verifier.calibration.reference import Reference, read_reference


async def campaign(settings: CampaignSettings, reference: Reference) -> dict[str, Any]:
    """Play everything and return the figures. Raises ProcessDied, TimeoutError."""
    settings.work_dir.mkdir(parents=True, exist_ok=True)
    hearings = order_of(settings, reference.task, usual_prompts(reference.manifest.task))
    async with (
        Processes(settings.work_dir) as processes,
        new_session() as session,
        open_stage(settings, reference, processes, session) as stage,
    ):
        docket = Docket(stage, settings, hearings)
        seconds = await docket.play(_report)
        return await _figures(settings, reference, stage, docket, seconds)


async def _figures(
    settings: CampaignSettings, reference: Reference, stage: Stage, docket: Docket, seconds: float
) -> dict[str, Any]:
    played = list(docket.jobs())
    kinds = [kind_figures(kind, played) for kind in (HONEST, *settings.cheats)]
    return {
        "class": {
            "task": stage.description.task,
            "hash": stage.description.hash,
            "threshold": stage.description.threshold,
            "checkpoint": "0x" + stage.description.checkpoint_digest.hex(),
            "round": reference.newest.round,
        },
        "chain": await stage.client_version(),
        "verifiers": settings.verifiers,
        "in_flight": settings.in_flight,
        "jobs": len(played),
        "seconds": round(seconds, 1),
        "seconds_per_job": seconds / max(1, len(played)),
        "machine": f"{os.cpu_count()} cores ({platform.machine()})",
        "kinds": kinds,
        "cheats": cheats_together(kinds),
        "gas": await gas_figures(stage.chain, played),
    }


def _report(submitted: int, decided: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{submitted} jobs submitted, {decided} decided", end="", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.court_campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, metavar="FOLDER", help="a trained model")
    parser.add_argument("--class-file", type=Path, required=True, metavar="FILE", help="its calibrated class")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="for NAME.json and NAME.md")
    parser.add_argument("--name", default="court", help="of these two files")
    parser.add_argument("--jobs", type=int, default=CampaignSettings.jobs, help="of the honest worker, at most")
    parser.add_argument("--cheat", action="append", help="a worker that does this, repeatable; without it the usual")
    parser.add_argument("--cheat-jobs", type=int, default=CampaignSettings.cheat_jobs, help="of each cheat")
    parser.add_argument("--verifiers", type=int, default=CampaignSettings.verifiers)
    parser.add_argument("--in-flight", type=int, default=CampaignSettings.in_flight, help="jobs under way at once")
    parser.add_argument("--minutes", type=float, default=CampaignSettings.minutes, help="then no more honest jobs")
    parser.add_argument("--rpc-url", metavar="URL", help="a running development chain, instead of a devnet of its own")
    parser.add_argument("--work-dir", type=Path, metavar="FOLDER", help="keep logs and state directories here")
    options = parser.parse_args(arguments)
    configure_logs(logging.WARNING)
    try:
        found = _run(options)
    except SwarmProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    found["command"] = "python -m scripts.court_campaign " + shlex.join(
        sys.argv[1:] if arguments is None else arguments
    )
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / f"{options.name}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.output / f"{options.name}.md").write_text(markdown(found), "utf-8")
    print(markdown(found))
    honest = found["kinds"][0]
    return 0 if honest["errors"] == 0 and found["cheats"]["errors"] == 0 else 1


def _run(options: argparse.Namespace) -> dict[str, Any]:
    reference = read_reference(options.reference)
    kind = reference.task.default_sampling.kind
    cheats = tuple(options.cheat or (*USUAL_CHEATS[kind], *USUAL_CONDUCTS))
    with tempfile.TemporaryDirectory(prefix="swarmproof-court-") as temporary:
        settings = CampaignSettings(
            reference=options.reference,
            class_file=options.class_file,
            work_dir=options.work_dir or Path(temporary),
            jobs=options.jobs,
            cheats=cheats,
            cheat_jobs=options.cheat_jobs,
            verifiers=options.verifiers,
            in_flight=options.in_flight,
            minutes=options.minutes,
            rpc_url=options.rpc_url,
        )
        return asyncio.run(campaign(settings, reference))


if __name__ == "__main__":
    sys.exit(main())

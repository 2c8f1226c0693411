"""`swarmproof demo`: all of it on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof demo --peers 8 --attackers 2 --rounds 8 --task digits --json")(
        with_invocation(demo)
    )


def demo(
    invocation: Invocation,
    *,
    peers: Annotated[int, typer.Option(help="Peers, attackers among them.", min=1)] = 8,
    attackers: Annotated[int, typer.Option(help="How many of them attack.", min=0)] = 2,
    rounds: Annotated[int | None, typer.Option(help="Rounds to train.", min=1, show_default="8; text 16")] = None,
    task: Annotated[str, typer.Option(help="digits, mnist, flow or text.")] = "digits",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    attack: Annotated[list[str] | None, typer.Option(help="What attackers do, repeatable, dealt in turn.")] = None,
    split: Annotated[str, typer.Option(help="How the data is cut: iid or dirichlet(...).")] = "iid",
    rule: Annotated[str | None, typer.Option(help="Robust rule.", show_default="history-filter")] = None,
    checked_seats: Annotated[
        int | None, typer.Option(help="Seats whose training is checked a round.", min=0, show_default="the task's")
    ] = None,
    batched: Annotated[bool, typer.Option("--batched", help="One peer commits and reveals for many.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of split and training.", min=0)] = 0,
    work_dir: Annotated[Path | None, typer.Option(help="Keep everything here.", metavar="FOLDER")] = None,
    outputs: Annotated[Path, typer.Option(help="What came before the court, side by side.", metavar="FOLDER")] = Path(
        "swarmproof-outputs"
    ),
    serve: Annotated[bool, typer.Option("--serve", help="Keep the API up afterwards.")] = False,
) -> None:
    """Devnet, contracts, peers (some of them attackers), API, audit and output court, as real processes on loopback."""
    from scripts.demo.run import run_demo
    from scripts.demo.settings import (
        DEFAULT_ATTACKS,
        DemoSettings,
        challenge_seconds,
        commit_seconds,
        default_rounds,
    )

    attacks = tuple(attack or DEFAULT_ATTACKS)

    settings = DemoSettings(
        peers=peers,
        attackers=attackers,
        rounds=rounds or default_rounds(task),
        task=task,
        data_dir=data_dir,
        attacks=attacks,
        challenge_seconds=challenge_seconds(attacks),
        split=split,
        rule=rule,
        checked_seats=checked_seats,
        batched=batched,
        commit_seconds=commit_seconds(task, peers, batched=batched),
        seed=seed,
        work_dir=work_dir,
        outputs_dir=outputs,
        serve=serve,
        api_port=invocation.settings.api.port,
    )
    raise typer.Exit(asyncio.run(run_demo(settings, as_json=invocation.output.as_json)))

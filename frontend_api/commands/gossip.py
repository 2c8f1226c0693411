"""`swarmproof gossip`: a neighbourhood without a common head, on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof gossip --peers 10 --attackers 4 --rounds 6 --json")(with_invocation(gossip))


def gossip(
    invocation: Invocation,
    *,
    peers: Annotated[int, typer.Option(help="Peers, Sybils among them.", min=2)] = 10,
    attackers: Annotated[int, typer.Option(help="How many of them are Sybils.", min=0)] = 4,
    rounds: Annotated[int, typer.Option(help="Rounds to train.", min=1)] = 6,
    degree: Annotated[int, typer.Option(help="Most neighbours of a peer.", min=1)] = 3,
    task: Annotated[str, typer.Option(help="digits or mnist.")] = "digits",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    attack: Annotated[str, typer.Option(help="How the Sybils poison their data.")] = "label-flip",
    split: Annotated[str, typer.Option(help="How the data is cut: iid or dirichlet(...).")] = "iid",
    seed: Annotated[int, typer.Option(help="Seed of graph, split and training.", min=0)] = 0,
    work_dir: Annotated[Path | None, typer.Option(help="Keep everything here.", metavar="FOLDER")] = None,
) -> None:
    """Real peers on a random graph, some of them Sybils, average their neighbours' models by SybilWall."""
    from scripts.gossip.run import run_gossip
    from scripts.gossip.settings import GossipSettings

    settings = GossipSettings(
        peers=peers,
        attackers=attackers,
        rounds=rounds,
        degree=degree,
        task=task,
        data_dir=data_dir,
        attack=attack,
        split=split,
        seed=seed,
        work_dir=work_dir,
    )
    raise typer.Exit(asyncio.run(run_gossip(settings, as_json=invocation.output.as_json)))

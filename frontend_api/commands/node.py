"""`swarmproof node`: a training peer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend_api.command_line import Invocation, require_key_file, with_invocation

DEFAULT_STATE_DIR = Path("swarm-data")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof node --key-file peer.key --state-dir swarm-data")(with_invocation(node))


def node(
    invocation: Invocation,
    *,
    state_dir: Annotated[
        Path | None, typer.Option(help="What must survive.", metavar="FOLDER", show_default=str(DEFAULT_STATE_DIR))
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where the gateway listens.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Its port; 0 = any free one.", min=0, max=65535)] = None,
    public_url: Annotated[str | None, typer.Option(help="What others reach it by.", metavar="URL")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    seats: Annotated[int | None, typer.Option(help="Seats to hold; missing ones are staked.", min=1)] = None,
    ipfs_api: Annotated[str | None, typer.Option(help="Keep blocks in this Kubo RPC.", metavar="MULTIADDR")] = None,
    batched: Annotated[
        bool | None, typer.Option("--batched/--no-batched", help="Commit and reveal together with others.")
    ] = None,
    attack: Annotated[str | None, typer.Option(help="Misbehave on purpose, to test others.")] = None,
    claim: Annotated[
        bool | None, typer.Option("--claim/--no-claim", help="Claim what was earned once the project is complete.")
    ] = None,
    exit_when_complete: Annotated[
        bool | None, typer.Option("--exit-when-complete", help="End with the project.")
    ] = None,
) -> None:
    """Run a peer: stake, train, exchange, aggregate, attest, serve, claim; until interrupted."""
    flags = {
        "state_dir": state_dir,
        "host": host,
        "port": port,
        "public_url": public_url,
        "data_dir": data_dir,
        "seats": seats,
        "ipfs_api": ipfs_api,
        "batched": batched,
        "attack": attack,
        "claim": claim,
        "exit_when_complete": exit_when_complete,
    }
    asyncio.run(_node(invocation, {name: value for name, value in flags.items() if value is not None}))


async def _node(invocation: Invocation, flags: dict[str, Any]) -> None:
    from contracts.chain import Chain
    from contracts.deploy import Deployment
    from frontend_api.chain_session import find_project
    from frontend_api.settings import validated
    from node.__main__ import run_until_signal
    from node.config import NodeSettings
    from node.logs import configure_logs

    settings = invocation.settings
    require_key_file(settings)
    deployment = Deployment.load(settings.deployment)
    async with await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id) as chain:
        await deployment.check(chain, settings.deployment)
        project = await find_project(chain, deployment, settings.project)
    options = {
        "state_dir": DEFAULT_STATE_DIR,
        **settings.node,
        **flags,
        "rpc_url": settings.rpc_url,
        "chain_id": deployment.chain_id,
        "factory": deployment.factory,
        "project": project,
        "from_block": deployment.block_number,
        "key_file": settings.key_file,
        "password_file": settings.password_file,
    }
    node_settings = validated(NodeSettings, options)
    configure_logs()
    await run_until_signal(node_settings)

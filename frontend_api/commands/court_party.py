"""`swarmproof worker` and `swarmproof verifier`: the output court's two sides."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend_api.command_line import Invocation, require_key_file, with_invocation

DEFAULT_STATE_DIR = Path("court-data")

StateDir = Annotated[
    Path | None, typer.Option(help="What must survive.", metavar="FOLDER", show_default=str(DEFAULT_STATE_DIR))
]
Host = Annotated[str | None, typer.Option(help="Where the gateway listens.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Its port; 0 = any free one.", min=0, max=65535)]
PublicUrl = Annotated[str | None, typer.Option(help="What others reach it by.", metavar="URL")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")]
Store = Annotated[Path | None, typer.Option(help="Look for checkpoints in these blocks first.", metavar="FOLDER")]
Gateways = Annotated[
    list[str] | None, typer.Option(help="Also ask this gateway for checkpoints, repeatable.", metavar="URL")
]
Cheat = Annotated[str | None, typer.Option(help="Misbehave on purpose, to test others.")]
AccompliceDir = Annotated[Path | None, typer.Option(help="Where colluders leave their digests.", metavar="FOLDER")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: swarmproof worker --key-file worker.key --state-dir worker-data")(
        with_invocation(worker)
    )
    app.command(epilog="Example: swarmproof verifier --key-file verifier.key --state-dir verifier-data")(
        with_invocation(verifier)
    )


def worker(
    invocation: Invocation,
    *,
    state_dir: StateDir = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    data_dir: DataDir = None,
    store: Store = None,
    gateway: Gateways = None,
    appeals: Annotated[
        bool | None, typer.Option("--appeals/--no-appeals", help="Appeal when the own output is not accepted.")
    ] = None,
    cheat: Cheat = None,
    accomplice_dir: AccompliceDir = None,
) -> None:
    """Answer the jobs that name this account: generate, commit, show, appeal; until interrupted."""
    flags = {
        "state_dir": state_dir,
        "host": host,
        "port": port,
        "public_url": public_url,
        "data_dir": data_dir,
        "store": store,
        "gateways": gateway,
        "appeals": appeals,
        "cheat": cheat,
        "accomplice_dir": accomplice_dir,
    }
    asyncio.run(_party(invocation, "worker", flags))


def verifier(
    invocation: Invocation,
    *,
    state_dir: StateDir = None,
    host: Host = None,
    port: Port = None,
    public_url: PublicUrl = None,
    data_dir: DataDir = None,
    store: Store = None,
    gateway: Gateways = None,
    seats: Annotated[int | None, typer.Option(help="Seats to hold; missing ones are staked.", min=1)] = None,
    cheat: Cheat = None,
    accomplice_dir: AccompliceDir = None,
) -> None:
    """Hold seats, and regenerate blind whenever a committee is drawn with this account; until interrupted."""
    flags = {
        "state_dir": state_dir,
        "host": host,
        "port": port,
        "public_url": public_url,
        "data_dir": data_dir,
        "store": store,
        "gateways": gateway,
        "seats": seats,
        "cheat": cheat,
        "accomplice_dir": accomplice_dir,
    }
    asyncio.run(_party(invocation, "verifier", flags))


async def _party(invocation: Invocation, role: str, flags: dict[str, Any]) -> None:
    from contracts.deploy import Deployment
    from frontend_api.settings import validated
    from node.logs import configure_logs
    from verifier.court.__main__ import run_until_signal
    from verifier.court.config import CourtSettings

    settings = invocation.settings
    require_key_file(settings)
    deployment = Deployment.load(settings.deployment)
    options = {
        "state_dir": DEFAULT_STATE_DIR,
        **settings.court,
        **{name: value for name, value in flags.items() if value is not None},
        "role": role,
        "rpc_url": settings.rpc_url,
        "chain_id": deployment.chain_id,
        "factory": deployment.factory,
        "court": deployment.court,
        "verifier_registry": deployment.verifier_registry,
        "from_block": deployment.block_number,
        "key_file": settings.key_file,
        "password_file": settings.password_file,
    }
    court_settings = validated(CourtSettings, options)
    configure_logs()
    await run_until_signal(court_settings)

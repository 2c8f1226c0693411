"""`swarmproof watch`: look at every accepted result, and bring down what is false."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, require_key_file, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof watch --key-file watcher.key")(with_invocation(watch))


def watch(
    invocation: Invocation,
    *,
    once: Annotated[bool, typer.Option("--once", help="End when all that can be voided was looked at.")] = False,
) -> None:
    """Compute accepted results again; prove false ones on the chain, which voids them and slashes who signed."""
    asyncio.run(_watch(invocation, once=once))


async def _watch(invocation: Invocation, *, once: bool) -> None:
    from contracts.chain import Chain
    from contracts.deploy import Deployment
    from frontend_api.chain_session import find_project
    from frontend_api.settings import validated
    from node.__main__ import until_signal
    from node.logs import configure_logs
    from verifier.watch.config import WatchSettings
    from verifier.watch.service import run_watcher

    settings, output = invocation.settings, invocation.output
    require_key_file(settings)
    deployment = Deployment.load(settings.deployment)
    async with await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id) as chain:
        await deployment.check(chain, settings.deployment)
        project = await find_project(chain, deployment, settings.project)
    options = {
        "rpc_url": settings.rpc_url,
        "chain_id": deployment.chain_id,
        "factory": deployment.factory,
        "project": project,
        "from_block": deployment.block_number,
        "key_file": settings.key_file,
        "password_file": settings.password_file,
        "once": once,
    }

    async def run() -> None:
        verdicts = await run_watcher(validated(WatchSettings, options))
        columns = ("round", "result", "fraud", "voided", "missing")
        rows = [
            (
                item.round,
                "0x" + item.result_hash.hex(),
                None if item.fraud is None else item.fraud.name.lower(),
                item.voided,
                list(item.missing),
            )
            for item in verdicts
        ]
        if output.as_json:
            output.document([dict(zip(columns, row, strict=True)) for row in rows])
        else:
            shown = [(*row[:2], row[2] or "-", row[3], "; ".join(row[4])) for row in rows]
            output.table("Results", ("Round", "Result", "Fraud", "Voided", "Missing"), shown)

    configure_logs()
    await until_signal(run())

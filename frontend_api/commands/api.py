"""`swarmproof api`: the REST API."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof api --port 8000 --deployment swarmproof-deployment.json")(
        with_invocation(api)
    )


def api(
    invocation: Invocation,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 = any free one.", min=0, max=65535, show_default="8000")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="SQLAlchemy address of the index.", show_default="swarmproof-index.db")
    ] = None,
) -> None:
    """Follow the chain into an index and serve it as a read-only REST API until interrupted."""
    asyncio.run(_serve(invocation, host=host, port=port, database_url=database_url))


async def _serve(invocation: Invocation, *, host: str | None, port: int | None, database_url: str | None) -> None:
    from frontend_api.app import create_app
    from frontend_api.opening import open_index
    from frontend_api.serving import listen, serve, url_of
    from node.logs import configure_logs

    configure_logs()
    settings, output = invocation.settings, invocation.output
    listener = listen(host or settings.api.host, settings.api.port if port is None else port)
    with listener:
        async with open_index(settings, database_url or settings.api.database_url) as index:

            def ready() -> None:
                output.say(f"REST API on {url_of(listener)}/api/v1/status")
                if output.as_json:
                    output.document({"api_url": url_of(listener)})

            await serve(create_app(index), listener, ready)

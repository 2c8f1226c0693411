"""`swarmproof audit`: replay what the chain accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof audit --round 3; swarmproof audit --offline project.car")(
        with_invocation(audit)
    )


def audit(
    invocation: Invocation,
    *,
    round_number: Annotated[int | None, typer.Option("--round", help="Only this round.", min=1)] = None,
    offline: Annotated[
        Path | None, typer.Option(help="Read an archive instead of chain and peers.", metavar="CAR|FOLDER")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="Fetch from here, repeatable; without it from all peers.", metavar="URL")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Also write an archive.", metavar="CAR|FOLDER")] = None,
) -> None:
    """Replay rounds bit by bit: accept, or the first divergence with its evidence (exit code 3)."""
    from frontend_api.project_source import audit_settings
    from verifier.audit import run_audit

    settings, output = invocation.settings, invocation.output
    verdict = run_audit(audit_settings(settings, gateway, round=round_number, offline=offline, export=export))
    if output.as_json:
        output.document(verdict.to_json())
    else:
        output.facts({"audit": verdict, **getattr(verdict, "evidence", {})})
    raise typer.Exit(verdict.exit_code)

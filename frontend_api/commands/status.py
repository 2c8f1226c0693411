"""`swarmproof status`: how it all stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from frontend_api.command_line import Invocation, with_invocation
from frontend_api.output import tokens

if TYPE_CHECKING:
    from frontend_api.schemas import CourtStatus


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof status --api-url http://127.0.0.1:8000")(with_invocation(status))


def status(invocation: Invocation) -> None:
    """Chain, project, current round and newest checkpoint."""
    asyncio.run(_status(invocation))


async def _status(invocation: Invocation) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.status()
    if output.as_json:
        output.document(found)
        return
    facts: dict[str, object] = {"chain": found.chain_id, "block": found.head.block, "seats": found.seats}
    facts |= _court(found.court)
    if found.project is None:
        output.facts({**facts, "project": "none yet: swarmproof project create"})
        return
    project = found.project
    facts |= {
        "project": project.address,
        "task": project.task,
        "rule": project.rule,
        "state": project.status,
        "rounds": f"{project.finalized_rounds} finalized of {project.configuration['rounds']}",
        "earned": f"{tokens(project.earned_wei)} tokens, {tokens(project.claimed_wei)} claimed",
    }
    if found.round is not None:
        ends = f", ends in {found.round.ends_at - found.chain_time} s" if found.round.ends_at else ""
        facts["round"] = (
            f"{found.round.number}: {found.round.phase}{ends}; "
            f"{found.round.committed} committed, {found.round.revealed} revealed of {found.round.seats}"
        )
    if found.checkpoint is not None:
        accuracy = found.checkpoint.accuracy
        facts["checkpoint"] = found.checkpoint.cid or found.checkpoint.digest
        facts["accuracy"] = None if accuracy is None else f"{accuracy:.4f}"
    output.facts(facts)
    for missing in found.index.missing_records:
        output.say(f"round {missing.round}: {missing.cause}")


def _court(court: CourtStatus) -> dict[str, object]:
    facts: dict[str, object] = {"verifier seats": court.verifier_seats}
    counts = court.jobs.model_dump()
    if any(counts.values()):
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        facts["jobs"] = f"{sum(counts.values())}: {told}; {court.closed} closed"
    return facts

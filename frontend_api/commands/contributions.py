"""`swarmproof contributions`: who contributed what."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, with_invocation
from frontend_api.output import tokens


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof contributions --round 3")(with_invocation(contributions))


def contributions(
    invocation: Invocation,
    *,
    round_number: Annotated[int | None, typer.Option("--round", help="Only this round.", min=1)] = None,
    owner: Annotated[str | None, typer.Option(help="Only this account.", metavar="ADDRESS")] = None,
    reason: Annotated[str | None, typer.Option(help="Only zeros for this reason, such as filtered.")] = None,
    sort: Annotated[str, typer.Option(help="Column; - in front descends.")] = "-round",
    limit: Annotated[int, typer.Option(help="Rows at most.", min=1, max=200)] = 50,
) -> None:
    """Weight, score and reward of every seat, and the reason for every zero; newest round first."""
    filters = {"round": round_number, "owner": owner, "reason": reason, "sort": sort, "limit": limit}
    asyncio.run(_contributions(invocation, {name: str(value) for name, value in filters.items() if value is not None}))


async def _contributions(invocation: Invocation, filters: dict[str, str]) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.contributions(filters)
    if output.as_json:
        output.document(found)
        return
    columns = ("Round", "Seat", "Owner", "Weight", "Score", "Reward", "Reason")
    rows = [
        (
            item.round,
            item.seat,
            item.owner,
            item.weight,
            item.score,
            None if item.reward_wei is None else tokens(item.reward_wei),
            item.reason,
        )
        for item in found.items
    ]
    output.table("Contributions", columns, rows)
    if found.next_url is not None:
        output.say(f"there are more than {len(found.items)}: narrow them with --round or --owner")

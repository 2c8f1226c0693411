"""`swarmproof rewards`: what an account earned."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, address_argument, with_invocation
from frontend_api.output import tokens


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof rewards 0x70997970C51812dc3A010C7d01b50e0d17dc79C8")(
        with_invocation(rewards)
    )


def rewards(
    invocation: Invocation,
    address: Annotated[str, typer.Argument(help="An account.", callback=address_argument)],
) -> None:
    """Earned, final, claimed and claimable, with the proof for the claim."""
    asyncio.run(_rewards(invocation, address))


async def _rewards(invocation: Invocation, address: str) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.reward(address)
    if output.as_json:
        output.document(found)
        return
    unknown = f"unknown: no peer showed the record of round {found.final_round}"
    output.facts(
        {
            "account": found.address,
            "project": found.project,
            "earned": f"{tokens(found.earned_wei)} tokens up to round {found.earned_round or 0}",
            "final": unknown if found.final_wei is None else f"{tokens(found.final_wei)} tokens",
            "claimed": f"{tokens(found.claimed_wei)} tokens",
            "claimable": unknown if found.claimable_wei is None else f"{tokens(found.claimable_wei)} tokens",
        }
    )

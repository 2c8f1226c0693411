"""`swarmproof why`: a reward, or its absence, explained."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, address_argument, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof why 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 3")(with_invocation(why))


def why(
    invocation: Invocation,
    address: Annotated[str, typer.Argument(help="An account.", callback=address_argument)],
    round_number: Annotated[int, typer.Argument(help="A round.", min=1, metavar="ROUND")],
) -> None:
    """Why an account earned what it earned in a round, or nothing, with the evidence."""
    asyncio.run(_why(invocation, address, round_number))


async def _why(invocation: Invocation, address: str, round_number: int) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.contribution(round_number, address)
    if output.as_json:
        output.document(found)
        return
    for seat in found.seats:
        evidence = seat.evidence
        places = {
            "committed": evidence.committed,
            "revealed": evidence.revealed,
            "accepted": evidence.accepted,
            "finalized": evidence.finalized,
        }
        facts: dict[str, object] = {
            f"round {found.round}, seat {seat.seat}": seat.explanation,
            "weight": None if seat.weight is None else f"{seat.weight}/65536",
            "score": seat.score,
            "message": seat.message_cid or seat.message_digest,
        }
        facts |= {name: f"transaction {place.transaction}" for name, place in places.items() if place is not None}
        if evidence.result is not None:
            facts["weight root"] = evidence.result.weight_root
        output.facts(facts)

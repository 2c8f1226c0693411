"""`swarmproof unstake`: get the stake of seats back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend_api.command_line import Invocation, with_invocation
from frontend_api.output import Output, tokens

if TYPE_CHECKING:
    from contracts.client import Registry
    from frontend_api.exits import SeatsOfRegistry, Step


def seat_numbers(text: str | None) -> str | None:
    """Numbers of seats as typed, "3,5". Raises typer.BadParameter."""
    if text is not None and not all(part.isascii() and part.isdecimal() for part in text.split(",")):
        raise typer.BadParameter(f"{text!r}: expected numbers of seats, such as 3,5")
    return text


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof unstake --seats 3,5 --key-file peer.key")(with_invocation(unstake))


def unstake(
    invocation: Invocation,
    *,
    seats: Annotated[
        str | None,
        typer.Option(help="Only these.", metavar="N,N,...", callback=seat_numbers, show_default="all of the account's"),
    ] = None,
    court: Annotated[bool, typer.Option("--court", help="A verifier's seats in the court, not a project's.")] = False,
) -> None:
    """Begin the exit of own seats; once their stake has thawed, run it again: it pays back what is left."""
    asyncio.run(_unstake(invocation, None if seats is None else [*map(int, seats.split(","))], court=court))


async def _unstake(invocation: Invocation, named: Sequence[int] | None, *, court: bool) -> None:
    from contracts.client import Registry
    from frontend_api.chain_session import open_session
    from frontend_api.exits import SeatsOfRegistry

    settings = invocation.settings
    async with open_session(settings) as session:
        project = None if court else await session.project(settings.project)
        address = session.deployment.verifier_registry if project is None else await session.registry_of(project)
        registry, head = Registry(session.chain, address), await session.chain.head()
        terms = SeatsOfRegistry(await registry.epoch_seconds(), await registry.thaw_seconds())
        found = terms.after(await session.chain.logs([address], session.deployment.block_number, head.number))
        steps = found.steps(found.staked_by(session.account, named), head.timestamp)
        with invocation.output.working("sending transactions"):
            found, paid_wei = await _take(registry, steps, found)
    document = {
        "account": session.account,
        "project": project,
        "registry": address,
        "chain_time": head.timestamp,
        "epoch": found.epoch_at(head.timestamp),
        "seats": [_row(found, seat, step) for seat, step in steps.items()],
        "paid_wei": str(paid_wei),
    }
    if invocation.output.as_json:
        invocation.output.document(document)
    else:
        _show(invocation.output, document)


async def _take(registry: Registry, steps: dict[int, Step], found: SeatsOfRegistry) -> tuple[SeatsOfRegistry, int]:
    """Do what is due; the seats after it, and what was paid back in wei."""
    from contracts.events import SeatsUnstaked
    from frontend_api.exits import Step

    paid_wei = 0
    for numbers in _parts([seat for seat, step in steps.items() if step is Step.BEGIN]):
        found = found.after((await registry.begin_unstake(numbers)).events)
    for numbers in _parts([seat for seat, step in steps.items() if step is Step.PAY]):
        paid_wei += (await registry.unstake(numbers)).event(SeatsUnstaked).amount
    return found, paid_wei


def _parts(seats: list[int]) -> list[list[int]]:
    from contracts.client import SEATS_A_TRANSACTION

    return [seats[start : start + SEATS_A_TRANSACTION] for start in range(0, len(seats), SEATS_A_TRANSACTION)]


def _row(found: SeatsOfRegistry, number: int, step: Step) -> dict[str, Any]:
    seat = found.seats[number]
    thaw_end = found.thaw_end(seat)
    return {
        "seat": number,
        "did": str(step),
        "inactive_epoch": seat.inactive_epoch,
        "thaw_end": thaw_end,
        "thaw_epoch": None if thaw_end is None else found.epoch_at(thaw_end),
        "slashed_wei": str(found.slashed_wei.get(number, 0)),
    }


def _show(output: Output, document: dict[str, Any]) -> None:
    rows = document["seats"]
    shown = [[*(row | {"slashed_wei": tokens(int(row["slashed_wei"]))}).values()] for row in rows]
    output.table("Seats", ("Seat", "Did", "Inactive epoch", "Thaw end", "Thaw epoch", "Slashed"), shown)
    begun = [row for row in rows if row["did"] == "begun"]
    if begun:
        thawed = f"chain time {begun[-1]['thaw_end']} (epoch {begun[-1]['thaw_epoch']})"
        now = f"{document['chain_time']} (epoch {document['epoch']})"
        output.say(f"the stake thaws at {thawed}, now it is {now}: run this again then to be paid back")
    if any(row["did"] == "paid" for row in rows):
        output.say(f"{tokens(int(document['paid_wei']))} tokens were paid back")

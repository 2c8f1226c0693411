"""`swarmproof withdraw`: take earnings and deposits out of the court, or a reporter's reward out of a project."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, wei, with_invocation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof withdraw --key-file verifier.key")(with_invocation(withdraw))


def withdraw(
    invocation: Invocation,
    *,
    amount: Annotated[
        str | None, typer.Option(help="How much.", metavar="TOKENS", show_default="all that is free")
    ] = None,
    reward: Annotated[
        bool, typer.Option("--reward", help="Instead, all that proving fraud in a project has earned.")
    ] = False,
) -> None:
    """Take tokens out of the court: fees earned, deposits, bonds that were returned."""
    if not reward:
        asyncio.run(_withdraw(invocation, None if amount is None else wei(amount)))
    elif amount is None:
        asyncio.run(_withdraw_reward(invocation))
    else:
        raise typer.BadParameter("a reward is paid out whole: leave out --amount")


async def _withdraw(invocation: Invocation, amount_wei: int | None) -> None:
    from contracts.court import Court
    from frontend_api.chain_session import open_session

    output = invocation.output
    async with open_session(invocation.settings) as session:
        court = Court(session.chain, session.deployment.court)
        held = await court.balance_of(session.account)
        wanted = held if amount_wei is None else amount_wei
        if wanted > 0:
            await court.withdraw(wanted)
    document = {"account": session.account, "withdrawn_wei": str(wanted), "left_wei": str(held - wanted)}
    output.document(document) if output.as_json else output.facts(document)


async def _withdraw_reward(invocation: Invocation) -> None:
    from contracts.client import Registry
    from contracts.events import RewardWithdrawn
    from frontend_api.chain_session import open_session

    output, amount_wei = invocation.output, 0
    async with open_session(invocation.settings) as session:
        project = await session.project(invocation.settings.project)
        registry = Registry(session.chain, await session.registry_of(project))
        if await registry.reward_of(session.account):
            amount_wei = (await registry.withdraw_reward()).event(RewardWithdrawn).reward
    if amount_wei == 0:
        output.say(f"{session.account} has no reward to withdraw")
    document = {"account": session.account, "project": project, "withdrawn_wei": str(amount_wei)}
    output.document(document) if output.as_json else output.facts(document)

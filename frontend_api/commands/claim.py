"""`swarmproof claim`: collect what was earned."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, cast

import typer

from frontend_api.command_line import Invocation, address_argument, with_invocation
from frontend_api.errors import RecordUnavailable, RewardNotFound
from frontend_api.output import tokens
from frontend_api.schemas import RewardAnswer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof claim --key-file peer.key")(with_invocation(claim))


def claim(
    invocation: Invocation,
    *,
    account: Annotated[
        str | None,
        typer.Option(
            help="Claim for this account; it is paid, not you.",
            metavar="ADDRESS",
            callback=address_argument,
            show_default="the key's",
        ),
    ] = None,
) -> None:
    """Build the proof and claim everything that is final, or say that there is nothing to claim."""
    asyncio.run(_claim(invocation, account))


async def _claim(invocation: Invocation, account: str | None) -> None:
    from contracts.client import Project
    from contracts.events import RewardClaimed
    from contracts.values import Address
    from frontend_api.asking import open_answers
    from frontend_api.chain_session import open_session

    settings, output = invocation.settings, invocation.output
    async with open_session(settings) as session:
        project = await session.project(settings.project)
        address = account or session.account
        found: RewardAnswer | None = None
        with output.working("reading the chain"), contextlib.suppress(RewardNotFound):
            async with open_answers(settings.model_copy(update={"project": project})) as answers:
                found = await answers.reward(address)
        document: dict[str, object] = {"account": address, "project": project, "claimed_wei": "0", "transaction": None}
        if found is not None and found.final_wei is None:
            raise RecordUnavailable(found.final_round or 0, "start a peer, or name an API with --api-url")
        status = await Project(session.chain, project).status()
        if found is not None and (found.final_round or 0) != status.last_finalized:
            raise RecordUnavailable(
                status.last_finalized, f"what was asked knows rounds up to {found.final_round or 0}, ask again"
            )
        if found is None or found.claim is None:
            output.say(f"nothing to claim for {address}{_not_final_yet(found)}")
        else:
            proof = [bytes.fromhex(sibling.removeprefix("0x")) for sibling in found.claim.proof]
            receipt = await Project(session.chain, project).claim(
                cast(Address, address), found.claim.cumulative_wei, proof
            )
            amount_wei = receipt.event(RewardClaimed).amount
            document |= {"claimed_wei": str(amount_wei), "transaction": "0x" + receipt.transaction_hash.hex()}
            output.say(f"claimed {tokens(amount_wei)} tokens for {address}")
    if output.as_json:
        output.document(document)


def _not_final_yet(found: RewardAnswer | None) -> str:
    if found is None or found.final_wei is None or found.earned_wei <= found.final_wei:
        return ""
    return f"; {tokens(found.earned_wei - found.final_wei)} tokens are earned but not final yet"

"""`swarmproof deploy`: the contracts onto any chain."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from frontend_api.command_line import Invocation, require_key_file, wei, with_invocation
from frontend_api.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof deploy --rpc-url http://127.0.0.1:8545 --key-file owner.key")(
        with_invocation(deploy)
    )


def deploy(
    invocation: Invocation,
    *,
    verifier_stake: Annotated[str, typer.Option(help="Stake of a verifier's seat.", metavar="TOKENS")] = "1000",
    verifier_epoch_seconds: Annotated[
        int, typer.Option(help="Changes of verifiers' stake act from the next epoch.", min=1)
    ] = 60,
    verifier_thaw_seconds: Annotated[
        int, typer.Option(help="How long their stake stays locked; longer than any job.", min=1)
    ] = 86400,
    no_show_penalty: Annotated[
        str | None, typer.Option(help="What absence costs it.", metavar="TOKENS", show_default="stake / 20")
    ] = None,
    strike_penalty: Annotated[
        str | None, typer.Option(help="What three strikes cost it.", metavar="TOKENS", show_default="stake / 10")
    ] = None,
    class_delay_seconds: Annotated[
        int, typer.Option(help="From the registration of a class to its first job.", min=0)
    ] = 0,
    insurance: Annotated[
        str | None,
        typer.Option(help="Where pools go that nobody could be paid from.", metavar="ADDRESS", show_default="burned"),
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Stake this ERC-20 token; without it a new one is made.", metavar="ADDRESS")
    ] = None,
    grant: Annotated[
        list[str] | None, typer.Option(help="Send tokens to an account, repeatable.", metavar="ADDRESS=TOKENS")
    ] = None,
) -> None:
    """Deploy token, disputes, attendance, factory and court; write the deployment record, print addresses and gas."""
    amounts = {
        "seat_stake_wei": verifier_stake,
        "no_show_penalty_wei": no_show_penalty,
        "strike_penalty_wei": strike_penalty,
    }
    court = {name: wei(text) for name, text in amounts.items() if text is not None}
    court |= {
        "epoch_seconds": verifier_epoch_seconds,
        "thaw_seconds": verifier_thaw_seconds,
        "class_delay_seconds": class_delay_seconds,
    }
    grants = [_grant(text) for text in grant or []]
    asyncio.run(_deploy(invocation, court, insurance, token, grants))


async def _deploy(
    invocation: Invocation,
    court: dict[str, int],
    insurance: str | None,
    token: str | None,
    grants: list[tuple[str, int]],
) -> None:
    from dataclasses import asdict

    from eth_utils.address import is_address, to_checksum_address

    from contracts.chain import Chain
    from contracts.client import Token
    from contracts.deploy import BURNING, CourtParameters, deploy_system
    from contracts.keys import load_key

    settings, output = invocation.settings, invocation.output
    for address in [*(address for address, _ in grants), *filter(None, (token, insurance))]:
        if not is_address(address):
            raise SettingsError(f"{address!r} is not an address")
    if settings.deployment.exists():
        raise SettingsError(f"{settings.deployment} exists: name another record with --deployment, or remove it")
    account = load_key(require_key_file(settings), password_path=settings.password_file)
    async with await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account) as chain:
        with output.working("deploying"):
            deployment = await deploy_system(
                chain,
                insurance=to_checksum_address(insurance) if insurance else BURNING,
                court=CourtParameters(**court),
                token=to_checksum_address(token) if token else None,
            )
        deployment.save(settings.deployment)
        output.say(f"deployment record written to {settings.deployment}")
        for address, amount_wei in grants:
            await Token(chain, deployment.token).transfer(to_checksum_address(address), amount_wei)
    document = asdict(deployment)
    if output.as_json:
        output.document(document)
    else:
        output.facts(document)


def _grant(text: str) -> tuple[str, int]:
    address, separator, amount = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"--grant {text!r}: expected ADDRESS=TOKENS")
    return address, wei(amount)

"""`swarmproof project`: the owner's side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from eth_utils.address import is_address

from frontend_api.command_line import Invocation, wei, with_invocation
from frontend_api.output import tokens


def register(app: typer.Typer) -> None:
    """Add the commands."""
    project = typer.Typer(name="project", help="Create, fund, close, pause and show a project.", no_args_is_help=True)
    project.command(epilog="Example: swarmproof project create --task digits --rounds 20 --key-file owner.key")(
        with_invocation(create)
    )
    project.command(epilog="Example: swarmproof project fund 500 --key-file owner.key")(with_invocation(fund))
    project.command(epilog="Example: swarmproof project close --key-file owner.key")(with_invocation(close))
    project.command(epilog="Example: swarmproof project pause 86400 --key-file guardian.key")(with_invocation(pause))
    project.command(epilog="Example: swarmproof project unpause --key-file guardian.key")(with_invocation(unpause))
    project.command(epilog="Example: swarmproof project show --json")(with_invocation(show))
    app.add_typer(project)


def create(
    invocation: Invocation,
    *,
    task: Annotated[str, typer.Option(help="What is trained: digits, mnist, flow, text, or one of your own.")],
    rounds: Annotated[int, typer.Option(help="Accepted rounds that complete it.", min=1)] = 20,
    pool: Annotated[str, typer.Option(help="What a round pays at most.", metavar="TOKENS")] = "100",
    budget: Annotated[
        str | None, typer.Option(help="Pay in this much.", metavar="TOKENS", show_default="rounds x pool")
    ] = None,
    minimum_seats: Annotated[
        int | None, typer.Option(help="A round opens only with this many seats.", min=1, show_default="one a shard")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    rule: Annotated[str | None, typer.Option(help="Robust rule.", show_default="the task's")] = None,
    byzantine: Annotated[
        int | None, typer.Option(help="Most dishonest seats to withstand.", min=0, show_default="the task's")
    ] = None,
    shards: Annotated[
        int | None, typer.Option(help="Parts the data is cut into.", min=1, show_default="the task's")
    ] = None,
    split: Annotated[str | None, typer.Option(help="iid or dirichlet(...).", show_default="the task's")] = None,
    checked_seats: Annotated[
        int | None, typer.Option(help="Seats whose training is checked a round.", min=0, show_default="the task's")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the data split and of training.", min=0)] = 0,
    commit_seconds: Annotated[int, typer.Option(help="Time to train and commit.", min=1)] = 600,
    reveal_seconds: Annotated[int, typer.Option(help="Time to reveal.", min=1)] = 120,
    availability_seconds: Annotated[
        int, typer.Option(help="Time to fetch updates, and to vote on the chain for one that is left out.", min=0)
    ] = 60,
    attest_commit_seconds: Annotated[
        int, typer.Option(help="Time to commit to a result unseen; 0: attesters do not.", min=0)
    ] = 0,
    attest_seconds: Annotated[int, typer.Option(help="Time to agree on a result.", min=1)] = 300,
    challenge_seconds: Annotated[int, typer.Option(help="Time between acceptance and finality.", min=1)] = 600,
    trainers: Annotated[int, typer.Option(help="Seats drawn to train in a round; 0: all.", min=0)] = 0,
    attesters: Annotated[int, typer.Option(help="Seats drawn to attest a round; 0: all.", min=0)] = 0,
    seat_stake: Annotated[str, typer.Option(help="Stake of one seat.", metavar="TOKENS")] = "1000",
    epoch_seconds: Annotated[int, typer.Option(help="Stake changes act from the next epoch.", min=1)] = 60,
    thaw_seconds: Annotated[
        int,
        typer.Option(help="How long stake stays locked after leaving; longer than a round and its challenge.", min=1),
    ] = 86400,
    silence_bond: Annotated[
        int, typer.Option(help="What not revealing costs, in 1/10,000 of a seat's stake.", min=0, max=1000)
    ] = 100,
    guardian: Annotated[
        str | None, typer.Option(help="May pause new stakes and rounds.", metavar="ADDRESS", show_default="nobody")
    ] = None,
) -> None:
    """Create a project with a registry of its own and pay its budget in. Commit and reveal end early."""
    manifest = {
        "rule": rule,
        "byzantine": byzantine,
        "shard_count": shards,
        "split": split,
        "seed": seed,
    }
    windows = {
        "commit_seconds": commit_seconds,
        "reveal_seconds": reveal_seconds,
        "availability_seconds": availability_seconds,
        "attest_commit_seconds": attest_commit_seconds,
        "attest_seconds": attest_seconds,
        "challenge_seconds": challenge_seconds,
    }
    drawn = {"trainers_per_round": trainers, "attesters_per_round": attesters, "silence_bond_bps": silence_bond}
    numbers = {"round_pool": wei(pool), "rounds": rounds, **windows, **drawn}
    seats = (wei(seat_stake), epoch_seconds, thaw_seconds)
    if guardian is not None and not is_address(guardian):
        raise typer.BadParameter(f"--guardian {guardian!r} is not an address")
    budget_wei = wei(pool) * rounds if budget is None else wei(budget)
    overrides = {name: value for name, value in manifest.items() if value is not None}
    wanted = _Wanted(task, data_dir, overrides, minimum_seats, checked_seats, numbers, seats, guardian, budget_wei)
    asyncio.run(_create(invocation, wanted))


@dataclass(frozen=True)
class _Wanted:
    """What a project is to be like. `seats`: stake of one, length of an epoch, time to thaw."""

    task: str
    data_dir: Path | None
    overrides: dict[str, Any]
    minimum_seats: int | None
    checked_seats: int | None
    numbers: dict[str, int]
    seats: tuple[int, int, int]
    guardian: str | None
    budget_wei: int


async def _create(invocation: Invocation, wanted: _Wanted) -> None:
    from eth_utils.address import to_checksum_address

    from contracts.client import Factory
    from contracts.events import ProjectCreated
    from contracts.values import ZERO_ADDRESS, SeatTerms
    from frontend_api.chain_session import open_session
    from node.aggregation.rules import rule_of
    from node.projects import configuration_of
    from node.tasks.registry import load_task

    output, budget_wei = invocation.output, wanted.budget_wei
    task = load_task(wanted.task, data_dir=wanted.data_dir)
    manifest = task.default_manifest(**wanted.overrides).checking(wanted.checked_seats)
    seats = wanted.minimum_seats or manifest.shard_count
    # With fewer seats than the rule is good for, rounds would keep their state and pay nobody.
    rule_of(manifest).check_seats(seats)
    async with open_session(invocation.settings) as session:
        await session.require_tokens(budget_wei)
        configuration = configuration_of(
            manifest,
            token=session.deployment.token,
            owner=session.account,
            guardian=to_checksum_address(wanted.guardian) if wanted.guardian else ZERO_ADDRESS,
            minimum_seats=seats,
            **wanted.numbers,
        )
        factory = Factory(session.chain, session.deployment.factory)
        receipt = await factory.create_project(configuration, SeatTerms(*wanted.seats), manifest.to_bytes())
        created = receipt.event(ProjectCreated)
        address = created.project
        output.say(f"project {address} created; paying in {tokens(budget_wei)} tokens")
        gas = receipt.gas_used + (await _pay(session, address, budget_wei) if budget_wei else 0)
    document = {
        "project": address,
        "registry": created.registry,
        "task": wanted.task,
        "rule": manifest.rule,
        "parameter_count": manifest.layout.parameter_count,
        "manifest_digest": "0x" + manifest.digest.hex(),
        "genesis_digest": "0x" + configuration.genesis_digest.hex(),
        "rounds": configuration.rounds,
        "round_pool_wei": str(configuration.round_pool),
        "funded_wei": str(budget_wei),
        "gas": gas,
    }
    output.document(document) if output.as_json else output.facts(document)


def fund(
    invocation: Invocation,
    amount: Annotated[str, typer.Argument(help="How much.", metavar="TOKENS")],
) -> None:
    """Pay more into a project's budget; anybody may."""
    asyncio.run(_fund(invocation, wei(amount)))


async def _fund(invocation: Invocation, amount_wei: int) -> None:
    from frontend_api.chain_session import open_session

    output = invocation.output
    async with open_session(invocation.settings) as session:
        project = await session.project(invocation.settings.project)
        await session.require_tokens(amount_wei)
        gas = await _pay(session, project, amount_wei)
    document = {"project": project, "funded_wei": str(amount_wei), "gas": gas}
    output.document(document) if output.as_json else output.facts(document)


def close(invocation: Invocation) -> None:
    """Stop rounds that are not open yet; once closable, take back what was never allocated."""
    asyncio.run(_close(invocation))


async def _close(invocation: Invocation) -> None:
    from contracts.client import Project
    from contracts.events import CloseRequested, ProjectClosed
    from frontend_api.chain_session import open_session

    output = invocation.output
    async with open_session(invocation.settings) as session:
        address = await session.project(invocation.settings.project)
        project = Project(session.chain, address)
        status, now = await project.status(), (await session.chain.head()).timestamp
        document: dict[str, Any] = {"project": address}
        if status.closed:
            document |= {"state": "closed", "refund_wei": str(status.refunded)}
        elif status.complete or (status.closing and now >= status.closable_at):
            closed = (await project.close()).event(ProjectClosed)
            document |= {"state": "closed", "refund_wei": str(closed.refund)}
            if closed.insured:
                document["insured_wei"] = str(closed.insured)
        elif status.closing:
            document |= {"state": "closing", "closable_at": status.closable_at, "chain_time": now}
        else:
            closable_at = (await project.request_close()).event(CloseRequested).closable_at
            document |= {"state": "closing", "closable_at": closable_at, "chain_time": now}
    output.document(document) if output.as_json else output.facts(document)


def pause(
    invocation: Invocation,
    seconds: Annotated[int, typer.Argument(help="How long, seven days at most.", metavar="SECONDS", min=1)],
) -> None:
    """As guardian, stop new stakes and rounds for a while; exits, claims and rounds under way go on."""
    asyncio.run(_pause(invocation, seconds))


def unpause(invocation: Invocation) -> None:
    """As guardian, end a pause."""
    asyncio.run(_pause(invocation, None))


async def _pause(invocation: Invocation, seconds: int | None) -> None:
    from contracts.client import Registry
    from contracts.events import Paused
    from frontend_api.chain_session import open_session

    output = invocation.output
    async with open_session(invocation.settings) as session:
        project = await session.project(invocation.settings.project)
        registry = Registry(session.chain, await session.registry_of(project))
        receipt = await (registry.unpause() if seconds is None else registry.pause(seconds))
    document = {"project": project, "paused_until": receipt.event(Paused).paused_until, "gas": receipt.gas_used}
    output.document(document) if output.as_json else output.facts(document)


def show(invocation: Invocation) -> None:
    """What the project's contract says: configuration and money."""
    asyncio.run(_show(invocation))


async def _show(invocation: Invocation) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            project = (await answers.project()).project
    if output.as_json:
        output.document(project)
        return
    amounts = {name: tokens(getattr(project, f"{name}_wei")) for name in ("funded", "earned", "claimed")}
    facts = project.model_dump(exclude={"configuration", "created", "funded_wei", "earned_wei", "claimed_wei"})
    output.facts({**facts, **amounts, **project.configuration})


async def _pay(session: Any, project: Any, amount_wei: int) -> int:
    """Approve and pay into a project; returns the gas used."""
    from contracts.client import Project, Token

    approval = await Token(session.chain, session.deployment.token).approve(project, amount_wei)
    receipt = await Project(session.chain, project).fund(amount_wei)
    return approval.gas_used + receipt.gas_used

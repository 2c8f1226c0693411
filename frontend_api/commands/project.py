"""`swarmproof project`: the owner's side."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend_api.command_line import Invocation, wei, with_invocation
from frontend_api.output import tokens


def register(app: typer.Typer) -> None:
    """Add the commands."""
    project = typer.Typer(name="project", help="Create, fund, close and show a project.", no_args_is_help=True)
    project.command(epilog="Example: swarmproof project create --task digits --rounds 20 --key-file owner.key")(
        with_invocation(create)
    )
    project.command(epilog="Example: swarmproof project fund 500 --key-file owner.key")(with_invocation(fund))
    project.command(epilog="Example: swarmproof project close --key-file owner.key")(with_invocation(close))
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
    attest_seconds: Annotated[int, typer.Option(help="Time to agree on a result.", min=1)] = 300,
    challenge_seconds: Annotated[int, typer.Option(help="Time between acceptance and finality.", min=1)] = 600,
) -> None:
    """Create a project and pay its budget in. Windows end early when everybody has acted."""
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
        "attest_seconds": attest_seconds,
        "challenge_seconds": challenge_seconds,
    }
    numbers = {"round_pool": wei(pool), "rounds": rounds, **windows}
    budget_wei = wei(pool) * rounds if budget is None else wei(budget)
    overrides = {name: value for name, value in manifest.items() if value is not None}
    asyncio.run(_create(invocation, task, data_dir, overrides, minimum_seats, checked_seats, numbers, budget_wei))


async def _create(
    invocation: Invocation,
    task: str,
    data_dir: Path | None,
    overrides: dict[str, Any],
    minimum_seats: int | None,
    checked_seats: int | None,
    numbers: dict[str, int],
    budget_wei: int,
) -> None:
    from contracts.client import Factory
    from contracts.events import ProjectCreated
    from contracts.values import ProjectConfiguration
    from frontend_api.chain_session import open_session
    from node.aggregation.rules import rule_hash, rule_of
    from node.checkpoint import genesis
    from node.tasks.registry import load_task

    output = invocation.output
    manifest = load_task(task, data_dir=data_dir).default_manifest(**overrides).checking(checked_seats)
    rule_digest = rule_hash(manifest.rule)
    seats = minimum_seats or manifest.shard_count
    # With fewer seats than the rule is good for, rounds would keep their state and pay nobody.
    rule_of(manifest).check_seats(seats)
    async with open_session(invocation.settings) as session:
        await session.require_tokens(budget_wei)
        configuration = ProjectConfiguration(
            token=session.deployment.token,
            registry=session.deployment.registry,
            owner=session.account,
            manifest_digest=manifest.digest,
            genesis_digest=genesis(manifest).digest,
            rule_hash=rule_digest,
            minimum_seats=seats,
            close_thaw_seconds=sum(value for name, value in numbers.items() if name.endswith("_seconds")),
            **numbers,
        )
        factory = Factory(session.chain, session.deployment.factory)
        receipt = await factory.create_project(configuration, manifest.to_bytes())
        address = receipt.event(ProjectCreated).project
        output.say(f"project {address} created; paying in {tokens(budget_wei)} tokens")
        gas = receipt.gas_used + (await _pay(session, address, budget_wei) if budget_wei else 0)
    document = {
        "project": address,
        "task": task,
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
            refund = (await project.close()).event(ProjectClosed).refund
            document |= {"state": "closed", "refund_wei": str(refund)}
        elif status.closing:
            document |= {"state": "closing", "closable_at": status.closable_at, "chain_time": now}
        else:
            closable_at = (await project.request_close()).event(CloseRequested).closable_at
            document |= {"state": "closing", "closable_at": closable_at, "chain_time": now}
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

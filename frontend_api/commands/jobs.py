"""`swarmproof jobs`, `swarmproof job`, `swarmproof classes`: what the output court has to say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from frontend_api.command_line import Invocation, hash_argument, with_invocation
from frontend_api.output import tokens

if TYPE_CHECKING:
    from frontend_api.court_schemas import CommitteeRound, JobDetail, Vote

EXAMPLE = "0x" + "9f" * 32


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: swarmproof jobs --verdict reject")(with_invocation(jobs))
    app.command(epilog=f"Example: swarmproof job {EXAMPLE}")(with_invocation(job))
    app.command(epilog="Example: swarmproof classes")(with_invocation(classes))


def jobs(
    invocation: Invocation,
    *,
    verdict: Annotated[str | None, typer.Option(help="Only accept, reject, inconclusive or ringer.")] = None,
    phase: Annotated[str | None, typer.Option(help="Only jobs in this phase, such as appeal.")] = None,
    worker: Annotated[str | None, typer.Option(help="Only this worker's.", metavar="ADDRESS")] = None,
    requester: Annotated[str | None, typer.Option(help="Only this requester's.", metavar="ADDRESS")] = None,
    class_id: Annotated[str | None, typer.Option(help="Only of this class.", metavar="CLASS")] = None,
    sort: Annotated[str, typer.Option(help="Column; - in front descends.")] = "-number",
    limit: Annotated[int, typer.Option(help="Rows at most.", min=1, max=200)] = 50,
) -> None:
    """Jobs of the output court with phase and verdict, newest first."""
    filters = {"verdict": verdict, "phase": phase, "worker": worker, "requester": requester, "class_id": class_id}
    filters |= {"sort": sort, "limit": str(limit)}
    asyncio.run(_jobs(invocation, {name: value for name, value in filters.items() if value is not None}))


def job(
    invocation: Invocation,
    job: Annotated[str, typer.Argument(help="Id of a job.", metavar="JOB", callback=hash_argument)],
) -> None:
    """A job: what everybody committed to, how far apart their outputs are, the verdict, who was paid and struck."""
    asyncio.run(_job(invocation, job))


def classes(invocation: Invocation) -> None:
    """Determinism classes of the output court, in the order of registration."""
    asyncio.run(_classes(invocation))


async def _jobs(invocation: Invocation, filters: dict[str, str]) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.jobs(filters)
    if output.as_json:
        output.document(found)
        return
    columns = ("Number", "Job", "Task", "Prompt", "Worker", "Phase", "Committee", "Verdict")
    rows = [
        (
            item.number,
            item.job,
            item.task,
            None if item.prompt is None else _printable(item.prompt),
            item.worker,
            item.phase,
            item.committee_size,
            _verdict(item.verdict, item.reason),
        )
        for item in found.items
    ]
    output.table("Jobs", columns, rows)
    if found.next_url is not None:
        output.say(f"there are more than {len(found.items)}: narrow them with --verdict, --phase or --worker")


async def _job(invocation: Invocation, job: str) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.job(job)
    if output.as_json:
        output.document(found)
        return
    output.facts(_facts(found.job))
    votes = [_row(item, vote) for item in found.job.rounds for vote in (item.worker, *item.votes)]
    columns = ("Round", "Who", "Account", "State", "Distance", "Side", "Digest", "Output")
    output.table("Votes", columns, votes)
    if found.job.outcome is not None:
        output.table("Verifiers", ("Account", "What", "Tokens"), _consequences(found.job))


def _facts(job: JobDetail) -> dict[str, object]:
    facts: dict[str, object] = {
        "job": f"{job.number}: {job.job}",
        "class": f"{job.class_id} ({job.task or 'unknown task'})",
        "input": job.input if job.prompt is None else _printable(job.prompt),
        "requester": job.requester,
        "worker": f"{job.worker} for {tokens(job.worker_fee_wei)} tokens",
        "phase": job.phase,
        "verdict": _verdict(job.verdict, job.reason) or "none yet",
    }
    for item in job.rounds:
        called = f", called by {item.appellant} for {tokens(item.bond_wei)} tokens" if item.appellant else ""
        decided = _verdict(item.verdict, item.reason) or "not decided"
        facts[f"round {item.round}"] = f"{decided}; {item.committee_size} verifiers, {item.threshold} bits{called}"
    if job.outcome is not None:
        facts["outcome"] = (
            f"{tokens(job.outcome.worker_wei)} tokens to the worker, {tokens(job.outcome.requester_wei)} back to the "
            f"requester, {tokens(job.outcome.burned_wei)} burned"
        )
    return facts


def _row(item: CommitteeRound, vote: Vote) -> tuple[object, ...]:
    who = f"verifier {vote.index}" if vote.index else "worker"
    return item.round, who, vote.account, vote.state, vote.distance, vote.side, vote.digest, vote.output_cid


def _consequences(job: JobDetail) -> list[tuple[object, ...]]:
    paid = [(item.account, "paid", tokens(item.amount_wei)) for item in job.payments]
    causes = {True: "absent", False: "against the verdict"}
    struck = [(item.account, f"strike {item.strikes}: {causes[item.absent]}", None) for item in job.strikes]
    slashed = [(item.account, f"seat {item.seat} slashed", tokens(item.amount_wei)) for item in job.slashes]
    return [*paid, *struck, *slashed]


async def _classes(invocation: Invocation) -> None:
    from frontend_api.asking import open_answers

    output = invocation.output
    with output.working("reading the chain"):
        async with open_answers(invocation.settings) as answers:
            found = await answers.classes()
    if output.as_json:
        output.document(found)
        return
    columns = ("Number", "Class", "Task", "Hash", "Threshold", "Appeal threshold", "Worker fee", "Verifier fee")
    rows = [
        (
            item.number,
            item.class_id,
            item.task,
            item.hash,
            item.threshold,
            item.appeal_threshold,
            tokens(item.minimum_worker_fee_wei),
            tokens(item.verifier_fee_wei),
        )
        for item in found.items
    ]
    output.table("Classes", columns, rows)


def _verdict(verdict: str | None, reason: str | None) -> str | None:
    return f"{verdict} ({reason})" if reason else verdict


def _printable(text: str) -> str:
    """A stranger's text on one line, without anything that could steer a terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]

"""`swarmproof submit-job`: ask a worker for an output, and the court whether it is the right one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from frontend_api.command_line import (
    Invocation,
    address_argument,
    hash_argument,
    prompt_argument,
    wei,
    with_invocation,
)
from frontend_api.output import Output, require_writable, tokens, write_file

INCONCLUSIVE_EXIT_CODE = 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "submit-job",
        epilog="Example: swarmproof submit-job --class 0x5f… --worker 0x15d3… --prompt 7 --output seven.png",
    )(with_invocation(submit_job))


def submit_job(
    invocation: Invocation,
    *,
    class_id: Annotated[
        str | None, typer.Option("--class", help="Class of the output.", metavar="CLASS", callback=hash_argument)
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="What to generate from.", metavar="TEXT", callback=prompt_argument)
    ] = None,
    worker: Annotated[
        str | None, typer.Option(help="Who is to generate.", metavar="ADDRESS", callback=address_argument)
    ] = None,
    fee: Annotated[
        str | None, typer.Option(help="What the worker earns.", metavar="TOKENS", show_default="the class's least")
    ] = None,
    job: Annotated[
        str | None,
        typer.Option(help="See this job through, which was submitted before.", metavar="JOB", callback=hash_argument),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end of the job.")] = True,
    check: Annotated[bool, typer.Option("--check", help="Make it here too; appeal if another is accepted.")] = False,
    appeal: Annotated[bool, typer.Option("--appeal", help="Appeal when nothing was decided.")] = False,
    ringers: Annotated[
        Path | None, typer.Option(help="Make it a test of verifiers; its secret goes here.", metavar="FOLDER")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the output here.", metavar="FILE")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="Also ask this gateway for checkpoints, repeatable.", metavar="URL")
    ] = None,
) -> None:
    """Submit a job, wait for the verdict, fetch the output. Exit code 3: rejected; 4: undecided, or no output."""
    from frontend_api.errors import SettingsError
    from node.logs import configure_logs

    configure_logs(logging.WARNING)  # standard output is the answer's
    if job is None and (class_id is None or prompt is None or worker is None):
        raise SettingsError("a new job needs --class, --prompt and --worker; --job names one that was submitted before")
    asked = {"class_id": class_id, "prompt": prompt, "worker": worker, "fee": fee, "job": job}
    if output is not None:
        require_writable(output)
    ways = {"wait": wait, "check": check, "appeal": appeal, "data_dir": data_dir, "gateways": tuple(gateway or ())}
    ways["ringers"] = ringers
    raise typer.Exit(asyncio.run(_submit(invocation, asked, ways, output)))


async def _submit(invocation: Invocation, asked: dict[str, Any], ways: dict[str, Any], file: Path | None) -> int:
    from contracts.court_values import JobVerdict
    from frontend_api.court_session import open_court
    from verifier.court.requester import fetch_output, fetcher_of, see_through, submit_job
    from verifier.errors import OutputUnavailable

    shown = invocation.output
    async with open_court(invocation.settings, sends=True) as court:
        if asked["job"] is not None:
            job_id = court.job(bytes.fromhex(asked["job"][2:])).job_id
        else:
            class_ = court.output_class(bytes.fromhex(asked["class_id"][2:]))
            fee_wei = class_.terms.minimum_worker_fee if asked["fee"] is None else wei(asked["fee"])
            job_id = await submit_job(
                court.around,
                court.account,
                class_,
                worker=asked["worker"],
                fee_wei=fee_wei,
                job_input=asked["prompt"].encode(),
                ringers=ways["ringers"],
            )
            shown.say(f"job 0x{job_id.hex()} submitted")
        if not ways["wait"]:
            document: dict[str, Any] = {"job": "0x" + job_id.hex()}
            shown.document(document) if shown.as_json else shown.facts(document)
            return 0
        fetcher = fetcher_of(court.http, court.account)
        with shown.working("waiting for the verdict"):
            job = await see_through(
                court.around,
                court.account,
                job_id,
                checker=_checker(court, ways, fetcher) if ways["check"] else None,
                ringers=ways["ringers"],
                appeals=ways["appeal"] or ways["check"],
            )
        document, found = _document(job), None
        if job.verdict is JobVerdict.ACCEPT:
            try:
                found = await fetch_output(court.around, fetcher, job)
            except OutputUnavailable as error:
                _show(shown, {**document, "output": None, "cause": str(error)})
                raise
            document["output"] = {"cid": found.cid, "bytes": len(found.data), "holders": list(found.holders)}
    _show(shown, document)
    if found is not None and file is not None:
        await asyncio.to_thread(write_file, file, found.data)
    return {JobVerdict.ACCEPT: 0, JobVerdict.RINGER: 0}.get(
        job.verdict, 3 if job.verdict.rejects else INCONCLUSIVE_EXIT_CODE
    )


def _checker(court: Any, ways: dict[str, Any], fetcher: Any) -> Any:
    from verifier.court.requester import checker_of

    return checker_of(court.around, court.deployment, fetcher, data_dir=ways["data_dir"], gateways=ways["gateways"])


def _show(shown: Output, document: Mapping[str, Any]) -> None:
    if shown.as_json:
        shown.document(document)
        return
    facts = dict(document)
    amounts = {name: tokens(int(facts.pop(f"{name}_wei"))) for name in ("paid", "refund")}
    for name, value in (facts.pop("output", None) or {}).items():
        facts[f"output {name}"] = ", ".join(value) if isinstance(value, list) else value
    shown.facts({**facts, **amounts})


def _document(job: Any) -> dict[str, Any]:
    """What became of a job that has ended."""
    decisions = [round_.decision for round_ in job.rounds if round_.decision is not None]
    return {
        "job": "0x" + job.job_id.hex(),
        "class": "0x" + job.terms.class_id.hex(),
        "worker": job.terms.worker,
        "verdict": str(job.verdict) if job.rounds else "expired",
        "rounds": len(job.rounds),
        "distances": [list(decision.distances) for decision in decisions],
        "paid_wei": str(job.terms.worker_fee),
        "refund_wei": str(job.ending.requester_wei),
    }

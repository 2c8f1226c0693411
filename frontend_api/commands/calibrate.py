"""`swarmproof calibrate`: thresholds of a determinism class, with their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from contracts.attestation import checksum_address
from contracts.values import Address
from frontend_api.command_line import Invocation, with_invocation
from frontend_api.errors import SettingsError
from frontend_api.output import Output

if TYPE_CHECKING:
    from frontend_api.settings import Settings
    from verifier.calibration.plan import Plan, Source  # torch comes with it: only this command waits for that
    from verifier.calibration.reference import Reference

INTERRUPTED = 130  # what shells say of a process that ended by SIGINT
NO_PROJECT: Address = checksum_address(bytes(20))  # a class of no project: to look at, not to register


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof calibrate --task flow --reference reference/flow --output calibration")(
        with_invocation(calibrate)
    )


def calibrate(
    invocation: Invocation,
    *,
    output: Annotated[Path, typer.Option(help="Class file, report, plots and all digests.", metavar="FOLDER")],
    reference: Annotated[
        Path | None,
        typer.Option(help="Manifest and checkpoints.", metavar="FOLDER", show_default="the project on the chain"),
    ] = None,
    task: Annotated[str | None, typer.Option(help="What the model must be of: flow or text.")] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="Checkpoint of the class.", min=0, show_default="the newest")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="Fetch from here, repeatable; without it from all peers.", metavar="URL")
    ] = None,
    hash_name: Annotated[str, typer.Option("--hash", help="Hash of the class.")] = "periodic",
    compare: Annotated[list[str] | None, typer.Option(help="Measure this hash too, repeatable.")] = None,
    cheat: Annotated[list[str] | None, typer.Option(help="Cheat, repeatable; without it all.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Jobs done in all honest ways.", show_default="5992")] = None,
    cheat_jobs: Annotated[int | None, typer.Option(help="Jobs of each cheat.", show_default="2722")] = None,
    collision_jobs: Annotated[
        int | None, typer.Option(help="Jobs done with another seed too.", show_default="11219, or half of --jobs")
    ] = None,
    least_threshold: Annotated[int, typer.Option(help="Thresholds are not lower, in bits.", min=0, max=80)] = 0,
    smallest_batch: Annotated[int, typer.Option(help="Outputs at a time in the slowest way.", min=1, max=6)] = 1,
    prompts: Annotated[Path | None, typer.Option(help="Prompts, one a line.", metavar="FILE")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps or tokens.", min=1, show_default="the task's")] = None,
    seed: Annotated[int, typer.Option(help="Draws the jobs' seeds.", min=0)] = 0,
) -> None:
    """Choose a class's thresholds on honest outputs, bound its errors on others. Goes on where it was stopped."""
    from verifier.calibration.calibrated import claims
    from verifier.calibration.plan import (
        DEFAULT_CHEAT_JOBS,
        DEFAULT_COLLISION_JOBS,
        DEFAULT_JOBS,
        Plan,
        usual_cheats,
        usual_prompts,
    )
    from verifier.calibration.reference import read_reference
    from verifier.calibration.report import document
    from verifier.calibration.run import calibrate as run
    from verifier.cheats import load_cheat

    if reference is None:
        with invocation.output.working("reading the checkpoints"):
            found, project = asyncio.run(_read_project(invocation.settings, gateway, task, round_number))
    else:
        found, project = read_reference(reference, task=task, round_number=round_number), NO_PROJECT
    sampling = found.task.default_sampling
    plan = Plan(
        task=found.task.name,
        checkpoint_digest=found.newest.digest,
        sampling=sampling if steps is None else replace(sampling, steps=steps),
        hashes=tuple(dict.fromkeys((hash_name, *(compare or ())))),
        prompts=usual_prompts(found.task.name) if prompts is None else _lines(prompts),
        cheats=tuple(load_cheat(name).name for name in cheat) if cheat else usual_cheats(sampling.kind),
        jobs=DEFAULT_JOBS if jobs is None else jobs,
        cheat_jobs=DEFAULT_CHEAT_JOBS if cheat_jobs is None else cheat_jobs,
        collision_jobs=collision_jobs or (DEFAULT_COLLISION_JOBS if jobs is None else 0),
        least_threshold=least_threshold,
        smallest_batch=smallest_batch,
        seed=seed,
    )
    with _progress(invocation.output, plan) as done:
        try:
            calibrated, files = run(
                plan,
                found.task,
                found.load,
                found.history,
                manifest_digest=found.manifest.digest,
                project=project,
                folder=output,
                report=done,
            )
        except KeyboardInterrupt:
            invocation.output.say("stopped; what is made is kept, and the same command goes on from here")
            raise typer.Exit(INTERRUPTED) from None
    invocation.output.say(f"written: {', '.join(map(str, files))}")
    if invocation.output.as_json:
        invocation.output.document(document(calibrated))
        return
    columns = ["Rate", "Errors", "Of", "Upper bound", "To stay below", "Proven"]
    rows = [
        [it.sentence, it.trial.errors, it.trial.comparisons, f"{it.bound:.3g}", f"{it.below:.3g}", it.proven]
        for it in claims(calibrated)
    ]
    class_ = calibrated.class_
    title = f"{class_.task}, {class_.hash}: T = {class_.threshold}, appeals {class_.appeal_threshold}"
    invocation.output.table(title, columns, rows)


async def _read_project(
    settings: Settings, gateways: list[str] | None, task: str | None, round_number: int | None
) -> tuple[Reference, Address]:
    """The model of the project on the chain, and the project's address."""
    from frontend_api.project_source import audit_settings
    from verifier.audit import open_source
    from verifier.calibration.reference import read_project_reference

    async with open_source(audit_settings(settings, gateways)) as source:
        found = await read_project_reference(source, task=task, round_number=round_number)
        return found, source.chain().facts.project


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line for line in path.read_text(encoding="utf-8").splitlines() if line)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"prompts {path} cannot be read: {error}") from error


@contextmanager
def _progress(output: Output, plan: Plan) -> Iterator[Callable[[Source, int], None]]:
    """A bar on stderr that knows when it will be done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=output.messages, disable=not output.messages.is_terminal) as progress:
        bar = progress.add_task("outputs", total=sum(source.end - source.first for source in plan.sources()))

        def done(source: Source, count: int) -> None:
            progress.update(bar, advance=count, description=source.name)

        yield done

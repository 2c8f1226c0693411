"""`swarmproof lab`: rules against attacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from frontend_api.command_line import Invocation, with_invocation
from frontend_api.output import Output

if TYPE_CHECKING:
    from node.lab.experiment import AnyCell  # torch comes with it: only this command waits for that

RESULTS_FILE = "results.jsonl"
INTERRUPTED = 130  # what shells say of a process that ended by SIGINT


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof lab --preset quick --rule mean --attack none --attack sign-flip --seeds 2")(
        with_invocation(lab)
    )


def lab(
    invocation: Invocation,
    *,
    preset: Annotated[str, typer.Option(help="Grid to run; the options below replace parts of it.")] = "quick",
    rule: Annotated[list[str] | None, typer.Option(help="Robust rule, repeatable; {f}, {n}, {honest} count.")] = None,
    attack: Annotated[list[str] | None, typer.Option(help="Attack, or none, repeatable.")] = None,
    byzantine: Annotated[list[int] | None, typer.Option(help="How many attack, repeatable.", min=0)] = None,
    split: Annotated[list[str] | None, typer.Option(help="iid or dirichlet(...), repeatable.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds 0, 1, ...: so many.", min=1)] = None,
    compressed: Annotated[bool, typer.Option("--compressed", help="Sparse messages.")] = False,
    dense: Annotated[bool, typer.Option("--dense", help="Dense messages; with --compressed both.")] = False,
    task: Annotated[str | None, typer.Option(help="digits or mnist.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the task's files.", metavar="FOLDER")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds to train.", min=1)] = None,
    peers: Annotated[int | None, typer.Option(help="Peers, attackers among them.", min=1)] = None,
    examples: Annotated[int | None, typer.Option(help="Training examples in all.", min=1)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.", min=1, show_default="one a core")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep results here.", metavar="FOLDER")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Name rules, attacks and presets, and end.")] = False,
) -> None:
    """Train swarms in processes of its own, rules against attacks, and show who holds. Goes on where it was stopped."""
    from node.lab.axes import Chosen
    from node.lab.grid import run_grid
    from node.lab.presets import find_preset
    from node.lab.report import document, markdown, write_report

    output = invocation.output
    if show_list:
        return _show_list(output)
    chosen = Chosen(
        task=task,
        rules=tuple(rule or ()),
        attacks=tuple(attack or ()),
        bounds=tuple(byzantine or ()),
        splits=tuple(split or ()),
        seeds=seeds or 0,
        compressed=(True,) * compressed + (False,) * dense,
        rounds=rounds or 0,
        seats=peers or 0,
        examples=examples or 0,
    )
    experiment = find_preset(preset).experiment(chosen, data_dir)
    for sentence in experiment.left_out:
        output.say(f"left out: {sentence}")
    folder = out or Path("lab-results") / preset
    processes = workers or len(os.sched_getaffinity(0))
    with _progress(output, len(experiment.cells)) as done:
        try:
            outcome = run_grid(experiment, folder / RESULTS_FILE, data_dir=data_dir, workers=processes, report=done)
        except KeyboardInterrupt:
            output.say("stopped; what is done is kept, and the same command goes on from here")
            raise typer.Exit(INTERRUPTED) from None
    files = write_report(experiment, outcome, folder)
    output.say(
        f"{len(outcome.results)} cells, {outcome.reused} of them from before; written: {', '.join(map(str, files))}"
    )
    if outcome.outdated:
        output.say(f"{outcome.outdated} results are of another version of the code; a new --out computes all of them")
    if output.as_json:
        output.document(document(experiment, outcome))
    else:
        sys.stdout.write(markdown(experiment, outcome))
    if outcome.failed:
        output.say(f"{len(outcome.failed)} cells failed; the same command tries them again")
        raise typer.Exit(1)


@contextmanager
def _progress(output: Output, total: int) -> Iterator[Callable[[AnyCell, str | None], None]]:
    """A bar on stderr that knows when it will be done; failed cells are named at once."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=output.messages, disable=not output.messages.is_terminal) as progress:
        bar = progress.add_task("cells", total=total)

        def done(cell: AnyCell, error: str | None) -> None:
            progress.advance(bar)
            if error is not None:
                output.say(f"failed: {cell.title}: {error}")

        yield done


def _show_list(output: Output) -> None:
    from node.aggregation.rules import RULES, STAGES
    from node.attacks import ATTACKS
    from node.lab.presets import PRESETS

    names = {"rules": [*RULES], "stages": [*STAGES], "attacks": [*ATTACKS], "presets": [*PRESETS]}
    if output.as_json:
        output.document(names)
        return
    for kind, listed in names.items():
        output.table(kind, [kind[:-1]], [[name] for name in listed])

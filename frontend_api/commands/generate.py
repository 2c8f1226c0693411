"""`swarmproof generate`: an image or a text from a checkpoint of a project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend_api.command_line import Invocation, prompt_argument, with_invocation
from frontend_api.output import require_writable, write_file

if TYPE_CHECKING:
    from node.generation import Generation, Sampling
    from verifier.audit import AuditSettings
    from verifier.model_source import ProjectCheckpoint

Q16_ONE = 1 << 16


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: swarmproof generate --prompt 7 --seed 42 --output seven.png")(
        with_invocation(generate)
    )


def generate(
    invocation: Invocation,
    *,
    prompt: Annotated[str, typer.Option(help="A digit to draw, or a text to continue.", callback=prompt_argument)],
    file: Annotated[Path, typer.Option("--output", help="Write it here.", metavar="FILE")],
    seed: Annotated[str, typer.Option(help="Number, or 32 bytes in hexadecimal.")] = "0",
    checkpoint: Annotated[
        str | None, typer.Option(help="Identifier of a checkpoint.", metavar="CID", show_default="the newest")
    ] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="The checkpoint of this round; 0: before training.", min=0)
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="euler, greedy, gumbel or beam.", show_default="the task's")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Euler steps, or tokens to generate.", min=1, show_default="the task's")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="Of gumbel.", min=0, max=64, show_default="1")] = None,
    beams: Annotated[int | None, typer.Option(help="Of beam.", min=1, show_default="1")] = None,
    offline: Annotated[
        Path | None, typer.Option(help="Read an archive instead of chain and peers.", metavar="CAR|FOLDER")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="Fetch from here, repeatable; without it from all peers.", metavar="URL")
    ] = None,
) -> None:
    """Generate an output from a checkpoint; whoever does the same gets the same, up to rounding."""
    from frontend_api.project_source import audit_settings
    from node.storage.unixfs import root_of

    output = invocation.output
    require_writable(file)
    source = audit_settings(invocation.settings, gateway, offline=offline)
    seed_bytes = seed_argument(seed)
    asked = {
        "sampler": sampler,
        "steps": steps,
        "temperature_q16": None if temperature is None else round(temperature * Q16_ONE),
        "beams": beams,
    }
    with output.working("reading the checkpoint"):
        found = asyncio.run(_read(source, round_number, checkpoint))
    with output.working("generating"):
        generation, sampling = _generate(found, prompt, seed_bytes, asked)
    data = generation.to_bytes()
    write_file(file, data)
    checkpoint_cid, digests = str(root_of(found.checkpoint.to_bytes())), _digests(generation, seed_bytes)
    facts = {
        "output": str(file),
        "cid": str(root_of(data)),
        "media_type": generation.media_type,
        "task": found.manifest.task,
        "prompt": prompt,
        "seed": "0x" + seed_bytes.hex(),
    }
    if output.as_json:
        rest = {"sampling": asdict(sampling), "digests": digests}
        output.document({**facts, "checkpoint": {"cid": checkpoint_cid, "round": found.checkpoint.round}, **rest})
    else:
        pinned = ", ".join(f"{name} {value}" for name, value in asdict(sampling).items())
        origin = f"{checkpoint_cid} of round {found.checkpoint.round}"
        output.facts({**facts, "checkpoint": origin, "sampling": pinned, **digests})


def seed_argument(text: str) -> bytes:
    """A seed as typed: up to 32 bytes in hexadecimal with 0x, or a number. Raises typer.BadParameter."""
    try:
        return int(text, 16 if text.startswith("0x") else 10).to_bytes(32, "big")
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is neither a number nor 32 bytes in hexadecimal") from None


async def _read(settings: AuditSettings, round_number: int | None, checkpoint: str | None) -> ProjectCheckpoint:
    from node.storage.cid import Cid
    from verifier.audit import open_source
    from verifier.model_source import read_checkpoint

    cid = None if checkpoint is None else Cid.parse(checkpoint)
    async with open_source(settings) as source:
        return await read_checkpoint(source, round=round_number, cid=cid)


def _generate(
    found: ProjectCheckpoint, prompt: str, seed: bytes, asked: Mapping[str, Any]
) -> tuple[Generation, Sampling]:
    """The output, and how it was sampled. No data of the task are needed."""
    from node.generation.models import load_model
    from node.generation.task import require_generative
    from node.tasks.registry import load_task

    manifest = found.manifest
    task = require_generative(load_task(manifest.task, options=manifest.task_options))
    sampling = replace(task.default_sampling, **{name: value for name, value in asked.items() if value is not None})
    model = load_model(task, manifest, found.checkpoint)
    (generation,) = task.generate(model, [task.check_prompt(prompt)], [seed], sampling)
    return generation, sampling


def _digests(generation: Generation, seed: bytes) -> dict[str, str]:
    """What each hash for outputs of this kind makes of it."""
    from verifier.hashes import HASHES

    hashes = [item for item in HASHES.values() if generation.kind in item.kinds]
    return {item.name: f"0x{item.digest(generation, seed=seed):064x}" for item in hashes}

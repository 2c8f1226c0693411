"""`swarmproof class`: determinism classes, which jobs of the output court name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.court_values import COMMITTEE_SIZES
from frontend_api.command_line import Invocation, hash_argument, wei, with_invocation
from frontend_api.errors import SettingsError
from frontend_api.output import tokens

LONGEST_SECONDS = (1 << 32) - 1  # what the contract has room for
APPEAL_PLACES = sum(COMMITTEE_SIZES[1:])  # of all committees that can be called


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="class", help="Register and show classes of outputs.", no_args_is_help=True)
    group.command("register", epilog="Example: swarmproof class register flow.class.json --key-file owner.key")(
        with_invocation(register_class)
    )
    group.command("show", epilog="Example: swarmproof class show 0x3f... --json")(with_invocation(show))
    app.add_typer(group)


def register_class(
    invocation: Invocation,
    file: Annotated[Path, typer.Argument(help="The class file.", metavar="FILE")],
    *,
    verifier_fee: Annotated[str, typer.Option(help="What a committee member earns.", metavar="TOKENS")] = "1",
    worker_bond: Annotated[
        str | None, typer.Option(help="What a worker locks.", metavar="TOKENS", show_default="106 verifier fees")
    ] = None,
    minimum_worker_fee: Annotated[str, typer.Option(help="Least fee of a worker.", metavar="TOKENS")] = "1",
    work_seconds: Annotated[int, typer.Option(help="Time for the worker to commit.", min=1, max=LONGEST_SECONDS)] = 600,
    commit_seconds: Annotated[
        int, typer.Option(help="Time for the committee to commit.", min=1, max=LONGEST_SECONDS)
    ] = 600,
    reveal_seconds: Annotated[
        int, typer.Option(help="Time to open the commitments.", min=1, max=LONGEST_SECONDS)
    ] = 120,
    appeal_seconds: Annotated[int, typer.Option(help="Time to appeal.", min=1, max=LONGEST_SECONDS)] = 600,
) -> None:
    """Register a class for good, as the court's curator."""
    fee = wei(verifier_fee)
    terms = {
        "verifier_fee": fee,
        "worker_bond": 2 * APPEAL_PLACES * fee if worker_bond is None else wei(worker_bond),
        "minimum_worker_fee": wei(minimum_worker_fee),
        "work_seconds": work_seconds,
        "commit_seconds": commit_seconds,
        "reveal_seconds": reveal_seconds,
        "appeal_seconds": appeal_seconds,
    }
    try:
        text = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"class file {file} cannot be read: {error.strerror}") from error
    asyncio.run(_register(invocation, text, terms))


async def _register(invocation: Invocation, text: bytes, terms: dict[str, int]) -> None:
    from contracts.court import Court
    from contracts.court_values import ClassTerms
    from contracts.events import ClassRegistered
    from frontend_api.chain_session import open_session
    from verifier.class_hash import hash_of
    from verifier.classes import OutputClass

    output = invocation.output
    class_ = OutputClass.from_json(text)
    hash_of(class_)  # nobody could answer a job of a class whose hash is unknown, or of other outputs
    full = ClassTerms(
        description_digest=class_.digest,
        threshold=class_.threshold,
        appeal_threshold=class_.appeal_threshold,
        **terms,
    )
    async with open_session(invocation.settings) as session:
        receipt = await Court(session.chain, session.deployment.court).register_class(full, class_.to_bytes())
    registered = receipt.event(ClassRegistered)
    document = {
        "class": "0x" + registered.class_id.hex(),
        "task": class_.task,
        "threshold": class_.threshold,
        "appeal_threshold": class_.appeal_threshold,
        "usable_from": registered.usable_from,
        "gas": receipt.gas_used,
    }
    output.document(document) if output.as_json else output.facts(document)


def show(
    invocation: Invocation,
    class_id: Annotated[
        str, typer.Argument(help="Its identifier; `classes` lists them.", metavar="CLASS", callback=hash_argument)
    ],
) -> None:
    """Everything about one class."""
    asyncio.run(_show(invocation, class_id))


async def _show(invocation: Invocation, named: str) -> None:
    from frontend_api.court_session import open_court
    from verifier.classes import OutputClass

    output = invocation.output
    async with open_court(invocation.settings) as court:
        registered = court.output_class(bytes.fromhex(named[2:]))
    document = _document(registered, OutputClass.from_bytes(registered.description))
    if output.as_json:
        output.document(document)
    else:
        output.facts({**document, "verifier_fee": tokens(int(document["verifier_fee_wei"]))})


def _document(registered: Any, description: Any) -> dict[str, Any]:
    terms = registered.terms
    return {
        "class": "0x" + registered.class_id.hex(),
        "task": description.task,
        "project": description.project,
        "checkpoint_digest": "0x" + description.checkpoint_digest.hex(),
        "sampler": description.sampling.sampler,
        "steps": description.sampling.steps,
        "hash": description.hash,
        "threshold": terms.threshold,
        "appeal_threshold": terms.appeal_threshold,
        "verifier_fee_wei": str(terms.verifier_fee),
        "minimum_worker_fee_wei": str(terms.minimum_worker_fee),
        "worker_bond_wei": str(terms.worker_bond),
        "work_seconds": terms.work_seconds,
        "commit_seconds": terms.commit_seconds,
        "reveal_seconds": terms.reveal_seconds,
        "appeal_seconds": terms.appeal_seconds,
        "usable_from": registered.usable_from,
    }

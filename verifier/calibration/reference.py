"""A trained model to calibrate with: what a project has accepted, or a folder of one manifest and some checkpoints.

manifest.cbor              canonical bytes
round-0040.checkpoint ...  canonical bytes, any names that end so; the newest is the class's unless another is named
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from torch import nn

from node.checkpoint import Checkpoint, checkpoint_limit_bytes
from node.generation.models import load_model
from node.generation.task import GenerativeTask, require_generative
from node.manifest import MAXIMUM_MANIFEST_BYTES, Manifest
from node.storage.cid import RAW, Cid
from node.tasks.registry import load_task
from verifier.errors import CalibrationError
from verifier.model_source import read_checkpoint
from verifier.sources import Source

MANIFEST_FILE: Final = "manifest.cbor"
CHECKPOINT_PATTERN: Final = "*.checkpoint"


@dataclass(frozen=True, eq=False)
class Reference:
    """`checkpoints`: by round, oldest first, the last of them the class's."""

    manifest: Manifest
    checkpoints: tuple[Checkpoint, ...]

    @property
    def newest(self) -> Checkpoint:
        """The checkpoint that the class is of."""
        return self.checkpoints[-1]

    @property
    def history(self) -> tuple[bytes, ...]:
        """Digests of those before, oldest first."""
        return tuple(checkpoint.digest for checkpoint in self.checkpoints[:-1])

    @cached_property
    def task(self) -> GenerativeTask:
        """The task without its data, which generating needs none of. Raises TaskError, ManifestError."""
        return require_generative(load_task(self.manifest.task, options=self.manifest.task_options))

    def load(self, digest: bytes) -> nn.Module:
        """The model of one of the checkpoints."""
        (checkpoint,) = (found for found in self.checkpoints if found.digest == digest)
        return load_model(self.task, self.manifest, checkpoint)


def read_reference(folder: Path, *, task: str | None = None, round_number: int | None = None) -> Reference:
    """Read a folder. `task`: what it must be of; `round_number`: the class's checkpoint, without it the newest.

    Raises CalibrationError for a folder without what it needs, ManifestError and MalformedCheckpoint for wrong bytes.
    """
    manifest = Manifest.from_bytes(_read(folder / MANIFEST_FILE, MAXIMUM_MANIFEST_BYTES))
    _require_task(str(folder), manifest, task)
    limit = checkpoint_limit_bytes(manifest)
    found = [Checkpoint.from_bytes(_read(path, limit), manifest) for path in folder.glob(CHECKPOINT_PATTERN)]
    rounds = {checkpoint.round: checkpoint for checkpoint in found}
    last = max(rounds, default=None) if round_number is None else round_number
    if last is None or last not in rounds:
        there = ", ".join(map(str, sorted(rounds))) or "none"
        raise CalibrationError(f"{folder} has no checkpoint{_of(round_number)}; rounds there are: {there}")
    return Reference(manifest, tuple(rounds[number] for number in sorted(rounds) if number <= last))


async def read_project_reference(
    source: Source, *, task: str | None = None, round_number: int | None = None
) -> Reference:
    """A project's checkpoint, the newest or that of a round, and the one before it, which a cheat may use instead.

    Raises what `read_checkpoint` raises, and CalibrationError for another task.
    """
    newest = await read_checkpoint(source, round=round_number)
    _require_task("the project", newest.manifest, task)
    if newest.checkpoint.round == 0:
        return Reference(newest.manifest, (newest.checkpoint,))
    before = await read_checkpoint(source, cid=Cid(RAW, newest.checkpoint.previous_digest))
    return Reference(newest.manifest, (before.checkpoint, newest.checkpoint))


def _require_task(where: str, manifest: Manifest, task: str | None) -> None:
    if task is not None and manifest.task != task:
        raise CalibrationError(f"{where} is of task {manifest.task}, not {task}")


def _of(round_number: int | None) -> str:
    return "" if round_number is None else f" of round {round_number}"


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise CalibrationError(f"{path} cannot be read: {error.strerror}") from error

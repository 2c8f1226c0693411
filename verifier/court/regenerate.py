"""Make the output of a job again, from nothing but its class, its input and its seed.

The description of the class names a project and a checkpoint; the project's manifest is on the chain, the checkpoint
comes from the local store or from whoever serves it, checked against its digest. Models are kept, since a class has
many jobs.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from torch import nn

from contracts.chain import Chain
from contracts.client import Project
from contracts.errors import SwarmProofError
from contracts.values import Address
from node.checkpoint import Checkpoint, checkpoint_limit_bytes
from node.exchange.fetch import Fetcher
from node.exchange.source import Source
from node.generation import Generation, GenerationError
from node.generation.models import load_model
from node.generation.task import GenerativeTask, require_generative
from node.manifest import Manifest
from node.projects import read_manifest
from node.tasks.registry import load_task
from verifier.calibration.code import code_hash
from verifier.cheats.base import Cheat
from verifier.classes import OutputClass
from verifier.errors import CannotRegenerate, ClassError

KEPT_MODELS: Final = 4


@dataclass(frozen=True)
class Order:
    """What is to be made: `description` of the class and `input` as the chain has them, `seed` of 32 bytes."""

    description: bytes
    input: bytes
    seed: bytes


@dataclass(frozen=True)
class Workshop:
    """What the outputs of one class are made with."""

    class_: OutputClass
    manifest: Manifest
    task: GenerativeTask


class Regenerator:
    """Regenerates outputs of any class of one deployment. Whoever uses it asks for one at a time.

    `sources`: whom to ask for checkpoints, as of now. `cheat`: how outputs are made; `honest` is one of them.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        factory: Address,
        from_block: int,
        data_dir: Path | None,
        fetcher: Fetcher,
        sources: Callable[[], Awaitable[Sequence[Source]]],
        cheat: Cheat,
    ) -> None:
        self._chain, self._factory, self._from_block = chain, factory, from_block
        self._data_dir, self._fetcher, self._sources, self._cheat = data_dir, fetcher, sources, cheat
        self._workshops: dict[bytes, Workshop] = {}
        self._models: OrderedDict[bytes, nn.Module] = OrderedDict()
        self._older: dict[bytes, tuple[bytes, ...]] = {}

    async def generate(self, order: Order) -> Generation:
        """Make an output.

        Raises GenerationError where nobody could, for what class and input say; CannotRegenerate for whatever keeps
        this machine from it.
        """
        try:
            return await self._generate(order)
        except (CannotRegenerate, GenerationError):
            raise
        except SwarmProofError as error:
            raise CannotRegenerate(str(error)) from error

    async def _generate(self, order: Order) -> Generation:
        workshop = await self._workshop(order.description)
        prompt = workshop.task.check_prompt(_text(order.input))
        await self._model(workshop, workshop.class_.checkpoint_digest)
        history = self._older.get(workshop.class_.checkpoint_digest, ())
        loop = asyncio.get_running_loop()

        def load(digest: bytes) -> nn.Module:
            return asyncio.run_coroutine_threadsafe(self._model(workshop, digest), loop).result()

        def make() -> list[Generation]:
            return self._cheat.generate(workshop.task, load, workshop.class_, history, [prompt], [order.seed])

        (generation,) = await asyncio.to_thread(make)
        return generation

    async def _workshop(self, description: bytes) -> Workshop:
        """Manifest and task of a class, checked against the class and the chain."""
        held = self._workshops.get(description)
        if held is not None:
            return held
        class_ = OutputClass.from_bytes(description)
        configuration = await Project(self._chain, class_.project).configuration()
        manifest = await read_manifest(
            self._chain, self._factory, class_.project, configuration, from_block=self._from_block
        )
        if (manifest.digest, manifest.task) != (class_.manifest_digest, class_.task):
            raise ClassError(
                f"the class is of task {class_.task} and manifest 0x{class_.manifest_digest.hex()}, "
                f"project {class_.project} of task {manifest.task} and manifest 0x{manifest.digest.hex()}"
            )
        if class_.code_hash != code_hash():
            structlog.get_logger("court").warning(
                "this build is not the one the class was calibrated with, its outputs may differ by more",
                calibrated="0x" + class_.code_hash.hex(),
                build="0x" + code_hash().hex(),
            )
        task = require_generative(load_task(manifest.task, data_dir=self._data_dir, options=manifest.task_options))
        self._workshops[description] = Workshop(class_, manifest, task)
        return self._workshops[description]

    async def _model(self, workshop: Workshop, digest: bytes) -> nn.Module:
        """The model of a checkpoint, from memory or wherever its bytes are."""
        if digest not in self._models:
            checkpoint = await self._checkpoint(workshop, digest)
            self._models[digest] = await asyncio.to_thread(load_model, workshop.task, workshop.manifest, checkpoint)
            self._older[digest] = (checkpoint.previous_digest,) if checkpoint.round > 0 else ()
        self._models.move_to_end(digest)
        while len(self._models) > KEPT_MODELS:
            self._models.popitem(last=False)
        return self._models[digest]

    async def _checkpoint(self, workshop: Workshop, digest: bytes) -> Checkpoint:
        limit = checkpoint_limit_bytes(workshop.manifest)
        data = await self._fetcher.fetch(digest, await self._sources(), maximum_bytes=limit)
        return await asyncio.to_thread(Checkpoint.from_bytes, data, workshop.manifest)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GenerationError(f"an input that is not UTF-8 (byte {error.start})") from error

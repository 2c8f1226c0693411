"""What a cheat is: another, cheaper way to an output that a class forbids.

Cheats run where honest generation would: in calibration, which measures how far they land from honest outputs, and in
workers and verifiers of a demonstration. All of them do the best they can: what a class lets everybody compute for
free (the seed's noise, the shape of a trace) is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from torch import nn

from node.generation import Generation, Sampling
from node.generation.task import GenerativeTask

IMAGE: Final = frozenset({"image"})
TEXT: Final = frozenset({"text"})
BOTH: Final = IMAGE | TEXT

LoadModel = Callable[[bytes], nn.Module]


class Pinned(Protocol):
    """The part of a class that says how its outputs are made."""

    @property
    def checkpoint_digest(self) -> bytes:
        """Digest of the checkpoint, 32 bytes."""

    @property
    def sampling(self) -> Sampling:
        """How outputs are drawn."""


@dataclass(frozen=True)
class Order:
    """Outputs somebody wants, one for each prompt and its seed of 32 bytes, and what they are made with.

    `load`: from the digest of a checkpoint to its model, float32 and in evaluation mode; it is shared: nobody
    changes it. `history`: digests of the project's earlier checkpoints, oldest first.
    """

    task: GenerativeTask
    load: LoadModel
    checkpoint: bytes
    sampling: Sampling
    history: Sequence[bytes]
    prompts: Sequence[str]
    seeds: Sequence[bytes]

    def make(self, model: nn.Module | None = None) -> list[Generation]:
        """Generate what is ordered, with another model if one is given. Raises GenerationError."""
        return self.task.generate(model or self.load(self.checkpoint), self.prompts, self.seeds, self.sampling)


@dataclass(frozen=True)
class Cheat:
    """A cheat by its name. `kinds`: what it can make, "image" or "text". `description`: what it does, for people."""

    name: str
    kinds: frozenset[str]
    description: str
    make: Callable[[Order], list[Generation]]

    def generate(
        self,
        task: GenerativeTask,
        load: LoadModel,
        class_: Pinned,
        history: Sequence[bytes],
        prompts: Sequence[str],
        seeds: Sequence[bytes],
    ) -> list[Generation]:
        """One output for each prompt and seed, as this cheat makes it; for arguments see Order.

        Raises CheatImpossible where the cheat has nothing to work with, GenerationError as honest generation does.
        """
        return self.make(Order(task, load, class_.checkpoint_digest, class_.sampling, history, prompts, seeds))


def with_sampling(order: Order, sampling: Sampling) -> Order:
    """The same outputs, drawn in another way."""
    return replace(order, sampling=sampling)

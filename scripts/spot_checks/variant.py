"""One honest machine of another kind, as a process of its own: instruction sets are chosen when torch is loaded.

    python -m scripts.spot_checks.variant REQUEST.npz ANSWER.npz

The request says what to train (`scripts.spot_checks.arithmetic`); the answer holds the states at the ends of segments.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from unittest import mock

import numpy as np
import torch
from torch import nn

from node import training
from node.checks.segments import segments_of
from node.manifest import Manifest
from node.tasks.base import Shard, Task
from node.tasks.registry import load_task
from node.tasks.splits import Split
from node.training import LocalState, Trainer


class OtherOrder:
    """A task that sums the losses of a batch in another order: half by half (`halves`), or from the last example on."""

    def __init__(self, task: Task, *, halves: bool) -> None:
        self._task, self._halves = task, halves

    def model(self) -> nn.Module:
        """See Task."""
        return self._task.model()

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        """See Task."""
        order = torch.arange(len(batch))
        if not self._halves:
            return self._task.loss(model, batch.take(order.flip(0)), generator)
        parts = [batch.take(part) for part in order.tensor_split(2)]
        total = sum(self._task.loss(model, part, generator) * len(part) for part in parts)
        return cast(torch.Tensor, total / len(batch))


def trainers(manifest: Manifest, data_dir: Path | None, seats: int, order: str) -> list[Trainer]:
    """Honest trainers of the first seats. `order`: "", "halves" or "reversed"."""
    task = load_task(manifest.task, data_dir=data_dir, options=manifest.task_options)
    shards = task.shards(manifest.shard_count, Split.parse(manifest.split), manifest.seed)
    chosen: Any = OtherOrder(task, halves=order == "halves") if order else task
    return [Trainer(chosen, manifest, shards[seat - 1], seat=seat, seed=manifest.seed) for seat in range(1, seats + 1)]


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Let local training use so many threads."""

    @contextlib.contextmanager
    def so_many() -> Iterator[None]:
        torch.set_num_threads(count)
        yield

    with mock.patch.object(training, "one_thread", so_many):
        yield


def states_of(trainer: Trainer, manifest: Manifest, theta: np.ndarray[Any, Any], number: int) -> list[LocalState]:
    """Where a round begins, and where each segment of it ends."""
    states = [trainer.start(theta)]
    for steps in segments_of(manifest):
        states.append(trainer.advance(states[-1], number, steps))
    return states


def main() -> None:
    """Answer a request."""
    request, answer = map(Path, sys.argv[1:])
    with np.load(request) as given:
        said = json.loads(str(given["said"]))
        manifest = Manifest.from_bytes(given["manifest"].tobytes())
        thetas = {int(name): given[f"theta {name}"] for name in said["rounds"]}
    data_dir = None if said["data_dir"] is None else Path(said["data_dir"])
    found = {}
    with threads(said["threads"]):
        for seat, trainer in enumerate(trainers(manifest, data_dir, said["seats"], said["order"]), start=1):
            for number, theta in thetas.items():
                for index, state in enumerate(states_of(trainer, manifest, theta, number)):
                    found[f"{seat} {number} {index}"] = np.stack([state.parameters, *state.moments])
    np.savez(answer, **cast(Any, found))


if __name__ == "__main__":
    main()

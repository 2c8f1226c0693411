"""What checking costs: processor time beside that of training, and bytes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.checks.segments import segments_of
from node.manifest import Manifest
from node.tasks.base import Task
from node.training import moments_of
from scripts.spot_checks.swarm import CheckedSwarm

SEATS: Final = 4  # each account checks the three others


@dataclass(frozen=True)
class Cost:
    """Of one round. Processor seconds of a seat's training with its trace, and of an account's three checks; bytes of
    a trace on its owner's disk, and of what a checker fetches for one check on average.
    """

    task: str
    parameters: int
    training_seconds: float
    checking_seconds: float
    trace_bytes: int
    fetched_bytes: int


async def cost(task: Task, manifest: Manifest) -> Cost:
    """Measure a second round: the first one makes the models."""
    with tempfile.TemporaryDirectory() as folder:
        swarm = CheckedSwarm(task, manifest, Path(folder), seats=SEATS)
        try:
            await swarm.round()
            checked = await swarm.round()
        finally:
            swarm.close()
    vector, segments = 4 * manifest.layout.parameter_count, len(segments_of(manifest))
    state = vector * (1 + len(moments_of(manifest.local)))
    return Cost(
        manifest.task,
        manifest.layout.parameter_count,
        checked.training_seconds / SEATS,
        checked.checking_seconds / SEATS,
        state * (segments - 1) + 3 * vector,
        2 * vector + state * (segments - 1) // segments,
    )

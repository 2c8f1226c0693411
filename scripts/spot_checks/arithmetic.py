"""How far honest machines are apart: other thread counts, instruction sets and orders of summation.

Each trains whole rounds; this process replays every segment from the states the other one names, as a checker does, and
measures the distance that the manifest's bound must allow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.checkpoint import genesis
from node.checks.compare import Distance, distances
from node.checks.segments import segments_of
from node.checks.trace import state_bytes
from node.manifest import Manifest
from node.training import LocalState
from scripts.spot_checks.variant import trainers

SEATS: Final = 3
ROUNDS: Final = (1, 3, 6)


@dataclass(frozen=True)
class Variant:
    """Another kind of honest machine."""

    name: str
    environment: Mapping[str, str]
    threads: int = 1
    order: str = ""


VARIANTS: Final = (
    Variant("the same", {}),
    Variant("2 threads", {}, threads=2),
    Variant(
        "AVX2 instead of AVX-512",
        {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    ),
    Variant(
        "no wide vectors",
        {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    ),
    Variant("batches in halves", {}, order="halves"),
    Variant("batches backwards", {}, order="reversed"),
)


@dataclass(frozen=True)
class Row:
    """One variant of one task. `equal`: segments that came out bit by bit; the rest are largest distances."""

    task: str
    variant: str
    segments: int
    equal: int
    way_bits: int
    step_bits: int
    length: float


def measure(manifest: Manifest, data_dir: Path | None, variant: Variant, thetas: Mapping[int, Any]) -> Row:
    """Compare one variant with this process."""
    said = {
        "rounds": [str(number) for number in thetas],
        "data_dir": None if data_dir is None else str(data_dir),
        "threads": variant.threads,
        "order": variant.order,
        "seats": SEATS,
    }
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder) / "request.npz", Path(folder) / "answer.npz"
        named: dict[str, Any] = {f"theta {number}": theta for number, theta in thetas.items()}
        encoded = np.frombuffer(manifest.to_bytes(), dtype=np.uint8)
        np.savez(request, said=np.array(json.dumps(said)), manifest=encoded, **named)
        command = [sys.executable, "-m", "scripts.spot_checks.variant", str(request), str(answer)]
        subprocess.run(command, check=True, env={**os.environ, **variant.environment})
        with np.load(answer) as found:
            states = {name: LocalState(found[name][0], tuple(found[name][1:])) for name in found.files}
    return compared(manifest, data_dir, variant, tuple(thetas), states)


def compared(
    manifest: Manifest,
    data_dir: Path | None,
    variant: Variant,
    rounds: tuple[int, ...],
    states: Mapping[str, LocalState],
) -> Row:
    """Replay every segment and keep the largest distances."""
    found: list[tuple[Distance, ...]] = []
    equal = 0
    for seat, trainer in enumerate(trainers(manifest, data_dir, SEATS, ""), start=1):
        for number in rounds:
            for index, steps in enumerate(segments_of(manifest)):
                start, theirs = states[f"{seat} {number} {index}"], states[f"{seat} {number} {index + 1}"]
                ours = trainer.advance(start, number, steps)
                equal += state_bytes(ours, last=False) == state_bytes(theirs, last=False)
                key = (number * 1000 + seat * 10 + index).to_bytes(32, "big")
                found.append(distances(start, ours, theirs, manifest.local, key))
    return Row(
        manifest.task,
        variant.name,
        len(found),
        equal,
        max(item[0].bits for item in found),
        max(item[-1].bits for item in found),
        max(part.length_ratio for item in found for part in item),
    )


def thetas_of(manifest: Manifest, data_dir: Path | None) -> dict[int, npt.NDArray[np.int32]]:
    """Parameters at the beginning of some rounds, one seat training alone."""
    [trainer] = trainers(manifest, data_dir, 1, "")
    theta, found = genesis(manifest).theta, {}
    for number in range(1, max(ROUNDS) + 1):
        if number in ROUNDS:
            found[number] = theta
        step = np.rint(trainer.pseudo_gradient(theta, number).astype(np.float64) * 2.0**26)
        theta = (theta - step.astype(np.int64)).astype(np.int32)
    return found


def rows(manifest: Manifest, data_dir: Path | None) -> list[Row]:
    """All variants of a task. Where a step draws noise for its batch, another order is other training."""
    thetas = thetas_of(manifest, data_dir)
    chosen = [variant for variant in VARIANTS if not (variant.order and manifest.task == "flow")]
    return [measure(manifest, data_dir, variant, thetas) for variant in chosen]

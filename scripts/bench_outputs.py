"""What a verifier pays: making an output again and hashing it, against making it.

One output at a time, as a committee member does, with the default network of each task (random weights: they change no
time), on one thread. Each output is made and hashed at once, so that a digest finds the caches as it would in use, and
the median of (generation + digest) / generation counts. Times are the processor's.

    python -m scripts.bench_outputs --repeats 200
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from node.generation import Generation
from node.generation.task import GenerativeTask, require_generative
from node.tasks.registry import load_task
from verifier.hashes import HASHES, appeal_digest

TASKS = {
    "flow digits": ("flow", {"dataset": "digits"}),
    "flow mnist": ("flow", {"dataset": "mnist"}),
    "text": ("text", {}),
}
PROMPTS = {"flow": "7", "text": "What light through yonder window"}
SEED = hashlib.sha256(b"swarmproof bench outputs").digest()

Digest = Callable[[Generation], int]


@dataclass(frozen=True)
class Cost:
    """Medians: seconds to make an output, and how many times as long it takes with its digest."""

    seconds: float
    ratio: float


def main() -> None:
    """Print a row for each task and hash."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_outputs", description=main.__doc__)
    parser.add_argument("--repeats", type=int, default=100, help="outputs for each (default 100)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print("| task | digest | generation, ms | with digest |")
    print("| --- | --- | ---: | ---: |")
    for title, (name, options) in TASKS.items():
        task = require_generative(load_task(name, options=options))
        model = random_model(task)
        for hash_name, digest in digests(task, model):
            cost = measured(task, model, digest, repeats)
            print(f"| {title} | `{hash_name}` | {cost.seconds * 1e3:.2f} | {cost.ratio:.3f} |", flush=True)


def digests(task: GenerativeTask, model: nn.Module) -> Iterator[tuple[str, Digest]]:
    """Every hash for the task's outputs, and the digest of appeals."""
    kind = made(task, model).kind
    for name, found in HASHES.items():
        if kind in found.kinds:
            yield name, lambda generation, found=found: found.digest(generation, seed=SEED)  # type: ignore[misc]
    yield "appeal", lambda generation: appeal_digest(generation, key=SEED)


def measured(task: GenerativeTask, model: nn.Module, digest: Digest, repeats: int) -> Cost:
    """Make and hash, so many times."""
    digest(made(task, model))
    seconds, ratios = [], []
    for _ in range(repeats):
        start = time.thread_time()
        generation = made(task, model)
        between = time.thread_time()
        digest(generation)
        end = time.thread_time()
        seconds.append(between - start)
        ratios.append((end - start) / (between - start))
    return Cost(statistics.median(seconds), statistics.median(ratios))


def made(task: GenerativeTask, model: nn.Module) -> Generation:
    """One output."""
    return task.generate(model, [PROMPTS[task.name]], [SEED], task.default_sampling)[0]


def random_model(task: GenerativeTask) -> nn.Module:
    """The task's network with small random weights."""
    model = task.model()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model.eval().requires_grad_(False)


if __name__ == "__main__":
    main()

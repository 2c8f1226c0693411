"""Measure rules on values, from parsed dense messages to the next state, against torch on decoded float32 updates.

Usage: python -m scripts.bench_coordinates [--parameters 1000000] [--peers 20] [--repeats 5]

One thread. Medians of the processor's time. The baseline has the float32 updates in memory already and computes the
median by `torch.median`, the trimmed mean by `torch.sort`, and MeaMed by distances, `torch.topk` and `gather`: how
libraries write them.

Shape legend: n = peers, d = parameters.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from node.aggregation.coordinates import clipped_rows, next_theta_by_coordinates
from node.aggregation.products import inner_products
from node.aggregation.rules import CoordinateRule, RoundContext, parse_rule
from node.manifest import Manifest, TensorSpec
from scripts.bench_aggregation import Message

SEED = 21


@dataclass(frozen=True, eq=False)
class Bench:
    """Dense messages and an empty state."""

    manifest: Manifest
    messages: tuple[Message, ...]
    theta: npt.NDArray[np.int32]

    @property
    def byzantine(self) -> int:
        """f."""
        return self.manifest.byzantine


def make_bench(parameters: int, peers: int) -> Bench:
    """Random mantissas; norms differ, so that half of the messages are clipped."""
    tensors = (TensorSpec("weight", (-(-parameters // 1000), 1000), 0),)
    manifest = Manifest(task="bench", tensors=tensors, rule="median", byzantine=(peers - 3) // 4, alpha_q16=1 << 16)
    generator = np.random.Generator(np.random.PCG64(SEED))
    d, chunks = manifest.layout.parameter_count, manifest.layout.chunk_count
    positions = np.arange(d)
    messages = tuple(
        Message(
            positions,
            generator.integers(-255, 256, d, dtype=np.int16),
            generator.integers(12, 17, chunks, dtype=np.uint8),
        )
        for _ in range(peers)
    )
    return Bench(manifest, messages, np.zeros(d, dtype=np.int32))


def ours(bench: Bench) -> Mapping[str, Callable[[], object]]:
    """Mixture, values, rule and step, by rule. The Gram is not part of it: every rule needs one."""
    f, n = bench.byzantine, len(bench.messages)
    known = inner_products(bench.messages, bench.manifest.layout)
    context = RoundContext(1, tuple(range(n)))

    def work(rule: CoordinateRule) -> object:
        rows = clipped_rows(rule.mixing(known.gram, context), known.clipping.factors)
        return next_theta_by_coordinates(bench.theta, bench.messages, rows, rule.combine, bench.manifest)

    found: dict[str, Callable[[], object]] = {}
    names = ("median", *(f"{name}(f={f})" for name in ("trimmed-mean", "meamed", "phocas", "bulyan")))
    for name in (*names, f"nnm(f={f})+trimmed-mean(f={f})"):
        rule = parse_rule(name)
        assert isinstance(rule, CoordinateRule)
        found[name] = partial(work, rule)
    return found


def baselines(bench: Bench) -> Mapping[str, Callable[[], object]]:
    """Dense float32 in torch."""
    counts = bench.manifest.layout.chunk_counts
    scales = [np.repeat(np.ldexp(1.0, item.shifts.astype(np.int32) - 40), counts) for item in bench.messages]
    updates = torch.stack(
        [
            torch.from_numpy((item.mantissas * scale).astype(np.float32))
            for item, scale in zip(bench.messages, scales, strict=True)
        ]
    )
    n, f = len(updates), bench.byzantine

    def meamed() -> torch.Tensor:
        distances = (updates - updates.median(dim=0).values).abs()
        return updates.gather(0, distances.topk(n - f, dim=0, largest=False).indices).mean(dim=0)

    return {
        "torch median": lambda: updates.median(dim=0).values,
        "torch trimmed mean": lambda: updates.sort(dim=0).values[f : n - f].mean(dim=0),
        "torch MeaMed": meamed,
    }


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median of the processor's time over `repeats` runs, after one that is not counted."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return 1e3 * statistics.median(taken)


def main() -> None:
    """Read the command line, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--parameters", type=int, default=1_000_000)
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bench = make_bench(arguments.parameters, arguments.peers)
    print(f"n = {arguments.peers}, d = {bench.manifest.layout.parameter_count:,}, dense, one thread\n")
    print("| rule | ms |\n| --- | ---: |")
    for name, work in {**ours(bench), **baselines(bench)}.items():
        print(f"| {name} | {milliseconds(work, arguments.repeats):,.0f} |", flush=True)


if __name__ == "__main__":
    main()

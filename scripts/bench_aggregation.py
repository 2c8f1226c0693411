"""Measure a robust round in exact integers, stage by stage, against dense float32 Multi-Krum on the same machine.

Usage: python -m scripts.bench_aggregation [--parameters 10000000] [--peers 20] [--entries 64] [--repeats 5] [--json]

One thread. Times are medians, in seconds of the processor; on a machine that nobody else uses the wall clock, which is
given beside them, says the same. Ours starts from parsed messages and ends with the next state, the weights and the
contributions; "with roots and identifiers" adds everything a peer signs: checkpoint bytes, sha2-256 and keccak trees.
The baseline has the decoded float32 updates in memory already and computes torch distances, Multi-Krum and the mean of
the kept: a stand-in for a library such as ByzFL, which computes the same from the same tensors.

Shape legend: n = peers, d = parameters, N = chunks, m = entries of a message.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from contracts.values import Address
from node.aggregation.aggregate import aggregate_block, next_theta
from node.aggregation.contribution import contributions
from node.aggregation.entries import Stack
from node.aggregation.products import inner_products, squared_norm
from node.aggregation.rules import RoundContext, parse_rule
from node.checkpoint import Checkpoint, genesis
from node.manifest import CHUNK_LENGTH, Layout, Manifest, TensorSpec
from node.rounds.outcome import InputUpdate, compute_outcome

SEED = 20
POOL_WEI = 10**18


class Seconds(NamedTuple):
    """Processor time and wall time."""

    cpu: float
    wall: float


@dataclass(frozen=True, eq=False)
class Message:
    """A parsed message: what aggregation reads of an update."""

    positions: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int16]
    shifts: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Bench:
    """One workload. `before` is the state before `base`."""

    manifest: Manifest
    messages: Sequence[Message]
    before: Checkpoint
    base: Checkpoint

    @property
    def byzantine(self) -> int:
        """f."""
        return self.manifest.byzantine


def make_bench(parameters: int, peers: int, entries: int) -> Bench:
    """Random messages that agree in sign more often than not, and a base that differs from the state before it."""
    f = (peers - 3) // 2 * 2 // 3
    rows = -(-parameters // 1000)
    tensors = (TensorSpec("weight", (rows, 1000), entries),)
    manifest = Manifest(task="bench", tensors=tensors, rule=f"multi-krum(f={f})", byzantine=f, alpha_q16=1 << 17)
    generator = np.random.Generator(np.random.PCG64(SEED))
    common = generator.standard_normal(manifest.layout.parameter_count, dtype=np.float32)
    messages = [make_message(manifest.layout, entries, common, generator) for _ in range(peers)]
    before = genesis(manifest)
    base = next_theta(before.theta, messages, [(1 << 16) // peers] * peers, manifest)
    return Bench(manifest, messages, before, Checkpoint(manifest.digest, 1, before.digest, base))


def make_message(
    layout: Layout, entries: int, common: npt.NDArray[np.float32], generator: np.random.Generator
) -> Message:
    """Entries at uniform places, as sparse as the layout says; signs follow `common` through noise."""
    count = layout.chunk_count
    order = generator.random((count, CHUNK_LENGTH), dtype=np.float32)
    order[-1, int(layout.chunk_starts[-1] - layout.chunk_starts[-2]) :] = 2.0  # beyond the last, shorter chunk
    places = np.sort(np.argpartition(order, entries, axis=1)[:, :entries], axis=1) + layout.chunk_starts[:-1, None]
    last = int(layout.chunk_counts[-1])
    ends = np.sort(np.argpartition(order[-1], last)[:last]) + layout.chunk_starts[-2]
    positions = np.concatenate([places[:-1].ravel(), ends])
    signs = np.where(common[positions] + generator.standard_normal(len(positions)) < 0, -1, 1)
    mantissas = signs * np.repeat(generator.integers(128, 256, count), layout.chunk_counts)
    shifts = generator.integers(14, 18, count)
    return Message(positions, mantissas.astype(np.int16), shifts.astype(np.uint8))


def robust_round(bench: Bench) -> npt.NDArray[np.int32]:
    """Norms, Gram, rule, contributions, aggregate, apply: what decides a round."""
    layout = bench.manifest.layout
    norms = [squared_norm(message, layout) for message in bench.messages]
    previous = (bench.before.theta, bench.base.theta)
    known = inner_products(bench.messages, layout, squared_norms=norms, previous=previous)
    clipping = known.clipping
    chosen = parse_rule(bench.manifest.rule).weights(known.gram, RoundContext(2, ()))
    weights = [weight * factor >> 16 for weight, factor in zip(chosen, clipping.factors, strict=True)]
    contributions(known.gram, chosen, [0] * len(chosen), byzantine=bench.byzantine)
    return next_theta(bench.base.theta, bench.messages, weights, bench.manifest, unclipped=chosen)


def stages(bench: Bench) -> dict[str, Callable[[], object]]:
    """What is timed on our side, by name."""
    m, messages, layout = bench.manifest, bench.messages, bench.manifest.layout
    norms = [squared_norm(message, layout) for message in messages]
    previous = (bench.before.theta, bench.base.theta)
    known = inner_products(messages, layout, squared_norms=norms, previous=previous)
    rule, context = parse_rule(m.rule), RoundContext(2, ())
    equal = [(1 << 16) // len(messages)] * len(messages)
    stack = Stack(layout, messages)
    inputs = [
        InputUpdate(seat, seat, bytes([seat]) * 32, message, Address(_account(seat)), bytes([seat]) * 32)
        for seat, message in enumerate(messages, start=1)
    ]

    def judge() -> None:
        weights = rule.weights(known.gram, context)
        contributions(known.gram, weights, [0] * len(weights), byzantine=bench.byzantine)

    def aggregate() -> None:
        for block in stack.blocks():
            aggregate_block(stack, block, equal, m)

    def outcome() -> object:
        base = Checkpoint(bench.base.manifest_digest, 1, bench.before.digest, bench.base.theta)
        return compute_outcome(
            manifest=m,
            round=2,
            seed=bytes(32),
            base=base,
            previous=bench.before,
            inputs=inputs,
            absent=[],
            pool_wei=POOL_WEI,
            earned={},
        )

    return {
        "squared norms": lambda: [squared_norm(message, layout) for message in messages],
        "Gram": lambda: inner_products(messages, layout, squared_norms=norms),
        "Gram with the previous aggregate": lambda: inner_products(
            messages, layout, squared_norms=norms, previous=previous
        ),
        "weights and contributions": judge,
        "aggregate": aggregate,
        "aggregate and apply": lambda: next_theta(bench.base.theta, messages, equal, m),
        "robust round": lambda: robust_round(bench),
        "robust round with roots and identifiers": outcome,
    }


def baselines(bench: Bench) -> dict[str, Callable[[], object]]:
    """Dense float32 Multi-Krum in torch: as libraries write it, and as fast as we could make it."""
    updates = torch.zeros((len(bench.messages), bench.manifest.layout.parameter_count))
    for row, message in zip(updates, bench.messages, strict=True):
        scales = np.repeat(np.ldexp(1.0, message.shifts.astype(np.int32) - 40), bench.manifest.layout.chunk_counts)
        row[torch.from_numpy(message.positions)] = torch.from_numpy((message.mantissas * scales).astype(np.float32))

    n, kept = len(updates), len(updates) - bench.byzantine - 2

    def chosen(squared: torch.Tensor) -> torch.Tensor:
        return squared.sort(dim=1).values[:, 1 : 1 + kept].sum(dim=1).argsort()[:kept]

    def as_written() -> torch.Tensor:
        distances = torch.cdist(updates, updates, compute_mode="donot_use_mm_for_euclid_dist")
        return updates[chosen(distances.square())].mean(dim=0)

    def as_fast_as_torch_can() -> torch.Tensor:
        products = updates @ updates.T
        norms = products.diagonal()
        weights = torch.zeros(n)
        weights[chosen(norms[:, None] + norms[None, :] - 2 * products)] = 1 / kept
        return weights @ updates

    return {
        "float32 Multi-Krum: direct distances, mean of the kept": as_written,
        "float32 Multi-Krum: distances and mean by GEMM": as_fast_as_torch_can,
    }


def median_seconds(work: Callable[[], object], repeats: int) -> Seconds:
    """Median times of `repeats` runs after one that is not counted."""
    work()
    cpu, wall = [], []
    for _ in range(repeats):
        start = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return Seconds(statistics.median(cpu), statistics.median(wall))


def measure(parameters: int, peers: int, entries: int, repeats: int) -> dict[str, Any]:
    """Run everything; times in seconds."""
    torch.set_num_threads(1)
    bench = make_bench(parameters, peers, entries)
    ours = {name: median_seconds(work, repeats) for name, work in stages(bench).items()}
    theirs = {name: median_seconds(work, max(1, repeats // 2)) for name, work in baselines(bench).items()}
    total = sum(len(message.positions) for message in bench.messages)
    return {
        "parameters": bench.manifest.layout.parameter_count,
        "peers": peers,
        "entries_per_chunk": entries,
        "rule": bench.manifest.rule,
        "machine": {"processor": _processor(), "numpy": np.__version__, "torch": torch.__version__},
        "seconds": {name: seconds._asdict() for name, seconds in {**ours, **theirs}.items()},
        "aggregate_entries_per_second": total / ours["aggregate"].cpu,
        "robust_round_seconds": ours["robust round"].cpu,
        "speedup": {name: seconds.cpu / ours["robust round"].cpu for name, seconds in theirs.items()},
    }


def markdown(report: dict[str, Any]) -> str:
    """The report as a table."""
    lines = [
        f"n = {report['peers']}, d = {report['parameters']:,}, k = {report['entries_per_chunk']} of {CHUNK_LENGTH}, "
        f"{report['rule']}, one thread, {report['machine']['processor']}",
        "",
        "| stage | ms of processor | ms of wall clock |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {1e3 * s['cpu']:.1f} | {1e3 * s['wall']:.1f} |" for name, s in report["seconds"].items()),
        "",
        f"Aggregate: {report['aggregate_entries_per_second'] / 1e6:.0f} million entries a second.",
        *(f"Robust round against {name}: {ratio:.1f} times as fast." for name, ratio in report["speedup"].items()),
    ]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--parameters", type=int, default=10_000_000)
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--entries", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    arguments = parser.parse_args()
    report = measure(arguments.parameters, arguments.peers, arguments.entries, arguments.repeats)
    print(json.dumps(report, indent=2) if arguments.json else markdown(report))


def _account(seat: int) -> Any:
    return "0x" + seat.to_bytes(20, "big").hex()


def _processor() -> str:
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()

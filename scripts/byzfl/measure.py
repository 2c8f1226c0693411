"""Measuring rounds of ours and of ByzFL's: time in turns, memory, and what one more rule costs.

Shape legend: n = updates, d = parameters.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from node.aggregation.entries import BLOCK_CHUNKS
from node.aggregation.products import inner_products
from node.aggregation.rules import RoundContext, Rule, parse_rule
from node.manifest import CHUNK_LENGTH
from scripts.byzfl.client import Client, WorkerFailed
from scripts.byzfl.workload import Workload

FIRST_RULE: Final = "multi-krum(f={f},keep={honest})"  # on a Gram before another, and in what memory is measured of
FURTHER_REPEATS: Final = 9

Target = tuple[str, str, "int | None"]
"""Template of our rule, ByzFL's aggregator, how many times as fast ours is meant to be."""


class Seconds(NamedTuple):
    """Processor and wall clock."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Pair:
    """Medians; ByzFL's None where it was not run, with the reason as `note`. `extra_bytes`: see `worker`."""

    rule: str
    aggregator: str
    target: int | None
    ours: Seconds
    theirs: Seconds | None
    extra_bytes: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Memory:
    """Bytes. `peak`: the most that a round takes on top of the messages and the state it starts from."""

    messages: int
    decoded: int
    block: int
    state: int
    peak: int

    @property
    def limit(self) -> int:
        """Twice the integers of one block, and the next state."""
        return 2 * self.block + self.state


def measure_pairs(workload: Workload, targets: Sequence[Target], client: Client | None, repeats: int) -> Iterator[Pair]:
    """Ours and ByzFL's in turns. One round of ours goes first, uncounted."""
    workload.round(parse_rule("mean"))
    for template, aggregator, target in targets:
        rule = rule_of(workload, template)
        ours: list[Seconds] = []
        theirs: list[Seconds] = []
        extra, note = 0, "" if client is None else _shortage(workload, aggregator)
        for _ in range(repeats):
            ours.append(timed(partial(workload.round, rule)))
            if client is None or note:
                continue
            try:
                found = client.time(aggregator, workload.manifest.byzantine, "torch", 1)
            except WorkerFailed as error:
                note = str(error)
                continue
            theirs.append(Seconds(found.cpu, found.wall))
            extra = max(extra, found.extra_bytes or 0)
        other = medians(theirs) if theirs and not note else None
        yield Pair(rule.name, aggregator, target, medians(ours), other, extra or None, note)


def measure_further(workload: Workload, templates: Sequence[str]) -> list[tuple[str, float]]:
    """Names, and seconds of the processor for the weights of each on a Gram that another rule has used before."""
    gram = inner_products(workload.parse(), workload.manifest.layout).gram
    first = rule_of(workload, FIRST_RULE)
    histories, seats = workload.judged(first.name).state.histories, workload.context.seats
    recent, lasting, ages = histories.recent(seats), histories.lasting(seats), histories.ages_of(seats)

    def once(rule: Rule) -> Seconds:
        # Copies: what a Gram has computed for an earlier measurement must not be there again.
        known, context = replace(gram), workload.context
        if rule.needs_history:
            context = RoundContext(2, seats, bytes(32), replace(recent), replace(lasting), ages)
        first.weights(known, context)
        return timed(partial(rule.weights, known, context))

    rules = [rule_of(workload, template) for template in templates]
    return [(rule.name, medians([once(rule) for _ in range(FURTHER_REPEATS)]).cpu) for rule in rules]


def measure_memory(workload: Workload) -> Memory:
    """As tracemalloc counts, which sees every array of numpy's."""
    rule = rule_of(workload, FIRST_RULE)
    workload.round(rule)
    decoded = [update.positions.nbytes + update.mantissas.nbytes + update.shifts.nbytes for update in workload.parse()]
    tracemalloc.start()
    workload.round(rule)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    block = 8 * len(workload.messages) * min(len(workload.theta), BLOCK_CHUNKS * CHUNK_LENGTH)
    return Memory(sum(map(len, workload.messages)), sum(decoded), block, workload.theta.nbytes, peak)


def rule_of(workload: Workload, template: str) -> Rule:
    """The rule with f and the number of honest seats filled in."""
    f = workload.manifest.byzantine
    return parse_rule(template.format(f=f, honest=len(workload.messages) - f))


def timed(work: Callable[[], object]) -> Seconds:
    """One run."""
    start = time.process_time(), time.perf_counter()
    work()
    return Seconds(time.process_time() - start[0], time.perf_counter() - start[1])


def medians(runs: Sequence[Seconds]) -> Seconds:
    """Of each clock."""
    return Seconds(median(run.cpu for run in runs), median(run.wall for run in runs))


def _shortage(workload: Workload, aggregator: str) -> str:
    """What ByzFL would need, if this machine has not as much."""
    needed = needed_bytes(aggregator, len(workload.messages), workload.manifest.byzantine, len(workload.theta))
    return f"needs {needed / 1e9:.0f} GB" if needed > _available_bytes() else ""


def needed_bytes(aggregator: str, n: int, f: int, d: int) -> int:
    """What ByzFL takes on top of its inputs: NNM gathers n - f updates for each of n before it takes their means."""
    return 4 * d * (n * (n - f) + 2 * n if aggregator.startswith("NNM") else 2 * n)


def _available_bytes() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return sys.maxsize
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), sys.maxsize)

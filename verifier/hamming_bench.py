"""Counting the distances of a billion pairs: ours, plain numpy and faiss, one after the other in turns.

All count the same: every pair of n random digests once, n (n - 1) / 2 comparisons, into one histogram. That the three
agree is checked in every run.

Shape legend: N = digests, W = words of a digest.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from verifier.hamming import WORD_BITS, Digests, distance_blocks, distances
from verifier.pair_histogram import Counts, pair_histogram

ROWS: Final = 16  # of a block; both numpy and faiss are fastest with few


@dataclass(frozen=True)
class Timing:
    """How long one way of counting took: medians of its runs, on the clock and of all its threads' processor time."""

    name: str
    threads: int
    seconds: float
    processor_seconds: float
    comparisons: int

    @property
    def per_second(self) -> float:
        """Comparisons a second."""
        return self.comparisons / self.seconds


@dataclass(frozen=True)
class HammingReport:
    """A benchmark. `timings`: ours on one core first. `histogram`: pairs at distance 0, 1, ... `bits`."""

    bits: int
    digests: int
    repeats: int
    timings: tuple[Timing, ...]
    histogram: tuple[int, ...]

    @property
    def comparisons(self) -> int:
        """Pairs, each compared once."""
        return self.digests * (self.digests - 1) // 2

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON document; `ratio`: how many times as long as ours on one thread."""
        own = self.timings[0]
        return {
            "bits": self.bits,
            "digests": self.digests,
            "comparisons": self.comparisons,
            "repeats": self.repeats,
            "methods": [
                {
                    "name": timing.name,
                    "threads": timing.threads,
                    "seconds": round(timing.seconds, 4),
                    "processor_seconds": round(timing.processor_seconds, 4),
                    "comparisons_per_second": round(timing.per_second),
                    "ratio": round(timing.seconds / own.seconds, 3),
                }
                for timing in self.timings
            ],
            "histogram": {str(distance): pairs for distance, pairs in enumerate(self.histogram) if pairs},
        }


def bench_hamming(*, count: int, bits: int, repeats: int) -> HammingReport:
    """Compare at least `count` pairs of random digests with every method, `repeats` times in turns.

    Raises RuntimeError when two methods count differently.
    """
    number = smallest_set(count)
    digests = random_digests(number, bits)
    methods = _methods()
    for method in methods.values():
        method(digests[:2])  # loads and compiles
    found: dict[tuple[str, int], Counts] = {}
    seconds: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(repeats):
        for key, method in methods.items():
            start, start_processor = time.perf_counter(), time.process_time()
            found[key] = method(digests)
            taken = time.perf_counter() - start, time.process_time() - start_processor
            seconds.setdefault(key, []).append(taken)
    first, *others = found.items()
    for key, counts in others:
        if not np.array_equal(first[1], counts):
            raise RuntimeError(f"{key[0]} and {first[0][0]} count distances of {bits} bits differently")
    comparisons = number * (number - 1) // 2
    timings = tuple(
        Timing(name, threads, *_medians(taken), comparisons=comparisons) for (name, threads), taken in seconds.items()
    )
    return HammingReport(bits, number, repeats, timings, tuple(map(int, first[1])))


def smallest_set(count: int) -> int:
    """How many digests have at least `count` pairs."""
    number = max(2, (1 + math.isqrt(8 * count + 1)) // 2)
    return number if number * (number - 1) // 2 >= count else number + 1


def random_digests(number: int, bits: int) -> Digests:
    """The same ones every time, (N, W)."""
    words = np.random.default_rng(0).bytes(number * bits // 8)
    return np.frombuffer(words, dtype="<u8").astype(np.uint64).reshape(number, bits // WORD_BITS)


def numpy_histogram(digests: Digests) -> Counts:
    """Plain numpy: exclusive or, `bitwise_count` and `bincount` in blocks that stay in the cache."""
    size = digests.shape[1] * WORD_BITS + 1
    total = np.zeros(size, dtype=np.int64)
    for rows, later in _row_blocks(digests):
        total += np.bincount(distances(rows, rows)[np.triu_indices(len(rows), 1)], minlength=size)
        for _, _, block in distance_blocks(rows, later):
            total += np.bincount(block.ravel(), minlength=size)
    return total


def faiss_histogram(digests: Digests) -> Counts:
    """faiss's matrix of distances in blocks, and numpy's `bincount`, for faiss has no histogram."""
    import faiss

    size = digests.shape[1] * WORD_BITS + 1
    total = np.zeros(size, dtype=np.int64)
    for rows, later in _row_blocks(digests):
        total += np.bincount(distances(rows, rows)[np.triu_indices(len(rows), 1)], minlength=size)
        matrix = np.empty((len(rows), len(later)), dtype=np.int32)
        left, right, out = (faiss.swig_ptr(array) for array in (rows.view(np.uint8), later.view(np.uint8), matrix))
        faiss.hammings(left, right, len(rows), len(later), digests.shape[1] * 8, out)  # type: ignore[attr-defined]
        total += np.bincount(matrix.ravel(), minlength=size)
    return total


def _medians(taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    clock, processor = zip(*taken, strict=True)
    return statistics.median(clock), statistics.median(processor)


def _methods() -> Mapping[tuple[str, int], Callable[[Digests], Counts]]:
    """By name and threads. faiss's is there if faiss is."""
    cores = len(os.sched_getaffinity(0))
    methods: dict[tuple[str, int], Callable[[Digests], Counts]] = {
        ("pair_histogram", threads): partial(pair_histogram, threads=threads) for threads in sorted({1, cores})
    }
    methods["numpy", 1] = numpy_histogram
    if find_spec("faiss") is not None:
        methods["faiss", 1] = faiss_histogram
    return methods


def _row_blocks(digests: Digests) -> Iterator[tuple[Digests, Digests]]:
    """Some rows, and all that come after them."""
    for start in range(0, len(digests), ROWS):
        yield digests[start : start + ROWS], digests[start + ROWS :]

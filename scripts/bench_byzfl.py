"""Measure rounds from the messages' bytes to the next state, side by side with ByzFL 0.0.11 on float32 updates.

Usage: python -m scripts.bench_byzfl [--parameters 1000000] [--peers 20] [--repeats 5] [--values] [--set-up]
    [--into FILE]

One thread each, in turns: a run of ours, a run of ByzFL's, and so on; medians, in seconds of the processor, the wall
clock beside them. ByzFL gets the float32 updates as one torch tensor in memory, its aggregators keep their own default
parameters. Ours gets the bytes of messages with 64 of 4,096 entries at 1 bit and decodes them in every run.

ByzFL needs an environment of its own (several minutes, 6 GB): --set-up makes it, and without it only ours is measured.
--parameters 10000000 needs 3 GB of memory, 16 GB for ByzFL's NNM, 1 GB on disk and a quarter of an hour; what does not
fit is left out. --values adds rules on the values of dense int8 messages (half a GB for a million of parameters).

Shape legend: n = updates, d = parameters.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np

from node.manifest import CHUNK_LENGTH
from scripts.byzfl.client import Client, WorkerFailed
from scripts.byzfl.document import describe, put
from scripts.byzfl.environment import BYZFL, FOLDER, EnvironmentMissing, existing, prepare
from scripts.byzfl.measure import FIRST_RULE, Memory, Pair, Target, measure_further, measure_memory, measure_pairs
from scripts.byzfl.workload import Workload, write_updates

ENTRIES: Final = 64
MEGABYTE: Final = 1e6
# Our rule, ByzFL's, and how many times as fast ours is meant to be.
ON_GRAM: Final[Sequence[Target]] = (
    ("mean", "Average", 5),
    ("krum(f={f})", "Krum", 5),
    (FIRST_RULE, "MultiKrum", 5),
    ("geometric-median", "GeometricMedian", 5),
    ("centered-clipping", "CenteredClipping", 5),
    ("mda(f={f})", "MDA", 5),
    ("nnm(f={f})+mean", "NNM+Average", 20),
    ("nnm(f={f})+krum(f={f})", "NNM+Krum", 20),
    ("nnm(f={f})+geometric-median", "NNM+GeometricMedian", 20),
    ("nnm(f={f})+centered-clipping", "NNM+CenteredClipping", 20),
)
ON_VALUES: Final[Sequence[Target]] = (
    ("median", "Median", None),
    ("trimmed-mean(f={f})", "TrMean", None),
    ("nnm(f={f})+trimmed-mean(f={f})", "NNM+TrMean", None),
)
# What a further rule costs on a Gram that is there: every rule on it.
FURTHER: Final = (
    "mean",
    "clipped-mean",
    "normalized-mean",
    "krum(f={f})",
    FIRST_RULE,
    "mda(f={f})",
    "geometric-median",
    "centered-clipping",
    "spectral(f={f})",
    "foolsgold",
    "sybilwall",
    "fltrust(seat=1)",
    "flag",
    "flag(iterations=10)",
    "history-filter(f={f})",
    "history+spectral(f={f})",
    "nnm(f={f})+krum(f={f})",
    "bucketing(size=2)+geometric-median",
)
FURTHER_SHARE: Final = 0.05


def pairs_table(pairs: Sequence[Pair]) -> str:
    """Times."""
    return _table(
        ("rule", "ByzFL", "ours, ms", "ByzFL, ms", "times as fast", "by the wall clock", "target"),
        [_pair_row(pair) for pair in pairs],
        words=2,
    )


def _pair_row(pair: Pair) -> Sequence[str]:
    target = "" if pair.target is None else str(pair.target)
    first = (f"`{pair.rule}`", pair.aggregator, f"{1e3 * pair.ours.cpu:,.1f}")
    if pair.theirs is None:
        return (*first, pair.note or "–", "", "", target)
    cpu, wall = pair.theirs.cpu / pair.ours.cpu, pair.theirs.wall / pair.ours.wall
    missed = " (missed)" if pair.target is not None and cpu < pair.target else ""
    return (*first, f"{1e3 * pair.theirs.cpu:,.1f}", f"{cpu:.1f}", f"{wall:.1f}", target + missed)


def memory_table(memory: Memory, pairs: Sequence[Pair]) -> str:
    """Ours against the limit, and ByzFL's beside it."""
    missed = " (missed)" if memory.peak > memory.limit else ""
    rows = [
        ("messages, bytes", memory.messages),
        ("messages, decoded", memory.decoded),
        ("one block of all messages as int64", memory.block),
        ("the next state", memory.state),
        (f"limit: two such blocks and the next state{missed}", memory.limit),
        ("**most that a round takes on top of messages and state**", memory.peak),
    ]
    for pair in pairs:
        if pair.extra_bytes is not None:
            rows.append((f"most that ByzFL {pair.aggregator} takes on top of its updates", pair.extra_bytes))
    return _table(("memory", "MB"), [(name, f"{size / MEGABYTE:,.1f}") for name, size in rows])


def further_table(further: Sequence[tuple[str, float]], round_seconds: float) -> str:
    """What a rule adds to a round."""
    rows = []
    for name, seconds in further:
        share = seconds / round_seconds
        missed = " (missed)" if share > FURTHER_SHARE else ""
        rows.append((f"`{name}`", f"{1e3 * seconds:.2f}", f"{share:.1%}{missed}"))
    return _table(("one more rule", "ms", "of a round"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Markdown; all but the first columns, `words` of them, are numbers."""
    rule = ["---"] * words + ["---:"] * (len(columns) - words)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *rows))


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parameters", type=int, default=1_000_000)
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--values", action="store_true", help="rules on values, too")
    parser.add_argument("--set-up", action="store_true", help="make ByzFL's environment where it is missing")
    parser.add_argument("--into", type=Path, help="put the tables into this document too")
    arguments = parser.parse_args()
    text = measure(
        arguments.parameters,
        arguments.peers,
        arguments.repeats,
        values=arguments.values,
        python=find_python(set_up=arguments.set_up),
    )
    if arguments.into is not None:
        put(arguments.into, f"speed-{arguments.parameters}", text)


def find_python(*, set_up: bool) -> Path | None:
    """The Python of ByzFL's environment; None, with a line that says why, where there is none."""
    try:
        return prepare() if set_up else existing()
    except EnvironmentMissing as error:
        print(f"ByzFL is left out: {error}", file=sys.stderr, flush=True)
        return None


def measure(parameters: int, peers: int, repeats: int, *, values: bool, python: Path | None) -> str:
    """Everything, printed as it comes; all of it together. Without `python` ByzFL is left out."""
    shown: list[str] = []

    def show(text: str) -> None:
        print(text, end="\n\n", flush=True)
        shown.append(text)

    f = peers // 5
    workload = Workload.make(parameters, peers, ENTRIES, f)
    client = None if python is None else _client(python, parameters, peers)
    try:
        library = "" if client is None else f"{BYZFL} ({describe(client.versions)}), "
        show(
            f"n = {peers}, f = {f}, d = {parameters:,}, {ENTRIES} of {CHUNK_LENGTH:,} at 1 bit, medians of {repeats}; "
            f"{library}ours on numpy {np.__version__}"
        )
        pairs = _noted(measure_pairs(workload, ON_GRAM, client, repeats))
        show(pairs_table(pairs))
        show(memory_table(measure_memory(workload), pairs))
        round_seconds = next(pair.ours.cpu for pair in pairs if pair.aggregator == "MultiKrum")
        show(further_table(measure_further(workload, FURTHER), round_seconds))
        if values:
            dense = Workload.make(parameters, peers, 0, f)
            show("Rules on values, dense int8 messages:")
            show(pairs_table(_noted(measure_pairs(dense, ON_VALUES, client, repeats))))
    finally:
        if client is not None:
            client.close()
    return "\n\n".join(shown)


def _noted(pairs: Iterable[Pair]) -> list[Pair]:
    """All of them; each is named on standard error when it is there, for large ones take minutes."""
    found = []
    for pair in pairs:
        print(f"{pair.rule}: measured", file=sys.stderr, flush=True)
        found.append(pair)
    return found


def _client(python: Path, parameters: int, peers: int) -> Client | None:
    """A worker that has the updates in memory, and one run behind it; None, with a line, where that fails."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as folder, ExitStack() as cleanup:
        try:
            client = cleanup.enter_context(Client.in_environment(python))
            path = Path(folder) / "updates.npy"
            write_updates(path, parameters, peers)
            client.load(path)
            client.time("Average", 0, "torch", 1)
        except (OSError, WorkerFailed) as error:
            print(f"ByzFL is left out: {error}", file=sys.stderr, flush=True)
            return None
        cleanup.pop_all()  # the caller closes it
    return client


if __name__ == "__main__":
    main()

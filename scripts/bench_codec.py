"""Measure the codec: speed on one core, bytes on the wire, index bits against the limit, beside plain ways to do it.

Usage: python -m scripts.bench_codec [--parameters 10000000] [--entries 64] [--repeats 7] [--data-dir DIR] [--json]

One thread. Times are medians, in seconds of the processor; on a machine that nobody else uses the wall clock, which is
given beside them, says the same. MB/s are of the float32 vector, 4 bytes a parameter. Real updates are those of the
task `mnist` when its files are in --data-dir, else of `digits`: seats train with error feedback on their own shards,
all messages count equally, and the first seat's messages are measured.

The limit for index bits is log2 C(d, k) / k: no code does better on average when all supports are equally likely.

Shape legend: d = parameters, m = entries, N = chunks.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import math
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from node.aggregation.aggregate import next_theta
from node.checkpoint import genesis
from node.codec import MessageHeader, data_leaves, decode, encode, parse
from node.codec import indices as index_codes
from node.codec.header import HEADER_BYTES
from node.manifest import CHUNK_LENGTH, Manifest, Order, TensorSpec
from node.storage import varint
from node.tasks.base import Task
from node.tasks.registry import load_task
from node.tasks.splits import Split
from node.training import ErrorFeedback, Trainer

SEED = 20
SEATS = 4
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parameters", type=int, default=10_000_000)
    parser.add_argument("--entries", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=20, help="rounds of real training")
    parser.add_argument("--widths", type=int, nargs="+", help="hidden units of the real models")
    parser.add_argument(
        "--data-dir", type=Path, help="folder with the MNIST files; without it, real updates are digits"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    arguments = parser.parse_args()
    task = "digits" if arguments.data_dir is None else "mnist"
    widths = arguments.widths or ([64, 1024] if task == "digits" else [32, 128])
    report = {
        "machine": {"processor": _processor(), "numpy": np.__version__, "zstandard": zstandard.__version__},
        "speed": measure_speed(arguments.parameters, arguments.entries, arguments.repeats),
        "even_supports": [measure_even_supports(entries) for entries in (16, 64, 256)],
        "real_updates": [
            measure_real_updates(task, arguments.data_dir, width, order, arguments.entries, arguments.rounds)
            for width in widths
            for order in ("row", "column")
        ],
    }
    print(json.dumps(report, indent=2) if arguments.json else markdown(report))


def measure_speed(parameters: int, entries: int, repeats: int) -> dict[str, Any]:
    """Encode, parse and decode a Gaussian vector, beside the baselines."""
    manifest = _manifest((TensorSpec("weight", (parameters,), entries),))
    layout, header = manifest.layout, _header(manifest)
    vector = np.random.Generator(np.random.PCG64(SEED)).standard_normal(parameters, dtype=np.float32)
    vector *= np.float32(1e-3)
    message = encode(vector, manifest, header)
    update = parse(message, manifest)
    megabytes = 4 * parameters / 1e6
    rows: list[dict[str, Any]] = []

    def add(name: str, coded: bytes | None, work: Callable[[], object]) -> None:
        cpu, wall = _median_seconds(work, repeats)
        rows.append(
            {
                "name": name,
                "cpu_seconds": cpu,
                "wall_seconds": wall,
                "megabytes_per_second": megabytes / cpu,
                "bits_per_parameter": None if coded is None else 8 * len(coded) / parameters,
            }
        )

    add("encode", message, lambda: encode(vector, manifest, header))
    add("parse", message, lambda: parse(message, manifest))
    add("parse and decode to float32", message, lambda: decode(parse(message, manifest), layout))
    add("records of the data tree", None, lambda: data_leaves(update, layout))
    raw = vector.tobytes()
    whole = zstandard.ZstdCompressor(level=3).compress(raw)
    add("baseline: float32, zstd 3, encode", whole, lambda: zstandard.ZstdCompressor(level=3).compress(raw))
    add(
        "baseline: float32, zstd 3, decode",
        whole,
        lambda: np.frombuffer(zstandard.ZstdDecompressor().decompress(whole), dtype=np.float32).copy(),
    )
    plain = plain_encode(vector, entries)
    add("baseline: int32 indices, int8 signs, zstd 3, encode", plain, lambda: plain_encode(vector, entries))
    add("baseline: int32 indices, int8 signs, zstd 3, decode", plain, lambda: plain_decode(plain, parameters, entries))
    return {"parameters": parameters, "entries_per_chunk": entries, "rows": rows}


def plain_encode(vector: Float32, entries: int) -> bytes:
    """The same message as one writes it first: argpartition, int32 indices, int8 signs, a float32 scale, zstd 3."""
    chunks = len(vector) // CHUNK_LENGTH
    matrix = vector[: chunks * CHUNK_LENGTH].reshape(chunks, CHUNK_LENGTH)
    places = np.sort(np.argpartition(np.abs(matrix), -entries, axis=1)[:, -entries:], axis=1)
    values = np.take_along_axis(matrix, places, axis=1)
    flat = (places + CHUNK_LENGTH * np.arange(chunks)[:, np.newaxis]).astype(np.int32)
    scales = np.abs(values).mean(axis=1)
    parts = (flat.tobytes(), np.sign(values).astype(np.int8).tobytes(), scales.tobytes())
    return zstandard.ZstdCompressor(level=3).compress(b"".join(parts))


def plain_decode(data: bytes, parameters: int, entries: int) -> Float32:
    """Undo `plain_encode`, believing every byte."""
    content = zstandard.ZstdDecompressor().decompress(data)
    chunks = parameters // CHUNK_LENGTH
    m = chunks * entries
    places = np.frombuffer(content, dtype=np.int32, count=m)
    signs = np.frombuffer(content, dtype=np.int8, count=m, offset=4 * m)
    scales = np.frombuffer(content, dtype=np.float32, count=chunks, offset=5 * m)
    vector = np.zeros(parameters, dtype=np.float32)
    vector[places] = signs * np.repeat(scales, entries)
    return vector


def measure_even_supports(entries: int, chunks: int = 2000) -> dict[str, Any]:
    """Index bits when every support of a chunk is equally likely."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    order = generator.random((chunks, CHUNK_LENGTH))
    support = np.sort(np.argpartition(order, entries, axis=1)[:, :entries], axis=1)
    codec, payload = index_codes.encode(support.ravel(), np.full(chunks, entries))
    flat = support + CHUNK_LENGTH * np.arange(chunks)[:, np.newaxis]
    limit = index_limit_bits(chunks * CHUNK_LENGTH, chunks * entries)
    bits = 8 * len(payload) / support.size
    return {
        "entries_per_chunk": entries,
        "codec": codec.name,
        "bits_per_index": bits,
        "limit_bits_per_index": limit,
        "over_limit": bits / limit,
        "varint_zstd1_bits_per_index": varint_bits(flat.ravel()),
        "int32_zstd3_bits_per_index": 8
        * len(zstandard.ZstdCompressor(level=3).compress(flat.astype(np.int32).tobytes()))
        / support.size,
    }


def varint_bits(positions: Int64) -> float:
    """Bits an index when gaps go as varints through zstd level 1. `positions`: ascending, from the tensor's start."""
    chunk, index = np.divmod(positions, CHUNK_LENGTH)
    same = np.diff(chunk, prepend=-1) == 0
    gaps = np.where(same, np.diff(positions, prepend=0) - 1, index)
    content = b"".join(map(varint.encode, gaps.tolist()))
    return 8 * len(zstandard.ZstdCompressor(level=1).compress(content)) / len(gaps)


def index_limit_bits(parameters: int, kept: int) -> float:
    """log2 C(parameters, kept) / kept."""
    logarithm = math.lgamma(parameters + 1) - math.lgamma(kept + 1) - math.lgamma(parameters - kept + 1)
    return logarithm / math.log(2) / kept


def measure_real_updates(
    name: str, data_dir: Path | None, width: int, order: Order, entries: int, rounds: int
) -> dict[str, Any]:
    """Bytes of whole messages, and index bits of the hidden layer's section, over rounds of real training."""
    task = load_task(name, data_dir=data_dir, options={"width": width})
    plain = task.default_manifest(shard_count=SEATS, rule="mean", byzantine=0)
    tensors = tuple(
        replace(tensor, order=order, entries_per_chunk=entries) if tensor.entries_per_chunk else tensor
        for tensor in plain.tensors
    )
    manifest = replace(plain, tensors=tensors)
    layout = manifest.layout
    messages = list(first_seat_messages(task, manifest, rounds))
    kept = int(layout.chunk_counts[: layout.tensor_chunks[1]].sum())
    index_bits = [8 * _first_payload_bytes(message) / kept for message in messages]
    message_bits = [8 * len(message) / layout.parameter_count for message in messages]
    return {
        "task": name,
        "width": width,
        "order": order,
        "parameters": layout.parameter_count,
        "rounds": rounds,
        "message_bytes": statistics.mean(map(len, messages)),
        "header_bytes": HEADER_BYTES,
        "bits_per_parameter": statistics.mean(message_bits),
        "largest_bits_per_parameter": max(message_bits),
        "bits_per_index": statistics.mean(index_bits),
        "limit_bits_per_index": index_limit_bits(tensors[0].size, kept),
        "varint_zstd1_bits_per_index": statistics.mean(
            varint_bits(parse(message, manifest).positions[:kept]) for message in messages
        ),
    }


def first_seat_messages(task: Task, manifest: Manifest, rounds: int) -> Iterator[bytes]:
    """Train for real, everybody honest; yield what the first seat sends in each round."""
    header = _header(manifest)
    shards = task.shards(SEATS, Split(), 0)
    trainers = [Trainer(task, manifest, shard, seat=seat, seed=0) for seat, shard in enumerate(shards, start=1)]
    count = manifest.layout.parameter_count
    feedbacks = [ErrorFeedback(count, beta_q16=manifest.beta_q16) for _ in trainers]
    theta = genesis(manifest).theta
    for round_number in range(1, rounds + 1):
        updates = []
        for seat, (trainer, feedback) in enumerate(zip(trainers, feedbacks, strict=True)):
            corrected = feedback.corrected(trainer.pseudo_gradient(theta, round_number))
            message = encode(corrected, manifest, header)
            updates.append(parse(message, manifest))
            feedback.sent(decode(updates[-1], manifest.layout))
            if seat == 0:
                yield message
        theta = next_theta(theta, updates, [(1 << 16) // SEATS] * SEATS, manifest)


def markdown(report: dict[str, Any]) -> str:
    """The report as tables."""
    speed = report["speed"]
    lines = [
        f"d = {speed['parameters']:,}, k = {speed['entries_per_chunk']} of {CHUNK_LENGTH}, one thread, "
        f"{report['machine']['processor']}",
        "",
        "| step | MB/s of float32 | ms of processor | ms of wall clock | bits a parameter | smaller than float32 |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in speed["rows"]:
        bits = row["bits_per_parameter"]
        size = "| |" if bits is None else f"{bits:.3f} | {32 / bits:.0f} x |"
        lines.append(
            f"| {row['name']} | {row['megabytes_per_second']:.0f} | {1e3 * row['cpu_seconds']:.1f} | "
            f"{1e3 * row['wall_seconds']:.1f} | {size}"
        )
    lines += [
        "",
        "| even supports, k | code | bits an index | limit | over the limit | varint + zstd 1 | int32 + zstd 3 |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['entries_per_chunk']} | {row['codec']} | {row['bits_per_index']:.3f} | "
            f"{row['limit_bits_per_index']:.3f} | {row['over_limit']:.4f} | "
            f"{row['varint_zstd1_bits_per_index']:.3f} | {row['int32_zstd3_bits_per_index']:.1f} |"
            for row in report["even_supports"]
        ),
        "",
        "| real updates | d | order | bytes a message | bits a parameter, mean | largest | bits an index | limit "
        "| varint + zstd 1 |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['task']}, {row['width']} hidden units, {row['rounds']} rounds | {row['parameters']:,} | "
            f"{row['order']} | {row['message_bytes']:.0f} | {row['bits_per_parameter']:.4f} | "
            f"{row['largest_bits_per_parameter']:.4f} | {row['bits_per_index']:.3f} | "
            f"{row['limit_bits_per_index']:.3f} | {row['varint_zstd1_bits_per_index']:.3f} |"
            for row in report["real_updates"]
        ),
    ]
    return "\n".join(lines)


def _median_seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median processor and wall time of `repeats` runs after one that is not counted."""
    work()
    cpu, wall = [], []
    for _ in range(repeats):
        start = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return statistics.median(cpu), statistics.median(wall)


def _manifest(tensors: Sequence[TensorSpec]) -> Manifest:
    return Manifest(task="bench", tensors=tuple(tensors), rule="mean", byzantine=0, alpha_q16=1 << 16)


def _header(manifest: Manifest) -> MessageHeader:
    return MessageHeader(bytes(32), 1, 1, bytes(32), manifest.digest)


def _first_payload_bytes(message: bytes) -> int:
    """Length of the first section's index payload: the varint after tensor, format, k and number of chunks."""
    at = HEADER_BYTES + 1  # the number of sections takes a byte
    values: list[int] = []
    while len(values) < 5:
        value = shift = 0
        while message[at] >= 0x80:
            value |= (message[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
        values.append(value | message[at] << shift)
        at += 1
    return values[-1]


def _processor() -> str:
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()

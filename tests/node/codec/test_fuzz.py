"""Mutated messages: refused, or a valid update of another meaning. Never a crash, never a hang."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from node.codec import Update, encode, message_limit_bytes, parse
from node.codec.update import SHIFT_MAXIMUM
from node.errors import MalformedMessage
from node.manifest import Manifest, TensorSpec
from tests.node.codec.layouts import clustered_vector, header_for, manifest_of, normal_vector

LONGEST_SECONDS = 2.0  # a message of some hundred bytes takes under a millisecond, unless it found a way to stall us
ZSTD_FORMATS = (0x11, 0x21)

Mutation = Callable[[np.random.Generator, bytes, bytes], bytes]


def flip_bits(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for at in generator.integers(8 * len(data), size=generator.integers(1, 5)):
        out[at // 8] ^= 1 << int(at) % 8
    return bytes(out)


def flip_after_header(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    return data[:141] + flip_bits(generator, data[141:], other)


def set_byte(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    at = int(generator.integers(141, len(data)))
    return data[:at] + bytes([generator.choice([0, 1, 0x7F, 0x80, 0xFF, generator.integers(256)])]) + data[at + 1 :]


def truncate(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    return data[: generator.integers(len(data))]


def insert(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    at = int(generator.integers(len(data) + 1))
    return data[:at] + generator.bytes(int(generator.integers(1, 9))) + data[at:]


def remove(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    at = int(generator.integers(len(data)))
    return data[:at] + data[at + int(generator.integers(1, 9)) :]


def splice(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    return data[: generator.integers(len(data))] + other[generator.integers(len(other)) :]


def transplant(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    """A stretch of another message at the same place: what a careless parser would take for its own."""
    start = int(generator.integers(141, len(data)))
    end = start + int(generator.integers(1, 64))
    return data[:start] + other[start:end] + data[start + len(other[start:end]) :]


def repeat(generator: np.random.Generator, data: bytes, other: bytes) -> bytes:
    start, end = sorted(generator.integers(141, len(data) + 1, size=2).tolist())
    return data[:end] + data[start:end] + data[end:]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_after_header,
    flip_after_header,
    set_byte,
    set_byte,
    truncate,
    insert,
    remove,
    splice,
    transplant,
    repeat,
)


def corpus() -> list[tuple[Manifest, list[bytes]]]:
    """Small messages of each kind of section, several a manifest so that they can be spliced."""
    layouts = [
        (TensorSpec("a", (4200,), 64), TensorSpec("b", (9,), 0)),
        (TensorSpec("a", (600,), 200, bits=2),),
        (TensorSpec("a", (40,), 0), TensorSpec("b", (2000,), 100), TensorSpec("c", (3,), 1, bits=2)),
    ]
    entries = []
    for manifest in map(manifest_of, layouts):
        vectors = [normal_vector(manifest, seed=1), normal_vector(manifest, seed=2), clustered_vector(manifest)]
        entries.append((manifest, [encode(vector, manifest, header_for(manifest)) for vector in vectors]))
    return entries


def has_zstd(data: bytes, manifest: Manifest) -> bool:
    return any(bytes((number, format_)) in data for number in range(len(manifest.tensors)) for format_ in ZSTD_FORMATS)


def assert_valid(update: Update, manifest: Manifest) -> None:
    layout = manifest.layout
    assert (np.diff(update.positions) > 0).all()
    found = np.diff(np.searchsorted(update.positions, layout.chunk_starts))
    assert np.array_equal(found, layout.chunk_counts)
    assert update.positions[0] >= 0
    assert np.abs(update.mantissas).max() <= 255
    assert update.shifts.max() <= SHIFT_MAXIMUM


def meaning(update: Update) -> tuple[object, ...]:
    return (update.header, update.positions.tobytes(), update.mantissas.tobytes(), update.shifts.tobytes())


def fuzz(count: int, seed: int) -> tuple[int, int]:
    """Parse `count` mutated messages; how many were refused and how many accepted."""
    generator = np.random.Generator(np.random.PCG64(seed))
    entries = corpus()
    meanings = [[meaning(parse(data, manifest)) for data in messages] for manifest, messages in entries]
    refused = accepted = 0
    for number in range(count):
        layout = number % len(entries)
        manifest, messages = entries[layout]
        chosen, other = generator.integers(len(messages), size=2).tolist()
        data = MUTATIONS[int(generator.integers(len(MUTATIONS)))](generator, messages[chosen], messages[other])
        started = time.perf_counter()
        try:
            update = parse(data, manifest)
        except MalformedMessage:
            refused += 1
        else:
            accepted += 1
            assert_valid(update, manifest)
            if data not in messages and not has_zstd(data, manifest):
                assert meaning(update) not in meanings[layout], "two messages without zstd mean the same"
        assert time.perf_counter() - started < LONGEST_SECONDS
    return refused, accepted


def test_a_hundred_thousand_mutated_messages_are_refused_or_mean_something_else() -> None:
    refused, accepted = fuzz(100_000, seed=0)
    assert refused > 0
    assert accepted > 0


def test_random_bytes_are_refused() -> None:
    generator = np.random.Generator(np.random.PCG64(7))
    for manifest, messages in corpus():
        for length in (0, 1, 140, 141, 110, 200, message_limit_bytes(manifest.layout)):
            for start in (b"", messages[0][:141], messages[0][:147]):
                data = (start + generator.bytes(length))[:length]
                with pytest.raises(MalformedMessage):
                    parse(data, manifest)

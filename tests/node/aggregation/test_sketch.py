"""CountSketch: linear and exact in integers, right on average in what it says of products."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from node.aggregation.sketch import CountSketch

MASK = (1 << 64) - 1


def reference(buckets: int, key: bytes, vector: dict[int, int]) -> list[int]:
    """The definition in Python integers."""
    offset = int.from_bytes(hashlib.sha256(b"count sketch" + key).digest()[:8], "big")
    result = [0] * buckets
    for position, value in vector.items():
        mixed = (position * 0x9E3779B97F4A7C15 + offset) & MASK
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
        mixed ^= mixed >> 31
        result[mixed >> (64 - (buckets.bit_length() - 1))] += value if mixed & 1 else -value
    return result


def test_a_sketch_equals_the_definition() -> None:
    positions = np.array([0, 1, 5, 4096, (1 << 31) - 1])
    values = np.array([1 << 50, -3, 7, -(1 << 50), 11])
    found = CountSketch(16, b"key").of_entries(positions, values)
    assert found.tolist() == reference(16, b"key", dict(zip(positions.tolist(), values.tolist(), strict=True)))


def test_the_sketch_of_a_sum_is_the_sum_of_the_sketches() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    sketch, positions = CountSketch(64, b""), np.arange(1000)
    x, y = generator.integers(-(1 << 40), 1 << 40, (2, 1000))
    total = sketch.of_entries(positions, x) + sketch.of_entries(positions, y)
    assert np.array_equal(sketch.of_entries(positions, x + y), total)


def test_products_survive_within_the_promised_deviation() -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    x = generator.integers(-1000, 1000, 20_000)
    y = x + generator.integers(-1000, 1000, 20_000)
    errors = []
    for key in range(50):
        sketch = CountSketch(512, bytes([key]))
        a, b = (sketch.of_entries(np.arange(20_000), vector) for vector in (x, y))
        errors.append((float(a @ b) - float(x @ y)) / float(np.linalg.norm(x) * np.linalg.norm(y)))
    assert abs(np.mean(errors)) < 3 * 1.5 / np.sqrt(512 * 50)
    assert 0.5 / np.sqrt(512) < np.std(errors) < 2 / np.sqrt(512)


@pytest.mark.parametrize("buckets", [0, 8, 500, 1 << 17])
def test_other_numbers_of_buckets_are_refused(buckets: int) -> None:
    with pytest.raises(ValueError, match=f"{buckets} buckets, expected a power of two"):
        CountSketch(buckets, b"")

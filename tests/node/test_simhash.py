"""Simhash: the angle between vectors in bits, the same bits everywhere, and no digest of what has no direction."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.linalg import hadamard

from node.errors import HashError
from node.simhash import simhash
from tests.support.memory import peak_bytes

KEY = bytes(range(32))
Float32 = npt.NDArray[np.float32]


def random_vector(length: int, seed: int = 0) -> Float32:
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def keys(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([index])).digest() for index in range(count)]


def shake(domain: str, index: int, length: int) -> bytes:
    return hashlib.shake_256(f"swarmproof simhash {domain}".encode() + KEY + index.to_bytes(4, "big")).digest(length)


def in_whole_numbers(vector: list[int], bits: int) -> int:
    """The definition without a float, for at most 4,096 coordinates: signs, scipy's Hadamard matrix, signs, >."""
    words = np.frombuffer(shake("spread", 0, 2 * len(vector)), dtype="<u2")
    signed = [-value if word >> 15 else value for value, word in zip(vector, words, strict=True)]
    length = 1
    while length < max(len(signed), bits):
        length *= 2
    matrix = hadamard(length).astype(object)
    rotated = matrix @ np.array(signed + [0] * (length - len(signed)), dtype=object)
    ones = np.unpackbits(np.frombuffer(shake("turn", 0, -(-length // 8)), np.uint8))
    projections = matrix @ np.where(ones[:length], -rotated, rotated)
    return int("".join(str(int(value > 0)) for value in projections[:bits]), 2)


@pytest.mark.parametrize("length", [1, 2, 3, 17, 100, 300])
def test_digests_are_those_of_exact_arithmetic(length: int) -> None:
    # Multiples of 2^-10 below 8 lie on the grid, so nothing is rounded.
    numbers = np.random.default_rng(length).integers(-(1 << 13), 1 << 13, length)
    vector = numbers.astype(np.float32) / np.float32(1024)
    assert simhash(vector, bits=128, key=KEY) == in_whole_numbers(numbers.tolist(), 128)


@pytest.mark.parametrize(
    ("length", "bits", "start"),
    [(784, 256, "f7a1d3ebb77267e6"), (5000, 1024, "21414e3763b8b2a9"), (300_000, 64, "31f359a2873149c4")],
)
def test_digests_never_change(length: int, bits: int, start: str) -> None:
    # Without a library's generator: whole numbers from shake-256.
    raw = np.frombuffer(hashlib.shake_256(b"vector").digest(4 * length), dtype="<i4")
    digest = simhash(raw.astype(np.float32), bits=bits, key=KEY)
    assert digest.to_bytes(bits // 8, "big").hex()[:16] == start


@pytest.mark.parametrize("length", [64, 784, 50_000])
@pytest.mark.parametrize("noise", [0.01, 0.1, 1.0])
def test_distance_measures_the_angle(length: int, noise: float) -> None:
    left = random_vector(length)
    right = np.add(left, np.float32(noise) * random_vector(length, 1), dtype=np.float32)
    exact = float(left.astype(np.float64) @ right) / float(np.linalg.norm(left) * np.linalg.norm(right))
    bits = 4096
    distances = [
        (simhash(left, bits=bits, key=key) ^ simhash(right, bits=bits, key=key)).bit_count() for key in keys(4)
    ]
    expected = bits * np.arccos(min(1.0, exact)) / np.pi
    assert sum(distances) / 4 == pytest.approx(expected, rel=0.1, abs=6)


@pytest.mark.parametrize(("length", "bits"), [(64, 256), (784, 256), (200, 1024), (20_000, 256)])
def test_distances_vary_no_more_than_those_of_independent_bits(length: int, bits: int) -> None:
    left = random_vector(length)
    right = np.add(left, np.float32(0.3) * random_vector(length, 1), dtype=np.float32)
    distances = [(simhash(left, bits=bits, key=k) ^ simhash(right, bits=bits, key=k)).bit_count() for k in keys(120)]
    share = float(np.mean(distances)) / bits
    assert np.var(distances) < 1.5 * bits * share * (1 - share)


def test_a_large_coordinate_does_not_hide_the_others() -> None:
    # Without the rotation every sign would be that of the first coordinate, and both digests the same.
    left = np.zeros(1000, dtype=np.float32)
    left[0] = 1
    right = left.copy()
    right[1:] = 0.9 / np.sqrt(999)
    difference = (simhash(left, bits=1024, key=KEY) ^ simhash(right, bits=1024, key=KEY)).bit_count()
    assert difference == pytest.approx(1024 * np.arctan(0.9) / np.pi, rel=0.15)


def test_another_key_gives_an_unrelated_digest() -> None:
    vector = random_vector(784)
    digests = [simhash(vector, bits=256, key=key) for key in keys(12)]
    distances = [(a ^ b).bit_count() for index, a in enumerate(digests) for b in digests[:index]]
    assert min(distances) > 90
    assert max(distances) < 166


vectors = arrays.arrays(
    np.float32,
    st.integers(1, 60),
    elements=st.floats(-(2.0**127), 2.0**127, width=32),
).filter(lambda vector: bool(vector.any()))


@settings(max_examples=50, deadline=None)
@given(vectors)
def test_scale_by_a_power_of_two_changes_nothing(vector: Float32) -> None:
    half = (vector / 2).astype(np.float32)
    if (half * 2 == vector).all():
        assert simhash(half, bits=64, key=KEY) == simhash(vector, bits=64, key=KEY)


@settings(max_examples=50, deadline=None)
@given(vectors)
def test_the_opposite_vector_has_the_opposite_bits_or_ties(vector: Float32) -> None:
    both = simhash(vector, bits=64, key=KEY) & simhash(-vector, bits=64, key=KEY)
    assert both == 0


def test_layout_in_memory_changes_nothing() -> None:
    wide = np.random.default_rng(3).standard_normal((5000, 7)).astype(np.float32)
    column = wide[:, 3]
    assert simhash(column, bits=256, key=KEY) == simhash(column.copy(), bits=256, key=KEY)
    assert simhash(column[::-1], bits=256, key=KEY) == simhash(column[::-1].copy(), bits=256, key=KEY)


def test_memory_does_not_grow_with_the_vector() -> None:
    vector = np.ones(3_000_000, dtype=np.float32)
    assert peak_bytes(lambda: simhash(vector, bits=1024, key=KEY)) < 20_000_000


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.zeros(0, dtype=np.float32), r"shape \(0,\)"),
        (np.zeros(5, dtype=np.float32), "5 zeros has no direction"),
        (np.ones(5, dtype=np.float16), "float16 of shape"),
        (np.ones((5, 5), dtype=np.float32), r"shape \(5, 5\)"),
        (np.array([1, np.nan], dtype=np.float32), "from nan to nan"),
        (np.array([1, np.inf], dtype=np.float32), "to inf"),
        (np.array([1, -np.inf], dtype=np.float32), "from -inf"),
    ],
)
def test_what_has_no_direction_has_no_digest(vector: Float32, words: str) -> None:
    with pytest.raises(HashError, match=words):
        simhash(vector, bits=256, key=KEY)


@pytest.mark.parametrize("bits", [0, -8, 12, 4104])
def test_lengths_that_cannot_be_are_refused(bits: int) -> None:
    with pytest.raises(HashError, match=f"{bits} bits"):
        simhash(np.ones(5, dtype=np.float32), bits=bits, key=KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(HashError, match="a key of 5 bytes, expected 32"):
        simhash(np.ones(5, dtype=np.float32), bits=256, key=b"short")

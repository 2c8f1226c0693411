"""Distances in bits against counting bit by bit, and histograms against listing every pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import HashError
from verifier.hamming import Digests, distance_blocks, distances, neighbours, neighbours_by_faiss, pack
from verifier.hamming_bench import bench_hamming, faiss_histogram, numpy_histogram, random_digests, smallest_set
from verifier.pair_histogram import MAXIMUM_DIGESTS, pair_histogram

LENGTHS = (64, 256, 1024)


def slow_histogram(values: list[int], bits: int) -> list[int]:
    """Pair by pair, digit by digit."""
    counts = [0] * (bits + 1)
    for left, right in combinations(values, 2):
        counts[bin(left ^ right).count("1")] += 1
    return counts


@given(
    st.sampled_from(LENGTHS).flatmap(lambda bits: st.lists(st.integers(0, (1 << bits) - 1)).map(lambda x: (bits, x)))
)
def test_distances_are_the_bits_that_differ(drawn: tuple[int, list[int]]) -> None:
    bits, values = drawn
    packed = pack(values, bits=bits)
    found = distances(packed, packed)
    assert found.tolist() == [[bin(left ^ right).count("1") for right in values] for left in values]


@settings(max_examples=40, deadline=None)  # the first of each length compiles
@given(st.sampled_from(LENGTHS), st.integers(0, 60), st.integers(0, 3), st.integers(1, 3))
def test_every_pair_is_counted_once(bits: int, count: int, seed: int, threads: int) -> None:
    generator = np.random.default_rng(seed)
    values = [int.from_bytes(generator.bytes(bits // 8), "big") >> int(generator.integers(bits)) for _ in range(count)]
    assert pair_histogram(pack(values, bits=bits), threads=threads).tolist() == slow_histogram(values, bits)


@pytest.mark.parametrize("bits", LENGTHS)
@pytest.mark.parametrize("count", [511, 512, 513, 1023, 1024, 1025, 1027, 2050])
def test_pairs_are_counted_across_blocks_and_tasks(bits: int, count: int) -> None:
    digests = random_digests(count, bits)
    listed = distances(digests, digests)[np.triu_indices(count, 1)]
    expected = np.bincount(listed, minlength=bits + 1)
    assert (pair_histogram(digests) == expected).all()
    assert (numpy_histogram(digests) == expected).all()


def test_equal_and_opposite_digests_are_at_the_ends() -> None:
    ones = (1 << 256) - 1
    counts = pair_histogram(pack([0] * 700 + [ones] * 800, bits=256))
    assert {place: int(counts[place]) for place in np.flatnonzero(counts)} == {
        0: 700 * 699 // 2 + 800 * 799 // 2,
        256: 700 * 800,
    }


def test_random_digests_differ_in_half_of_their_bits() -> None:
    counts = pair_histogram(random_digests(3000, 256))
    mean = (counts * np.arange(257)).sum() / counts.sum()
    assert mean == pytest.approx(128, abs=0.1)
    assert counts[:60].sum() == 0


def planted(bits: int) -> tuple[Digests, Digests]:
    """Random digests, some of the right a few bits from some of the left."""
    left, right = random_digests(90, bits), random_digests(5000, bits)[90:].copy()
    for row, place, flipped in ((0, 4000, 0), (7, 0, 4), (7, 1, 5), (89, 4909, 4), (20, 2048, 6)):
        right[place] = left[row]
        right[place, 0] ^= np.uint64((1 << flipped) - 1)
    return left, right


@pytest.mark.parametrize("bits", LENGTHS)
def test_neighbours_are_those_within_the_threshold(bits: int) -> None:
    left, right = planted(bits)
    found = neighbours(left, right, 4 if bits > 64 else 2)
    assert found.tolist() == np.argwhere(distances(left, right) <= (4 if bits > 64 else 2)).tolist()
    assert [0, 4000] in found.tolist()
    if bits > 64:
        assert found.tolist() == [[0, 4000], [7, 0], [89, 4909]]


@pytest.mark.parametrize("bits", LENGTHS)
def test_faiss_finds_the_same(bits: int) -> None:
    pytest.importorskip("faiss")
    left, right = planted(bits)
    for threshold in (0, 4, 5, 20):
        assert (neighbours_by_faiss(left, right, threshold) == neighbours(left, right, threshold)).all()
    digests = random_digests(100, bits)
    assert (faiss_histogram(digests) == pair_histogram(digests)).all()


def test_blocks_cover_everything_once() -> None:
    left, right = random_digests(70, 64), random_digests(9000, 64)
    whole = np.full((70, 9000), 999, dtype=np.uint16)
    for row, column, block in distance_blocks(left, right):
        place = whole[row : row + block.shape[0], column : column + block.shape[1]]
        assert (place == 999).all()
        place[:] = block
    assert (whole == distances(left, right)).all()


@pytest.mark.parametrize(("value", "bits"), [(1 << 256, 256), (-1, 256), (0, 100), (0, 0)])
def test_digests_that_do_not_fit_are_refused(value: int, bits: int) -> None:
    with pytest.raises(HashError, match=f"{bits} bits"):
        pack([value], bits=bits)


def test_digests_of_unlike_lengths_and_other_arrays_are_refused() -> None:
    with pytest.raises(HashError, match="digests of 64 and 256 bits"):
        distances(random_digests(2, 64), random_digests(2, 256))
    with pytest.raises(HashError, match="float64 of shape"):
        pair_histogram(np.zeros((3, 4)))  # type: ignore[arg-type]
    with pytest.raises(HashError, match=r"shape \(3,\)"):
        pair_histogram(np.zeros(3, dtype=np.uint64))
    with pytest.raises(HashError, match=f"at most {MAXIMUM_DIGESTS}"):
        pair_histogram(np.broadcast_to(np.zeros(1, dtype=np.uint64), (MAXIMUM_DIGESTS + 1, 1)))


@given(st.integers(1, 10**14))
def test_the_smallest_set_with_so_many_pairs_is_compared(count: int) -> None:
    number = smallest_set(count)
    assert number * (number - 1) // 2 >= count
    assert number == 2 or (number - 1) * (number - 2) // 2 < count


def test_a_benchmark_counts_what_it_says_with_every_method() -> None:
    report = bench_hamming(count=10_000, bits=256, repeats=2)
    assert report.comparisons == 10_011 == sum(report.histogram)
    document = report.to_json()
    assert document["methods"][0]["ratio"] == 1
    assert {"pair_histogram", "numpy"} <= {method["name"] for method in document["methods"]}
    assert sum(document["histogram"].values()) == 10_011

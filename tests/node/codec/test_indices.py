"""Index codes: one payload for one support, close to the limit where nothing can be gained, below it where it can."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.codec import buckets, indices, rice
from node.codec.indices import IndexCodec
from node.errors import MalformedMessage

Int64 = npt.NDArray[np.int64]

GAPS = st.lists(st.one_of(st.integers(0, 70), st.integers(0, 4095)), min_size=1, max_size=300)


def uniform_support(chunks: int, length: int, count: int, seed: int) -> Int64:
    """`count` of `length` indices of each chunk, ascending, every support as likely."""
    generator = np.random.Generator(np.random.PCG64(seed))
    rows = [np.sort(generator.choice(length, count, replace=False)) for _ in range(chunks)]
    return np.concatenate(rows)


def support_bits(length: int, count: int) -> float:
    """log2 of the number of supports, per index."""
    return (math.lgamma(length + 1) - math.lgamma(count + 1) - math.lgamma(length - count + 1)) / math.log(2) / count


@pytest.mark.parametrize("count", [16, 64, 256])
def test_even_supports_cost_two_per_cent_over_the_limit_at_most(count: int) -> None:
    chunks = 200
    support = uniform_support(chunks, 4096, count, seed=count)
    _, payload = indices.encode(support, np.full(chunks, count))
    assert 8 * len(payload) / len(support) <= 1.02 * support_bits(4096 * chunks, count * chunks)


def test_clustered_supports_cost_less_than_the_limit_for_even_ones() -> None:
    support = np.concatenate([np.arange(start, start + 64) for start in (0, 900, 77, 3000, 4032)])
    codec, payload = indices.encode(support, np.full(5, 64))
    assert codec is IndexCodec.BUCKETS
    assert 8 * len(payload) / len(support) < support_bits(4096, 64)


@pytest.mark.parametrize("codec", [rice, buckets])
@settings(max_examples=200, deadline=None)
@given(gaps=GAPS)
def test_gaps_come_back(codec: object, gaps: list[int]) -> None:
    array = np.array(gaps, dtype=np.uint16)
    payload = codec.encode(array)  # type: ignore[attr-defined]
    assert codec.decode(memoryview(payload), len(gaps)).tolist() == gaps  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(gaps=GAPS)
def test_no_rice_payload_is_longer_than_the_limit(gaps: list[int]) -> None:
    assert len(rice.encode(np.array(gaps, dtype=np.uint16))) <= rice.payload_limit(len(gaps))


@settings(max_examples=100, deadline=None)
@given(gaps=GAPS, data=st.data())
def test_a_changed_rice_payload_is_refused_or_means_something_else(gaps: list[int], data: st.DataObject) -> None:
    array = np.array(gaps, dtype=np.uint16)
    payload = bytearray(rice.encode(array))
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    payload[bit // 8] ^= 1 << bit % 8
    try:
        found = rice.decode(memoryview(bytes(payload)), len(gaps))
    except MalformedMessage:
        return
    assert found.tolist() != gaps


def test_best_parameter_is_the_best_of_all() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    for mean in (0, 0.3, 1, 5, 60, 300, 1000, 4000):
        gaps = np.minimum(generator.exponential(mean + 1e-9, 500), 4095).astype(np.uint16)
        bits = [sum((int(gap) >> b) + 1 + b for gap in gaps) for b in range(13)]
        assert rice.best_parameter(gaps) == bits.index(min(bits))


def test_short_chunks_are_counted_by_themselves() -> None:
    support = np.array([0, 4095, 3, 4, 5, 1])
    counts, lengths = np.array([2, 3, 1]), np.array([4096, 4096, 2])
    codec, payload = indices.encode(support, counts)
    assert indices.decode(codec, memoryview(payload), counts, lengths).tolist() == support.tolist()
    with pytest.raises(MalformedMessage, match="index 1 in chunk 2 of length 1"):
        indices.decode(codec, memoryview(payload), counts, np.array([4096, 4096, 1]))

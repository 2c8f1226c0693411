"""Exactly the largest magnitudes, ties to the lower index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from node.codec.select import Float32, largest


def assert_largest(values: Float32, count: int) -> None:
    indices, survivors = largest(values, count)
    expected = np.sort(np.argsort(-np.abs(values), axis=1, kind="stable")[:, :count], axis=1)
    assert np.array_equal(indices, expected)
    assert np.take_along_axis(values, expected, axis=1).tobytes() == survivors.tobytes()


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 256, 1024, 2048, 2049, 4095, 4096])
def test_full_chunks_keep_the_largest(count: int) -> None:
    generator = np.random.Generator(np.random.PCG64(count))
    assert_largest(generator.standard_normal((130, 4096)).astype(np.float32), count)


@pytest.mark.parametrize("count", [1, 64, 500, 2048, 4095])
@pytest.mark.parametrize("levels", [1, 2, 40])
def test_ties_go_to_the_lower_index(count: int, levels: int) -> None:
    generator = np.random.Generator(np.random.PCG64(levels))
    values = (generator.integers(-levels, levels + 1, size=(67, 4096)) / 64).astype(np.float32)
    assert_largest(values, count)


def test_all_zero_chunk_keeps_its_first_elements() -> None:
    values = np.zeros((2, 4096), dtype=np.float32)
    values[1] = -0.0
    indices, _ = largest(values, 64)
    assert np.array_equal(indices, np.tile(np.arange(64), (2, 1)))


def test_large_values_packed_into_one_corner_are_all_kept() -> None:
    """The groups whose maxima bound the search must not hide neighbours from each other."""
    for start in (0, 100, 4096 - 64):
        values = np.full((1, 4096), 1e-3, dtype=np.float32)
        values[0, start : start + 64] = np.linspace(1, 2, 64)
        indices, _ = largest(values, 64)
        assert np.array_equal(indices[0], np.arange(start, start + 64))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), length=st.integers(1, 300))
def test_short_chunks_keep_the_largest(data: st.DataObject, length: int) -> None:
    floats = st.floats(-31, 31, width=32, allow_nan=False)
    values = data.draw(hnp.arrays(np.float32, (1, length), elements=floats))
    assert_largest(values, data.draw(st.integers(1, length)))

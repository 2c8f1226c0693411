"""Dealing examples out to shards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import TaskError
from node.tasks.splits import Split, partition

SPLITS = st.one_of(
    st.just(Split()), st.floats(min_value=1e-300, max_value=1e6).map(lambda alpha: Split("dirichlet", alpha))
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, int, Split, int]:
    labels = np.array(draw(st.lists(st.integers(0, 9), min_size=1, max_size=200)), dtype=np.uint8)
    return labels, draw(st.integers(1, len(labels))), draw(SPLITS), draw(st.integers(0, 2**32))


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@settings(deadline=None)
@given(cases())
def test_every_example_lands_in_exactly_one_shard_and_no_shard_is_empty(
    case: tuple[np.ndarray, int, Split, int],
) -> None:
    labels, count, split, seed = case
    parts = partition(labels, count, split, _generator(seed))
    assert len(parts) == count
    assert all(len(part) > 0 and part.dtype == np.int64 for part in parts)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(labels)))


@settings(deadline=None)
@given(cases())
def test_equal_seeds_give_equal_shards(case: tuple[np.ndarray, int, Split, int]) -> None:
    labels, count, split, seed = case
    first = partition(labels, count, split, _generator(seed))
    second = partition(labels, count, split, _generator(seed))
    assert all(np.array_equal(left, right) for left, right in zip(first, second, strict=True))


def test_different_seeds_give_different_shards() -> None:
    labels = np.arange(100) % 10
    for split in (Split(), Split("dirichlet", 0.5)):
        first, second = (partition(labels, 4, split, _generator(seed)) for seed in (1, 2))
        assert not all(np.array_equal(left, right) for left, right in zip(first, second, strict=True))


@given(st.integers(1, 300), st.integers(1, 40))
def test_an_iid_cut_is_even(examples: int, count: int) -> None:
    if count > examples:
        examples, count = count, examples
    sizes = [len(part) for part in partition(np.zeros(examples, dtype=np.uint8), count, Split(), _generator(0))]
    assert max(sizes) - min(sizes) <= 1


def test_a_smaller_concentration_gives_less_alike_shards() -> None:
    labels = np.arange(5000) % 10

    def largest_class_share(split: Split) -> float:
        parts = partition(labels, 10, split, _generator(3))
        return float(np.mean([np.bincount(labels[part]).max() / len(part) for part in parts]))

    shares = [largest_class_share(split) for split in (Split("dirichlet", 0.1), Split("dirichlet", 1.0), Split())]
    assert shares[0] > shares[1] > shares[2]
    assert shares[0] > 0.5
    assert shares[2] < 0.2


def test_fewer_examples_than_shards_are_refused_with_both_numbers() -> None:
    with pytest.raises(TaskError, match="3 examples cannot be cut into 4 shards"):
        partition(np.zeros(3, dtype=np.uint8), 4, Split(), _generator(0))


def test_a_split_is_read_as_the_manifest_writes_it() -> None:
    assert Split.parse("iid") == Split()
    assert Split.parse("dirichlet(0.5)") == Split("dirichlet", 0.5)
    assert Split.parse("dirichlet(2)") == Split("dirichlet", 2.0)


@pytest.mark.parametrize(
    "text", ["", "IID", "dirichlet", "dirichlet()", "dirichlet(0)", "dirichlet(-1)", "dirichlet(nan)", "dirichlet(1) "]
)
def test_any_other_split_is_refused(text: str) -> None:
    with pytest.raises(TaskError):
        Split.parse(text)

"""Power iteration in integers, against a diagonalisation in floats."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.principal import STEPS, UNIT_BITS, centred, principal, principal_difference
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import Float64, gram_of

ONE = 1 << UNIT_BITS


def cosines_of(vectors: Float64) -> Float64:
    rows = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    return np.asarray(rows @ rows.T)


@pytest.mark.parametrize("count", [1, 2, 15, 128])
def test_what_most_share_is_the_first_eigenvector(count: int) -> None:
    vectors = peers(count)
    known = np.array(gram_of(vectors).cosines_q30, dtype=np.int64) >> 30 - UNIT_BITS
    found = principal(known, np.full(count, ONE)) / ONE
    expected = np.linalg.eigh(cosines_of(vectors))[1][:, -1]
    expected /= expected[np.argmax(np.abs(expected))]
    assert found.max() == 1
    assert np.abs(found - expected).max() < 1e-3


def test_centring_takes_the_mean_away() -> None:
    vectors = peers(15)
    known = np.array(gram_of(vectors).cosines_q30, dtype=np.int64) >> 30 - UNIT_BITS
    rows = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    rows -= rows.mean(axis=0)
    assert np.abs(centred(known) / ONE - rows @ rows.T).max() < 1e-4


def test_the_direction_in_which_one_differs_from_all_is_found() -> None:
    vectors = np.tile(np.eye(4)[0], (9, 1))
    vectors[4] = np.eye(4)[1]
    found = principal_difference(np.array(gram_of(vectors).cosines_q30, dtype=np.int64) >> 30 - UNIT_BITS)
    assert found[4] == ONE
    assert np.abs(8 * np.delete(found, 4) + ONE).max() <= 2 * STEPS


@pytest.mark.parametrize("count", [1, 2, 7, 15, 128])
def test_where_all_are_equal_or_equally_unlike_there_is_no_difference(count: int) -> None:
    equal = np.full((count, count), ONE)
    unlike = ONE * np.eye(count, dtype=np.int64)
    nearly = equal - np.random.default_rng(1).integers(0, 4, (count, count))
    for cosines in (equal, unlike, nearly):
        assert not principal_difference(cosines).any()

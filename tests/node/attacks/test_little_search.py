"""The largest z that Multi-Krum would keep, against Multi-Krum written down on whole vectors."""

from __future__ import annotations

import numpy as np
import pytest

from node.attacks import AttackView, load_attack
from node.attacks.little_search import largest_z
from tests.node.attacks.scene import HONEST, KNOWN, MEAN, OWN, Float64, view_of

DEVIATION = np.sqrt(((HONEST - MEAN) ** 2).mean(axis=0))


def kept_copies(z: float, copies: int) -> int:
    """How many of the copies Multi-Krum keeps among its n - f best when ties go to them."""
    rows: list[Float64] = [*HONEST, *[MEAN - z * DEVIATION] * copies]
    n = len(rows)
    scores = []
    for i in range(n):
        distances = sorted(float(((rows[i] - rows[j]) ** 2).sum()) for j in range(n) if j != i)
        scores.append(sum(distances[: n - copies - 2]))
    order = sorted(range(n), key=lambda i: (round(scores[i], 9), -i))
    return sum(i >= len(HONEST) for i in order[: n - copies])


@pytest.mark.parametrize("copies", [1, 2, 4, 6])
def test_the_search_ends_where_the_copies_would_no_longer_be_kept(copies: int) -> None:
    z = largest_z(HONEST, copies)
    assert 0 < z < 10
    assert kept_copies(z, copies) == copies
    assert kept_copies(z + 0.05, copies) < copies


def test_the_message_is_the_mean_moved_by_that_z() -> None:
    z = largest_z(HONEST, 4)
    sent = load_attack("alie-search").poison_update(OWN, view_of())
    np.testing.assert_allclose(sent, MEAN - z * DEVIATION, rtol=1e-5, atol=1e-8)


def test_a_lone_update_and_a_lone_attacker_are_enough() -> None:
    for known in ({2: KNOWN[2]}, {2: KNOWN[2], 3: KNOWN[3]}):
        assert np.isfinite(load_attack("alie-search").poison_update(OWN, view_of(known_updates=known, count=1))).all()
    np.testing.assert_array_equal(load_attack("alie-search").poison_update(OWN, AttackView(round=1)), OWN)

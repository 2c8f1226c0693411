"""Attacks that send the honest mean, scaled or moved: each against its formula, written down anew in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

from node.attacks import AttackView, load_attack
from node.attacks.deviation_search import largest_accepted
from node.attacks.little_is_enough import published_z
from tests.node.attacks.scene import HONEST, KNOWN, MEAN, NORM, OWN, Float64, cosine, norm, said, view_of

DEVIATION: Float64 = np.sqrt(((HONEST - MEAN) ** 2).sum(axis=0) / len(HONEST))


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 1.1])
def test_ipm_sends_the_mean_times_minus_epsilon(epsilon: float) -> None:
    sent = load_attack(f"ipm-{epsilon}").poison_update(OWN, view_of())
    np.testing.assert_allclose(sent, -epsilon * MEAN, rtol=1e-6, atol=1e-9)


def test_ipm_of_a_peer_that_knows_nothing_turns_its_own_update() -> None:
    sent = load_attack("ipm-0.5").poison_update(OWN, AttackView(round=1))
    np.testing.assert_allclose(sent, -0.5 * OWN.astype(np.float64), rtol=1e-6)


def test_reverse_is_the_mean_turned_round_at_the_length_that_clipping_allows() -> None:
    sent = load_attack("reverse").poison_update(OWN, view_of())
    assert cosine(sent, MEAN) == pytest.approx(-1, abs=1e-9)
    assert norm(sent) == pytest.approx(NORM, rel=1e-5)
    sent = load_attack("reverse").poison_update(OWN, view_of(sent=said))
    assert norm(said(sent)) == pytest.approx(NORM, rel=0.02)


def test_colluders_agree_but_for_a_128th_of_the_length() -> None:
    first, third = (load_attack("ipm-1.0").poison_update(OWN, view_of(index=index)) for index in (0, 2))
    np.testing.assert_allclose(third, first * (1 + 2 / 128), rtol=1e-6)


def test_alie_moves_every_coordinate_by_z_deviations() -> None:
    z = published_z(9, 4)
    sent = load_attack("alie").poison_update(OWN, view_of())
    np.testing.assert_allclose(sent, MEAN - z * DEVIATION, rtol=1e-5, atol=1e-9)
    sent = load_attack("alie-1.5").poison_update(OWN, view_of())
    np.testing.assert_allclose(sent, MEAN - 1.5 * DEVIATION, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("n", "f"), [(15, 6), (15, 3), (13, 4), (50, 24)])
def test_alie_takes_the_published_z(n: int, f: int) -> None:
    lacking = math.floor(n / 2 + 1) - f
    below_z = (1 + math.erf(published_z(n - f, f) / math.sqrt(2))) / 2
    assert below_z == pytest.approx((n - f - lacking) / (n - f), abs=1e-12)


@pytest.mark.parametrize(("honest", "colluders"), [(1, 1), (1, 60), (2, 1), (5, 6), (2, 9)])
def test_alie_has_a_z_for_every_crowd(honest: int, colluders: int) -> None:
    assert 0 <= published_z(honest, colluders) < 3


def test_alie_of_a_peer_that_knows_nothing_sends_its_own_update() -> None:
    np.testing.assert_array_equal(load_attack("alie").poison_update(OWN, AttackView(round=1)), OWN)


def distances(vector: Float64) -> Float64:
    squared: Float64 = ((HONEST - vector) ** 2).sum(axis=1)
    return squared


def published_search(measure: str, deviation: Float64) -> float:
    """The authors' loop, on whole vectors."""
    table = np.stack([distances(row) for row in HONEST])
    limit = table.max() if measure == "max" else table.sum(axis=1).max()
    gamma, step, found = 10.0, 10.0, 0.0
    while abs(found - gamma) > 1e-5:
        reached = distances(MEAN + gamma * deviation)
        fits = (reached.max() if measure == "max" else reached.sum()) <= limit
        found, gamma = (gamma, gamma + step / 2) if fits else (found, gamma - step / 2)
        step /= 2
    return found


@pytest.mark.parametrize("measure", ["max", "sum"])
@pytest.mark.parametrize("kind", ["unit", "sign", "std"])
def test_min_max_and_min_sum_go_as_far_as_the_distances_allow(measure: str, kind: str) -> None:
    directions = {"unit": -MEAN / np.sqrt(MEAN @ MEAN), "sign": -np.sign(MEAN), "std": -DEVIATION}
    gamma = published_search(measure, directions[kind])
    name = f"min-{measure}" if kind == "unit" else f"min-{measure}-{kind}"
    sent = load_attack(name).poison_update(OWN, view_of())
    direction, moved = directions[kind], sent - MEAN
    assert gamma > 0
    assert moved @ direction / (direction @ direction) == pytest.approx(gamma, abs=3e-5)
    np.testing.assert_allclose(sent, MEAN + gamma * direction, atol=3e-5 * np.abs(direction).max())


def test_the_search_ends_at_the_boundary() -> None:
    for boundary in (0.0, 0.001, 3.7, 12.5, 19.9):
        assert largest_accepted(lambda gamma, limit=boundary: gamma <= limit) == pytest.approx(boundary, abs=2e-5)
    assert largest_accepted(lambda gamma: True) == pytest.approx(20, abs=2e-5)


def test_one_known_update_gives_no_room_to_move() -> None:
    sent = load_attack("min-max").poison_update(OWN, view_of(known_updates={2: KNOWN[2]}))
    np.testing.assert_allclose(sent, KNOWN[2], rtol=1e-6, atol=1e-7)

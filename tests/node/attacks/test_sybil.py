"""Attacks of seats that act as one."""

from __future__ import annotations

import numpy as np
import pytest

from node.attacks import load_attack
from tests.node.attacks.scene import HONEST, KNOWN, MEAN, NORM, OWN, cosine, norm, said, view_of


def test_a_sybil_pulls_back_as_much_as_sideways_at_honest_length() -> None:
    sent = load_attack("sybil").poison_update(OWN, view_of())
    assert norm(sent) == pytest.approx(NORM, rel=1e-5)
    assert cosine(sent, MEAN) == pytest.approx(-1 / np.sqrt(2), abs=1e-6)


def test_sybils_share_a_direction_which_changes_with_the_round() -> None:
    first, second = (load_attack("sybil").poison_update(OWN, view_of(index=index)) for index in (0, 3))
    assert cosine(first, second) == pytest.approx(1, abs=1e-9)
    later = load_attack("sybil").poison_update(OWN, view_of(round=4))
    assert cosine(first, later) == pytest.approx(1 / 2, abs=0.05)  # what is left in common is -m


def test_duplicate_sybils_are_equal_to_the_byte() -> None:
    sent = [load_attack("sybil-duplicate").poison_update(OWN, view_of(index=index, sent=said)) for index in range(4)]
    assert len({vector.tobytes() for vector in sent}) == 1
    assert norm(said(sent[0])) == pytest.approx(NORM, rel=0.02)


def test_noisy_sybils_look_alike_but_not_equal() -> None:
    first, second = (load_attack("sybil-noise").poison_update(OWN, view_of(index=index)) for index in (0, 1))
    assert norm(first) == pytest.approx(NORM, rel=1e-5)
    assert cosine(first, second) == pytest.approx(1 / 1.25, abs=0.03)
    assert cosine(first, MEAN) == pytest.approx(-1 / np.sqrt(2 * 1.25), abs=0.03)


def test_decoys_cancel_in_pairs_and_leave_the_pull_against_the_mean() -> None:
    sent = [load_attack("orthogonal-decoys").poison_update(OWN, view_of(index=index)) for index in range(5)]
    unscaled = [vector.astype(np.float64) / norm(vector) for vector in sent]
    for vector in unscaled:
        assert cosine(vector, MEAN) == pytest.approx(-0.25, abs=1e-6)
    assert cosine(sent[0], sent[1]) == pytest.approx(-(1 - 1 / 16) + 1 / 16, abs=1e-6)
    assert cosine(sent[0], sent[2]) == pytest.approx(1 / 16, abs=1e-6)
    assert cosine(sent[3], sent[4]) == pytest.approx(1 / 16, abs=1e-6)
    assert cosine(unscaled[0] + unscaled[1], MEAN) == pytest.approx(-1, abs=1e-6)
    assert norm(sent[0]) == pytest.approx(NORM, rel=1e-5)


def test_churning_sybils_are_honest_attack_and_leave_by_turns() -> None:
    attack = load_attack("sybil-churn")
    sent = {number: attack.poison_update(OWN, view_of(round=number)) for number in range(1, 12)}
    assert [number for number in range(1, 14) if not attack.reveals_in(number)] == [6, 12]
    for number in (1, 2, 7, 8):
        assert cosine(sent[number], OWN) == pytest.approx(1, abs=1e-9)
    for number in (3, 4, 5, 9, 10, 11):
        assert cosine(sent[number], MEAN) == pytest.approx(-1 / np.sqrt(2), abs=1e-6)
    assert cosine(sent[3], sent[5]) == pytest.approx(1, abs=1e-9)
    assert cosine(sent[3], sent[9]) == pytest.approx(1 / 2, abs=0.05)
    assert all(norm(vector) == pytest.approx(NORM, rel=1e-5) for vector in sent.values())


def test_alternating_is_honest_in_odd_rounds_and_reverses_the_mean_in_even_ones() -> None:
    odd, even = (load_attack("alternating").poison_update(OWN, view_of(round=number)) for number in (3, 4))
    assert cosine(odd, OWN) == pytest.approx(1, abs=1e-9)
    assert cosine(even, MEAN) == pytest.approx(-1, abs=1e-9)
    assert norm(odd) == pytest.approx(NORM, rel=1e-5)
    assert norm(even) == pytest.approx(NORM, rel=1e-5)


def test_two_groups_lean_to_opposite_sides() -> None:
    first, second, third = (load_attack("two-groups").poison_update(OWN, view_of(index=index)) for index in range(3))
    assert cosine(first, second) == pytest.approx(0, abs=1e-6)  # 1/2 from -m, -1/2 from u
    assert cosine(first, third) == pytest.approx(1, abs=1e-9)
    assert cosine(second, MEAN) == pytest.approx(-1 / np.sqrt(2), abs=1e-6)


def test_slow_drift_turns_nine_degrees_a_round_and_stops_at_the_reverse() -> None:
    turned = {number: load_attack("slow-drift").poison_update(OWN, view_of(round=number)) for number in (1, 10, 20, 30)}
    angles = {number: np.degrees(np.arccos(np.clip(cosine(vector, MEAN), -1, 1))) for number, vector in turned.items()}
    assert angles == pytest.approx({1: 9, 10: 90, 20: 180, 30: 180}, abs=0.05)
    assert norm(turned[10]) == pytest.approx(NORM, rel=1e-5)


def test_subspace_capture_keeps_one_direction_almost_orthogonal_to_the_mean() -> None:
    attack = load_attack("subspace-capture")
    first, second = (attack.poison_update(OWN, view_of(round=number)) for number in (3, 4))
    assert cosine(first, MEAN) == pytest.approx(-0.3, abs=1e-6)
    assert cosine(first, second) == pytest.approx(1, abs=1e-9)
    assert norm(first) == pytest.approx(NORM, rel=1e-5)


def test_tiny_norm_is_the_reversed_mean_and_can_still_be_read() -> None:
    sent = load_attack("tiny-norm").poison_update(OWN, view_of())
    np.testing.assert_allclose(sent, -MEAN / 1000, rtol=1e-6, atol=1e-12)
    assert said(sent).any()


def test_noisy_decoys_have_noise_of_honest_length_each_their_own() -> None:
    first, second = (load_attack("noisy-decoys").poison_update(OWN, view_of(index=index)) for index in (0, 1))
    assert norm(first + MEAN) == pytest.approx(NORM, rel=1e-5)
    assert abs(cosine(first + MEAN, MEAN)) < 0.05
    assert abs(cosine(first + MEAN, second / (1 + 1 / 128) + MEAN)) < 0.05


def test_mimic_copies_the_seat_farthest_out_and_stays_with_it() -> None:
    apart = HONEST - MEAN
    _, _, directions = np.linalg.svd(apart, full_matrices=False)
    seat = sorted(KNOWN)[int(np.abs(apart @ directions[0]).argmax())]
    attack = load_attack("mimic")
    assert np.array_equal(attack.poison_update(OWN, view_of()), KNOWN[seat])
    moved = {other: update if other == seat else 100 * update for other, update in KNOWN.items()}
    assert np.array_equal(attack.poison_update(OWN, view_of(known_updates=moved)), KNOWN[seat])
    del moved[seat]
    assert any(np.array_equal(attack.poison_update(OWN, view_of(known_updates=moved)), moved[o]) for o in moved)


def test_a_pair_of_near_copies_trains_once_and_the_second_adds_a_little_noise() -> None:
    attack = load_attack("near-copy")
    assert [attack.trains_as(seat, [2, 5, 8, 9, 11]) for seat in (2, 5, 8, 9, 11)] == [2, 2, 8, 8, 11]
    first, second = (attack.poison_update(OWN, view_of(index=index)) for index in (0, 1))
    assert first is OWN
    assert norm(second - OWN) == pytest.approx(0.05 * norm(OWN), rel=1e-3)

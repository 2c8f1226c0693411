"""Attacks of seats that act as one."""

from __future__ import annotations

import numpy as np
import pytest

from node.attacks import load_attack
from tests.node.attacks.scene import MEAN, NORM, OWN, cosine, norm, said, view_of


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

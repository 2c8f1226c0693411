"""FLTrust: against the published formula, and what a missing or tiny trusted update means."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.gram import Gram
from node.aggregation.rules import WEIGHT_ONE, RoundContext, parse_rule
from node.aggregation.rules.fltrust import fltrust
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import one_tiny, peers
from tests.node.aggregation.vectors import Float64, clipped, context_of, gram_of


def formula(vectors: Float64, trusted: int) -> Float64:
    """The answer (d,) by equations 2 to 4, the trusted update being one of the updates."""
    norms = np.linalg.norm(vectors, axis=1)
    trust = np.maximum(0, vectors @ vectors[trusted] / norms / norms[trusted])
    return np.asarray((trust * norms[trusted] / norms) @ vectors / trust.sum())


@pytest.mark.parametrize("seed", range(10))
def test_the_answer_is_that_of_the_formula(seed: int) -> None:
    vectors = peers(12, seed, noise=2.0) * np.linspace(0.2, 3.0, 12)[:, None]
    for trusted in (0, 5, 11):
        weights = np.array(fltrust(gram_of(vectors), trusted)) / WEIGHT_ONE
        assert np.abs(weights @ clipped(vectors) - formula(clipped(vectors), trusted)).max() < 1e-3


def test_who_points_elsewhere_has_no_weight() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 0.1]])
    weights = parse_rule("fltrust(seat=1)").weights(gram_of(vectors), context_of(4))
    assert weights[2:] == (0, 0)
    assert weights[0] > weights[1] > 0


def test_any_number_of_opponents_is_withstood() -> None:
    vectors = np.concatenate([peers(3, noise=0.1), -50 * peers(20, noise=0.1)])
    assert sum(weight > 0 for weight in fltrust(gram_of(vectors), 1)) == 3


def test_without_the_trusted_seat_nobody_counts() -> None:
    rule = parse_rule("fltrust(seat=2)")
    gram = gram_of(peers(3))
    assert rule.weights(gram, RoundContext(1, (1, 3, 4))) == (0, 0, 0)
    assert min(rule.weights(gram, RoundContext(1, (1, 2, 4)))) > 0


def test_what_is_too_short_to_have_a_length_has_no_weight() -> None:
    gram = gram_of(one_tiny(5))
    assert fltrust(gram, 2) == (0,) * 5
    assert [weight > 0 for weight in fltrust(gram, 0)] == [True, True, False, True, True]


def test_a_trusted_seat_without_a_direction_trusts_nobody() -> None:
    # Histories have lengths above 0 even where a sketch is all zeros.
    nothing = Gram(((0, 0), (0, WEIGHT_ONE << 14)), (WEIGHT_ONE, WEIGHT_ONE), (0, 0))
    assert fltrust(nothing, 0) == (0, 0)
    assert min(fltrust(nothing, 1)) == 0 < max(fltrust(nothing, 1))


def test_the_trusted_seat_must_exist() -> None:
    parse_rule("fltrust(seat=4)").check_seats(4)
    with pytest.raises(RuleError, match="trusts seat 4, got 3 seats"):
        parse_rule("fltrust(seat=4)").check_seats(3)
    with pytest.raises(RuleError, match="seats count from 1"):
        parse_rule("fltrust(seat=0)")

"""Stages in front of rules: bounds, and weights carried back to the updates."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.rules import WEIGHT_ONE, parse_rule
from node.aggregation.rules.bucketing import buckets
from node.aggregation.rules.geometric_median import geometric_median
from node.aggregation.rules.krum import krum
from node.aggregation.rules.nnm import nearest_neighbours
from node.aggregation.rules.staged import LARGEST_WEIGHT, LONGEST_Q32, within_reach
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import peers
from tests.node.aggregation.vectors import context_of, gram_of


def test_mixing_before_the_geometric_median() -> None:
    known = gram_of(peers(9))
    weights = parse_rule("nnm(f=2)+geometric-median").weights(known, context_of(9))
    matrix = np.array(nearest_neighbours(known, f=2)) / WEIGHT_ONE
    expected = np.array(geometric_median(known.mixed(nearest_neighbours(known, f=2)))) @ matrix
    assert np.abs(weights - expected).max() <= 1
    assert WEIGHT_ONE - 4 * 9 <= sum(weights) <= WEIGHT_ONE


def test_krum_behind_bucketing_keeps_one_bucket() -> None:
    vectors, context = peers(14), context_of(14)
    weights = parse_rule("bucketing(size=2)+krum(f=2)").weights(gram_of(vectors), context)
    members = buckets(context.seats, context.seed, size=2)
    means = np.stack([vectors[bucket].mean(axis=0) for bucket in members])
    assert [i for i, weight in enumerate(weights) if weight] in [sorted(bucket) for bucket in members]
    assert sum(weights) == WEIGHT_ONE
    assert krum(gram_of(means), f=2), "the rule behind sees seven"


def test_history_lets_the_rule_see_what_one_round_does_not_show() -> None:
    histories = peers(9, noise=0.3)
    histories[6:] *= -1
    rule = parse_rule("history+multi-krum(f=3,keep=6)")
    weights = rule.weights(gram_of(np.eye(9)), context_of(9, histories=histories))
    assert [weight > 0 for weight in weights] == [True] * 6 + [False] * 3
    assert rule.needs_history
    with pytest.raises(RuleError, match="history_buckets is 0"):
        rule.weights(gram_of(np.eye(9)), context_of(9))


def test_the_fewest_inputs_are_those_that_suffice_for_every_part() -> None:
    for name, fewest in [
        ("nnm(f=3)+clipped-mean", 7),
        ("nnm(f=1)+krum(f=3)", 9),
        ("bucketing(size=2)+krum(f=3)", 17),
        ("bucketing(size=3)+clipped-mean", 1),
        ("bucketing(size=2)+nnm(f=2)+mda(f=3)", 13),
    ]:
        assert parse_rule(name).fewest_inputs == fewest


def test_bounds_are_refused_with_the_seats_there_are_and_the_part() -> None:
    rule = parse_rule("bucketing(size=2)+krum(f=3)")
    rule.check_seats(17)
    with pytest.raises(RuleError, match=r"^bucketing\(size=2\)\+krum\(f=3\), got 16 seats: krum\(f=3\) needs .* got 8"):
        rule.check_seats(16)
    with pytest.raises(RuleError, match=r"^bucketing\(size=2\)\+krum\(f=3\) needs at least 17 inputs, got 16"):
        rule.weights(gram_of(peers(16)), context_of(16))


def test_lifting_what_cancels_stays_within_the_bound() -> None:
    vectors = peers(8)
    vectors[1::2] = -(1 - 2.0**-6) * vectors[::2]
    known = gram_of(vectors)
    context = context_of(8)
    assert [len(bucket) for bucket in buckets(context.seats, context.seed, size=2)] == [2, 2, 2, 2]
    weights = parse_rule("nnm(f=0)+normalized-mean").weights(known, context)
    reached = sum(weight * norm for weight, norm in zip(weights, known.norms_q16, strict=True))
    assert 0.99 * LONGEST_Q32 < reached <= LONGEST_Q32


def test_weights_are_scaled_down_together_and_toward_zero() -> None:
    assert within_reach((3, -2), (WEIGHT_ONE, WEIGHT_ONE)) == (3, -2)
    assert within_reach((6 * WEIGHT_ONE, -2 * WEIGHT_ONE), (WEIGHT_ONE,) * 2) == (3 * WEIGHT_ONE, -WEIGHT_ONE)
    assert within_reach((4 * LARGEST_WEIGHT, -2), (0, 0)) == (LARGEST_WEIGHT, 0)
    assert within_reach((), ()) == ()

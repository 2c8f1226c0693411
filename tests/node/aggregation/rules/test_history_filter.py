"""The default rule: against the same tests in floats, and whom each of them finds."""

from __future__ import annotations

import numpy as np
import pytest

from node.aggregation.principal import STEPS
from node.aggregation.rules import RoundContext, parse_rule
from node.aggregation.rules.history_filter import history_filter
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import identical, peers
from tests.node.aggregation.vectors import Float64, context_of, gram_of

MAJORITY = frozenset(range(9))


def cosines_of(vectors: Float64) -> Float64:
    rows = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    return np.asarray(rows @ rows.T)


def iterated(products: Float64, start: Float64) -> Float64:
    vector = start
    for _ in range(STEPS):
        vector = products @ vector / np.linalg.norm(products @ vector)
    return vector


def suspicions(repeated: Float64, recent: Float64, lasting: Float64) -> Float64:
    """Largest of the five tests for each, 1 at the limit: the definition in floats."""

    def above(values: Float64, floor: float) -> Float64:
        distances = values - np.median(values)
        return np.asarray(distances / max(float(np.median(np.abs(distances))), floor) / 3)

    def crowded(cosines: Float64) -> Float64:
        return above((np.maximum(cosines - np.eye(len(cosines)), 0) ** 2).sum(axis=1), 0.15)

    def opposed(cosines: Float64) -> Float64:
        direction = iterated(cosines, np.ones(len(cosines)))
        direction = direction * (1 if np.median(direction) >= 0 else -1)
        median = float(np.median(direction))
        return np.asarray(1 + (median / 4 - direction) / median if 2 * median > len(cosines) ** -0.5 else 0 * direction)

    def apart(cosines: Float64) -> Float64:
        centre = np.eye(len(cosines)) - 1 / len(cosines)
        products = centre @ cosines @ centre
        direction = iterated(products, products @ products.diagonal())
        distances = np.abs(direction - np.median(direction))
        return np.asarray(distances / max(float(np.median(distances)), len(cosines) ** -0.5 / 2) / 4)

    tests = crowded(recent), apart(recent), crowded(lasting), opposed(lasting), above(repeated, 0.05)
    return np.max(tests, axis=0)


def kept_by_floats(repeated: Float64, recent: Float64, lasting: Float64, f: int) -> tuple[frozenset[int], bool]:
    """Who stays, and whether no decision was so close that rounding may take it."""
    left, clear = list(range(len(recent))), True
    while len(left) > len(recent) - f:
        found = suspicions(repeated[left], recent[np.ix_(left, left)], lasting[np.ix_(left, left)])
        first, second = sorted(found)[:-3:-1]
        clear &= abs(first - 1) > 0.01 and (first < 1 or first - second > 0.01)
        if first <= 1:
            break
        del left[int(np.argmax(found))]
    return frozenset(left), clear


def kept(recent: Float64, lasting: Float64 | None = None, *, f: int, previous: Float64 | None = None) -> frozenset[int]:
    """Who stays; the round's updates are the recent memories."""
    gram = gram_of(recent, previous)
    return history_filter(gram, gram, gram_of(recent if lasting is None else lasting), f=f)


def test_it_keeps_whom_floats_keep() -> None:
    compared = dropped = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        recent, lasting = (peers(15, seed, noise=noise) for noise in (3.0, 1.5))
        plot = draw.normal(size=recent.shape[1])
        previous = recent[:11].mean(axis=0) + draw.normal(size=recent.shape[1])
        for vectors in (recent, lasting):
            vectors[11:] += draw.choice([1.0, -2.0]) * plot * draw.uniform(0, 2)
        recent[9] += draw.uniform(0, 3) * previous
        repeated = recent @ previous / np.linalg.norm(recent, axis=1) / np.linalg.norm(previous)
        expected, clear = kept_by_floats(repeated, cosines_of(recent), cosines_of(lasting), 6)
        if clear:
            compared += 1
            dropped += len(expected) < 15
            assert kept(recent, lasting, f=6, previous=previous) == expected, seed
    assert compared > 15
    assert dropped > 5


def test_where_nobody_stands_out_nobody_is_dropped() -> None:
    for vectors in (identical(15), peers(15, noise=0.1), np.eye(15)):
        assert kept(vectors, f=6) == frozenset(range(15))


def test_of_a_crowd_among_unlike_peers_one_is_left() -> None:
    vectors = np.eye(24)[:15]
    vectors[9:] = np.eye(24)[20]
    assert kept(vectors, f=6) == MAJORITY | {14}


def test_who_pulls_against_the_others_is_dropped() -> None:
    vectors = peers(15, noise=0.7)
    vectors[9:] = peers(6, 5, noise=2.0) - 2 * vectors[:9].mean(axis=0)
    assert kept(vectors, f=6) == MAJORITY


def test_what_was_seen_long_ago_is_held_against_a_seat() -> None:
    before, now = peers(15, noise=0.7), np.eye(24)[:15]
    before[9:] *= -1
    assert kept(now, f=6) == frozenset(range(15))
    assert kept(now, before, f=6) == MAJORITY


def test_who_repeats_the_last_aggregate_is_dropped() -> None:
    previous, memory = np.eye(24)[23], gram_of(np.eye(24)[:15])
    updates = np.eye(24)[:15]
    updates[9:] += 0.3 * previous
    assert history_filter(gram_of(updates), memory, memory, f=6) == frozenset(range(15))
    assert history_filter(gram_of(updates, previous), memory, memory, f=6) == MAJORITY


def test_never_more_than_f_are_dropped() -> None:
    vectors = peers(15, noise=0.7)
    vectors[9:] *= -1
    for f in range(7):
        left = kept(vectors, f=f)
        assert len(left) == 15 - f
        assert left >= MAJORITY


def test_while_seats_are_missing_a_majority_of_the_others_stays() -> None:
    vectors = peers(9, noise=0.7)
    vectors[5:] *= -1
    assert kept(vectors, f=6) == frozenset(range(5))
    assert kept(identical(9), f=6) == MAJORITY


def test_equal_weights_for_those_who_stay() -> None:
    vectors = peers(7, noise=0.3)
    vectors[6] *= -1
    rule = parse_rule("history-filter(f=2)")
    weights = rule.weights(gram_of(peers(7)), context_of(7, histories=vectors))
    assert weights == ((1 << 16) // 6,) * 6 + (0,)


def test_bounds_are_told_with_their_numbers() -> None:
    rule = parse_rule("history-filter(f=3)")
    assert (rule.name, rule.fewest_inputs, rule.needs_history) == ("history-filter(f=3)", 4, True)
    with pytest.raises(RuleError, match=r"2 f \+ 1 = 7 seats, got 6"):
        rule.check_seats(6)
    with pytest.raises(RuleError, match="at least 4 inputs, got 3"):
        rule.weights(gram_of(peers(3)), context_of(3, histories=peers(3)))
    with pytest.raises(RuleError, match="histor"):
        rule.weights(gram_of(peers(7)), RoundContext(1, tuple(range(7))))
    with pytest.raises(RuleError):
        parse_rule("history-filter")

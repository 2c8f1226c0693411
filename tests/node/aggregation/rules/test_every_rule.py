"""What every rule does with hostile inputs. A new rule adds one line to `EXAMPLES`.

Shape legend: n = updates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.aggregation.gram import Gram
from node.aggregation.rules import RULES, STAGES, WEIGHT_ONE, Rule, Weights, parse_rule
from node.errors import RuleError
from tests.node.aggregation.rules.hostile import HOSTILE, colluding_duplicates, peers
from tests.node.aggregation.vectors import Float64, context_of, gram_of

# Rule or stage -> canonical names that use it.
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "bucketing": ("bucketing(size=2)+krum(f=1)", "bucketing(size=3)+normalized-mean"),
    "bulyan": ("bulyan(f=0)", "bulyan(f=2)"),
    "centered-clipping": ("centered-clipping", "centered-clipping(tau_q16=6554,iterations=20)"),
    "clipped-mean": ("clipped-mean",),
    "flag": ("flag", "flag(iterations=2,rank=3,lambda_q16=65536,signed=1)"),
    "fltrust": ("fltrust(seat=1)",),
    "foolsgold": ("foolsgold", "nnm(f=1)+foolsgold"),
    "geometric-median": ("geometric-median", "geometric-median(iterations=30,nu_q16=1)"),
    "history": ("history+multi-krum(f=2)", "history+nnm(f=2)+geometric-median", "history+normalized-mean"),
    "history-filter": ("history-filter(f=2)",),
    "krum": ("krum(f=0)", "krum(f=2)"),
    "mda": ("mda(f=0)", "mda(f=3)"),
    "mean": ("mean",),
    "meamed": ("meamed(f=2)",),
    "median": ("median",),
    "multi-krum": ("multi-krum(f=2)", "multi-krum(f=2,keep=4,skip=2)"),
    "nnm": ("nnm(f=2)+geometric-median", "nnm(f=2)+krum(f=2)", "nnm(f=1)+bucketing(size=2)+normalized-mean"),
    "normalized-mean": ("normalized-mean",),
    "phocas": ("phocas(f=2)",),
    "trimmed-mean": ("trimmed-mean(f=2)", "nnm(f=2)+trimmed-mean(f=2)"),
    "spectral": ("spectral(f=2)", "spectral(f=3,iterations=2,drop=4)", "history+spectral(f=2)"),
    "sybilwall": ("sybilwall",),
}
# How far a weight may move, Q16, when the order of the inputs changes: rules that compute in floats of a fixed order.
REORDERING_MOVES: Mapping[str, int] = dict.fromkeys(EXAMPLES["flag"], 1)
MAY_BE_NEGATIVE: frozenset[str] = frozenset({"flag(iterations=2,rank=3,lambda_q16=65536,signed=1)"})
# Flag returns a multiple of the mean direction; to the other two, updates that agree are Sybils.
NOT_A_MEAN: frozenset[str] = frozenset({"flag", "foolsgold", "sybilwall"})

NAMES = [name for names in EXAMPLES.values() for name in names]
# With 128 inputs some rules take a second: not every kind is tried.
ASKED_OF_MANY = ("one huge", "identical", "colluding duplicates")
LARGEST_WEIGHT, LONGEST_Q32 = 1 << 26, 4 << 32


def inputs_of(name: str) -> list[int]:
    """Numbers of inputs to try: the fewest, a few, and as many as a swarm may have."""
    fewest = parse_rule(name).fewest_inputs
    return sorted({fewest, max(15, fewest), 128})


@cache
def known(kind: str, count: int) -> Gram:
    """Gram of hostile vectors, made once for all rules."""
    return gram_of(HOSTILE[kind](count))


def answer(name: str, gram: Gram, seats: Sequence[int] | None = None) -> Weights:
    """Weights by a rule that gets the same Gram for the histories, each of them eight messages long."""
    context = context_of(len(gram))
    return parse_rule(name).weights(
        gram, replace(context, seats=tuple(seats or context.seats), histories=gram, lasting=gram, ages=(8,) * len(gram))
    )


def judged(name: str, vectors: Float64) -> Weights:
    """Weights of vectors."""
    return answer(name, gram_of(vectors))


def is_within_bound(rule: Rule, seats: int) -> bool:
    """Whether a project of so many seats may have the rule."""
    try:
        rule.check_seats(seats)
    except RuleError:
        return False
    return True


def shuffled(name: str, vectors: Float64, order: list[int]) -> Weights:
    """Weights of the vectors in another order, seats and histories with them, put back into the first order."""
    weights = answer(name, gram_of(vectors[order]), [i + 1 for i in order])
    return tuple(weights[order.index(i)] for i in range(len(order)))


def check_bound(name: str, weights: Weights, gram: Gram) -> None:
    """The bound that `node.aggregation.rules.base` states."""
    assert len(weights) == len(gram)
    assert all(type(weight) is int for weight in weights)
    assert max(map(abs, weights)) < LARGEST_WEIGHT
    assert sum(abs(weight) * norm for weight, norm in zip(weights, gram.norms_q16, strict=True)) <= LONGEST_Q32
    assert name in MAY_BE_NEGATIVE or min(weights) >= 0


def test_every_rule_and_stage_has_examples() -> None:
    assert set(EXAMPLES) == set(RULES) | set(STAGES)
    for part, names in EXAMPLES.items():
        assert names
        assert all(part in (step.partition("(")[0] for step in name.split("+")) for name in names)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_inputs_get_weights_within_the_bound(name: str, kind: str) -> None:
    for count in inputs_of(name)[: None if kind in ASKED_OF_MANY else -1]:
        gram = known(kind, count)
        check_bound(name, answer(name, gram), gram)


@pytest.mark.parametrize("name", NAMES)
def test_too_few_inputs_are_refused_with_their_number(name: str) -> None:
    rule = parse_rule(name)
    for count in range(1, rule.fewest_inputs):
        with pytest.raises(RuleError, match=f"got {count}"):
            judged(name, peers(count))
    with pytest.raises(RuleError, match="got 0"):
        rule.check_seats(0)


@pytest.mark.parametrize("name", NAMES)
def test_seats_within_the_bound_always_suffice_for_a_round(name: str) -> None:
    rule = parse_rule(name)
    for seats in range(1, 33):
        if is_within_bound(rule, seats):
            assert rule.fewest_inputs <= seats
        else:
            with pytest.raises(RuleError, match=rf"(got|of) {seats}\b"):
                rule.check_seats(seats)


@pytest.mark.parametrize("name", NAMES)
def test_order_does_not_matter(name: str) -> None:
    count = max(15, parse_rule(name).fewest_inputs)
    for seed in range(3):
        vectors = peers(count, seed)
        order = np.random.default_rng(seed).permutation(count).tolist()
        moved = np.subtract(shuffled(name, vectors, order), judged(name, vectors))
        assert np.abs(moved).max() <= REORDERING_MOVES.get(name, 0)


# Who shares a bucket with a colluder is drawn.
@pytest.mark.parametrize("name", [name for name in NAMES if "bucketing" not in name])
def test_where_colluders_stand_changes_nothing_for_the_others(name: str) -> None:
    count = max(15, parse_rule(name).fewest_inputs)
    vectors = colluding_duplicates(count)
    first = count - 2 * count // 5
    weights, slack = judged(name, vectors), REORDERING_MOVES.get(name, 0)
    for seed in range(3):
        moved = shuffled(name, vectors, np.random.default_rng(seed).permutation(count).tolist())
        assert np.abs(np.subtract(moved[:first], weights[:first])).max() <= slack
        assert abs(sum(moved[first:]) - sum(weights[first:])) <= slack * (count - first)


@pytest.mark.parametrize("name", [name for part in EXAMPLES if part not in NOT_A_MEAN for name in EXAMPLES[part]])
def test_identical_updates_are_not_weakened(name: str) -> None:
    for count in inputs_of(name):
        weights = answer(name, known("identical", count))
        # Each rounding down loses at most one unit an input.
        assert sum(weights) == pytest.approx(WEIGHT_ONE, abs=4 * count)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 12), st.data())
def test_the_bound_holds_for_any_vectors(name: str, more: int, data: st.DataObject) -> None:
    count = parse_rule(name).fewest_inputs + more
    coordinate = st.integers(-(2**20), 2**20) | st.sampled_from([0, 1, 10**9])
    rows = data.draw(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=count, max_size=count))
    vectors = np.array(rows, dtype=np.float64)
    vectors[~vectors.any(axis=1)] = 1.0  # zero updates are screened out before any rule
    gram = gram_of(vectors)
    check_bound(name, answer(name, gram), gram)

"""Rules: names, bounds, and Multi-Krum against a float reference and against coalitions."""

from __future__ import annotations

import numpy as np
import pytest
from eth_hash.auto import keccak
from sklearn.metrics.pairwise import euclidean_distances

from node.aggregation.gram import Gram
from node.aggregation.products import inner_products
from node.aggregation.rules import WEIGHT_ONE, RoundContext, parse_rule, rule_hash
from node.aggregation.rules.multi_krum import MultiKrum, multi_krum
from node.errors import RuleError
from tests.node.aggregation import reference
from tests.node.aggregation.messages import Draw, Message, encoded, manifest, round_messages
from tests.node.aggregation.swarm import decoded

MANIFEST = manifest()
LAYOUT = MANIFEST.layout
NOTHING = RoundContext(1, ())


def gram_of(messages: list[Message]) -> Gram:
    return inner_products(messages, LAYOUT).gram


@pytest.mark.parametrize(
    "name", ["mean", "multi-krum(f=0)", "multi-krum(f=2)", "multi-krum(f=2,keep=4)", "multi-krum(f=2,keep=4,skip=2)"]
)
def test_canonical_names_read_back(name: str) -> None:
    assert parse_rule(name).name == name
    assert rule_hash(name) == keccak(name.encode())


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("median-of-medians", "known rules: .*multi-krum"),
        ("multi-krum", "does not take these parameters"),
        ("multi-krum(keep=4)", "does not take these parameters"),
        ("multi-krum(f=2,m=4)", "does not take these parameters"),
        ("mean(f=2)", "does not take these parameters"),
        ("multi-krum(f=02)", r"write 'multi-krum\(f=2\)'"),
        ("multi-krum(f=2,skip=0)", r"write 'multi-krum\(f=2\)'"),
        ("multi-krum(keep=4,f=2)", r"write 'multi-krum\(f=2,keep=4\)'"),
        ("multi-krum(f=2,f=2)", r"write 'multi-krum\(f=2\)'"),
        ("multi-krum(f=2,keep=0)", "keep = 0"),
        ("multi-krum(f=2,skip=3)", "between 0 and f = 2"),
        ("multi-krum(f=2, keep=4)", "not of the form"),
        ("multi-krum(f=-1)", "not of the form"),
        ("multi-krum(f=2.5)", "not of the form"),
        ("mean()", "not of the form"),
        ("Mean", "not of the form"),
        ("mean\n", "not of the form"),
        ("multi-krum(f=\u0662)", "not of the form"),
        ("", "not of the form"),
        ("multi-krum(f=" + "9" * 200 + ")", "214 characters, at most 128"),
    ],
)
def test_other_names_are_refused_with_a_reason(name: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        parse_rule(name)


def test_bounds_are_refused_with_their_numbers() -> None:
    rule = parse_rule("multi-krum(f=2,keep=4)")
    rule.check_seats(7)
    with pytest.raises(RuleError, match=r"n >= 2 f \+ 3 = 7 seats, got 6: with 6 seats f is at most 1"):
        rule.check_seats(6)
    with pytest.raises(RuleError, match="keeps 6, but of 7 seats only 5 are honest"):
        parse_rule("multi-krum(f=2,keep=6)").check_seats(7)
    with pytest.raises(RuleError, match="at least 1 seat, got 0"):
        parse_rule("mean").check_seats(0)


@pytest.mark.parametrize("f", [0, 1, 2, 3])
def test_fewer_inputs_than_an_honest_majority_are_refused(f: int) -> None:
    known = gram_of([encoded(Draw(str(i)).normal(LAYOUT.parameter_count), LAYOUT) for i in range(2 * f)])
    assert MultiKrum(f).fewest_inputs == 2 * f + 1
    with pytest.raises(RuleError, match=f"at least {2 * f + 1} inputs?, got {2 * f}"):
        multi_krum(known, f=f)


def test_mean_gives_everybody_the_same() -> None:
    known = gram_of(list(round_messages(LAYOUT, "mean", 7)))
    assert parse_rule("mean").weights(known, NOTHING) == (WEIGHT_ONE // 7,) * 7


@pytest.mark.parametrize("n", range(1, 12))
@pytest.mark.parametrize("f", [0, 1, 2])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_multi_krum_equals_the_reference_and_never_exceeds_the_whole(n: int, f: int, skip: int) -> None:
    if n < 2 * f + 1:
        return
    messages = list(round_messages(LAYOUT, f"{n}", n))
    weights = multi_krum(gram_of(messages), f=f, keep=3, skip=skip)
    assert list(weights) == reference.multi_krum(reference.products(messages, MANIFEST, None), f, 3, skip)
    assert sum(weights) <= WEIGHT_ONE
    assert sum(weight > 0 for weight in weights) == min(3, n - f)


@pytest.mark.parametrize("seed", range(12))
def test_multi_krum_selects_as_floats_do(seed: int) -> None:
    n, f, keep = 9, 3, 3
    messages = list(round_messages(LAYOUT, f"floats {seed}", n))
    vectors = np.stack([decoded(message, MANIFEST) for message in messages])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.sort(euclidean_distances(units, squared=True), axis=1)[:, 1 : 1 + n - f - 2]
    points = distances.sum(axis=1)
    order = np.argsort(points)
    weights = multi_krum(gram_of(messages), f=f, keep=keep)
    gap = points[order[keep]] - points[order[keep - 1]]
    # Directions keep 11 bits; closer scores than that may fall either way.
    assert gap < 1e-3 or {i for i, weight in enumerate(weights) if weight} == set(order[:keep].tolist())


def flipped_pair(seed: str) -> list[Message]:
    """Six peers that agree weakly, then two accomplices that agree strongly, against them."""
    count = LAYOUT.parameter_count
    common, plot = Draw(f"{seed} common").normal(count), Draw(f"{seed} plot").normal(count)
    honest = [encoded(0.6 * common + Draw(f"{seed} {i}").normal(count), LAYOUT) for i in range(6)]
    return honest + [encoded(plot - 0.4 * common + 0.1 * Draw(f"{seed} x{i}").normal(count), LAYOUT) for i in range(2)]


def test_opposed_updates_get_no_weight() -> None:
    messages = list(round_messages(LAYOUT, "opposed", 6))
    flipped = [Message(m.positions, -m.mantissas, m.shifts) for m in round_messages(LAYOUT, "opposed", 8)[6:]]
    assert parse_rule("multi-krum(f=2,keep=4)").weights(gram_of(messages + flipped), NOTHING)[6:] == (0, 0)


def test_skipping_f_neighbours_unmasks_accomplices_that_look_alike() -> None:
    for seed in ("p", "q", "r"):
        known = gram_of(flipped_pair(seed))
        assert all(weight > 0 for weight in multi_krum(known, f=2, keep=4)[6:]), "what the option is there for"
        assert multi_krum(known, f=2, keep=4, skip=2)[6:] == (0, 0)


def test_a_tiny_update_does_not_win() -> None:
    messages = list(round_messages(LAYOUT, "tiny", 7))
    noise = encoded(1e-9 * Draw("tiny noise").normal(LAYOUT.parameter_count), LAYOUT)
    assert multi_krum(gram_of([*messages, noise]), f=2, keep=4)[7] == 0


def test_ties_go_to_the_lower_index() -> None:
    same = round_messages(LAYOUT, "tie", 1)[0]
    assert multi_krum(gram_of([same] * 7), f=2, keep=3) == (WEIGHT_ONE // 3,) * 3 + (0,) * 4


def test_one_hundred_and_twenty_eight_peers() -> None:
    small = manifest(tensors=MANIFEST.tensors[1:3]).layout
    known = inner_products(list(round_messages(small, "many", 128)), small).gram
    weights = multi_krum(known, f=42)
    assert sum(weight > 0 for weight in weights) == 128 - 42 - 2

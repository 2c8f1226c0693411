"""Contributions: agreement is paid; noise, replay, stale copies, near-copies and Sybils earn nothing extra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from node.aggregation.contribution import MERIT_LIMIT, agreement_q30, contributions, decayed_merit, near_copies
from node.aggregation.gram import Gram
from node.aggregation.products import inner_products
from tests.node.aggregation import reference
from tests.node.aggregation.messages import manifest, round_messages, state
from tests.node.aggregation.swarm import COUNT, HONEST, Rider, Swarm, Vector, View

ROUNDS = 5


def noise(view: View, index: int) -> Vector:
    return 0.01 * view.draw.normal(COUNT)


def replay(view: View, index: int) -> Vector:
    return noise(view, index) if view.aggregate is None else view.aggregate


def stale_copy(view: View, index: int) -> Vector:
    return view.earlier[index] if view.earlier else noise(view, index)


def against(view: View, index: int) -> Vector:
    return -10 * view.honest[index]


def near_copy(view: View, index: int) -> Vector:
    """Both do what peer 0 does, but for a little noise."""
    return view.honest[0] + 0.001 * view.draw.normal(COUNT)


def half(view: View, index: int) -> Vector:
    """Two Sybils share one peer's message, each the coordinates of its own half of the chunks."""
    return np.where(np.arange(COUNT) // 4096 % 2 == index, view.honest[0], 0)


def both(first: Rider, second: Rider) -> Rider:
    """A pair of riders that differ."""
    return lambda view, index: (first, second)[index](view, index)


def pay_of(rule: str, rider: Rider) -> Vector:
    """In fair shares, the two riders last."""
    return Swarm("riders", rule, rider).run(ROUNDS)


@pytest.mark.parametrize(
    "rule",
    ["clipped-mean", *(pytest.param(f"multi-krum(f=2{skip})", marks=pytest.mark.slow) for skip in ("", ",skip=2"))],
)
@pytest.mark.parametrize("riders", [both(noise, replay), both(stale_copy, against)], ids=["idle", "stale"])
def test_free_riders_earn_next_to_nothing(riders: Rider, rule: str) -> None:
    pay = pay_of(rule, riders)
    assert (pay[HONEST:] <= 0.01).all()
    assert pay[:HONEST].sum() == pytest.approx(HONEST, rel=0.01)


def test_near_copies_share_one_pay() -> None:
    pay = pay_of("clipped-mean", near_copy)
    copies = [0, HONEST, HONEST + 1]
    assert pay[copies].sum() < 1.25 * pay[1:HONEST].mean()


def test_sybils_that_split_a_message_earn_no_more_than_its_parts_are_worth() -> None:
    pay = pay_of("clipped-mean", half)
    assert (pay[HONEST:] < 0.25 * pay[1:HONEST].mean()).all()


def test_equal_honest_peers_are_paid_alike() -> None:
    pay = pay_of("clipped-mean", noise)
    assert pay[:HONEST].min() > 0.85
    assert pay[:HONEST].max() < 1.15


@pytest.mark.parametrize(
    "merits", [(0,) * 6, (1 << 30, 1 << 29, 0, -(1 << 28), 5 << 30, 3 << 29)], ids=["newcomers", "known"]
)
@pytest.mark.parametrize("byzantine", [0, 1, 2, 9])
def test_contributions_equal_the_reference(byzantine: int, merits: tuple[int, ...]) -> None:
    m = manifest()
    messages = round_messages(m.layout, "scores", 6)
    before, after = state(m.layout, "before"), state(m.layout, "after")
    known = inner_products(messages, m.layout, previous=(before, after))
    weights, norms = [0, 10000, 9000, 8000, 7000, 1], known.clipping.norms
    expected = reference.products(messages, m, (before.tolist(), after.tolist()))
    assert list(norms) == reference.clip(expected.squared_norms)[1]
    found = contributions(known.gram, weights, merits, byzantine=byzantine)
    scores, following = reference.contributions(expected, weights, norms, merits, byzantine)
    assert (list(found.scores), list(found.merits)) == (scores, following)


def scores(known: Gram, weights: Sequence[int], *, byzantine: int) -> tuple[int, ...]:
    """Of newcomers."""
    return contributions(known, weights, [0] * len(weights), byzantine=byzantine).scores


def unit_gram(cosines: list[list[float]], along: list[float]) -> Gram:
    """A Gram of unit vectors with these cosines, and cosines with the previous aggregate."""
    scale = 1 << 30
    return Gram(
        tuple(tuple(round(value * scale) for value in row) for row in cosines),
        (1 << 16,) * len(cosines),
        tuple(round(value * scale) for value in along),
    )


def test_the_part_known_already_does_not_count() -> None:
    known = unit_gram([[1.0, 0.5], [0.5, 1.0]], [1.0, 0.5])
    assert agreement_q30(known, 0, 1) == 0


def test_own_energy_never_counts() -> None:
    known = unit_gram([[1.0, 0.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.5, 1.0]], [0.0] * 3)
    points = scores(known, (20000, 20000, 20000), byzantine=0)
    assert points[0] == 0
    assert points[1] == points[2] > 0


def test_accomplices_cannot_vouch_for_one_another() -> None:
    honest = [[1.0 if i == j else 0.2 for j in range(5)] + [0.0, 0.0] for i in range(5)]
    pair = [[0.0] * 5 + [1.0, 1.0], [0.0] * 5 + [1.0, 1.0]]
    points = scores(unit_gram(honest + pair, [0.0] * 7), (9000,) * 7, byzantine=2)
    assert points[5] == points[6] == 0
    assert min(points[:5]) > 0


def test_opposition_earns_zero_not_a_debt() -> None:
    points = scores(unit_gram([[1.0, -1.0], [-1.0, 1.0]], [0.0] * 2), (1, 1), byzantine=0)
    assert points == (0, 0)


def test_who_has_no_weight_neither_earns_nor_judges() -> None:
    known = unit_gram([[1.0, 0.4, -1.0], [0.4, 1.0, -1.0], [-1.0, -1.0, 1.0]], [0.0] * 3)
    points = scores(known, (30000, 30000, 0), byzantine=0)
    assert points[0] == points[1] > 0
    assert points[2] == 0


def test_a_lone_update_has_nobody_to_agree_with() -> None:
    assert scores(unit_gram([[1.0]], [0.0]), (1 << 16,), byzantine=0) == (0,)


def test_a_past_of_agreement_gives_a_voice_and_pay() -> None:
    cosines = [[1.0 if i == j else 0.3 if (i < 3) == (j < 3) else -0.3 for j in range(6)] for i in range(6)]
    known = unit_gram(cosines, [0.0] * 6)
    merits = [1 << 30, 1 << 30, 1 << 30, 1 << 20, 1 << 20, -(1 << 30)]
    found = contributions(known, [9000] * 6, merits, byzantine=1)
    assert min(found.scores[:3]) > 0
    assert found.scores[3:] == (0, 0, 0)
    equal = scores(known, [9000] * 6, byzantine=0)
    assert equal == (0,) * 6, "half against half"


def test_a_merit_below_zero_has_to_be_made_good_first() -> None:
    known = unit_gram([[1.0, 0.3, 0.3], [0.3, 1.0, 0.3], [0.3, 0.3, 1.0]], [0.0] * 3)
    found = contributions(known, [9000] * 3, [0, 0, -(1 << 29)], byzantine=0)
    assert found.scores[0] == found.scores[1] > found.scores[2] == 0
    assert found.merits[2] > -(1 << 29)


def test_near_copies_do_not_judge_one_another_and_share_a_voice_and_a_pay() -> None:
    honest = [[1.0 if i == j else 0.2 for j in range(5)] for i in range(5)]
    known = unit_gram(
        [[*row, row[4]] for row in honest[:4]] + [[*honest[4], 0.99], [*honest[4][:4], 0.99, 1.0]], [0.0] * 6
    )
    assert near_copies(known, range(6))[4:] == (frozenset({5}), frozenset({4}))
    pay = scores(known, [9000] * 6, byzantine=0)
    alone = scores(unit_gram(honest, [0.0] * 5), [9000] * 5, byzantine=0)
    assert pay[4] == pay[5] == alone[4] // 2
    assert pay[0] == pytest.approx(alone[0], rel=1e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_merits_stay_within_their_limit(sign: int) -> None:
    evidence, merit = sign * (1 << 31), 0
    for _ in range(2000):
        merit = decayed_merit(merit) + evidence
        assert abs(merit) <= MERIT_LIMIT
    assert abs(decayed_merit(sign * MERIT_LIMIT) + evidence) <= MERIT_LIMIT
    assert abs(merit) > 0.99 * MERIT_LIMIT

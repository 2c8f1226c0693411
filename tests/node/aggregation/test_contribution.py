"""Contributions: agreement with others is paid; noise, replay, stale and near copies earn nothing extra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from node.aggregation.contribution import agreement_q30, contributions
from node.aggregation.gram import Gram
from node.aggregation.products import inner_products
from tests.node.aggregation import reference
from tests.node.aggregation.messages import manifest, round_messages, state
from tests.node.aggregation.swarm import COUNT, HONEST, Rider, Swarm, Vector, View

ROUNDS = 4
RULES = ["clipped-mean", "multi-krum(f=2)", "multi-krum(f=2,skip=2)"]


def noise(view: View, index: int) -> Vector:
    return 0.01 * view.draw.normal(COUNT)


def replay(view: View, index: int) -> Vector:
    return noise(view, index) if view.aggregate is None else view.aggregate


def stale_copy(view: View, index: int) -> Vector:
    return view.earlier[index] if view.earlier else noise(view, index)


def against(view: View, index: int) -> Vector:
    return -10 * view.honest[index]


def near_copy(view: View, index: int) -> Vector:
    return view.honest[0] + 0.001 * view.draw.normal(COUNT)


def average_pay(rule: str, rider: Rider) -> Vector:
    """Over three swarms, in fair shares, the two free riders last."""
    pays = [Swarm(f"{rider.__name__} {i}", rule, rider).run(ROUNDS) for i in range(3)]
    return np.asarray(np.mean(pays, axis=0))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("rider", "most"),
    [(noise, 0.01), (replay, 0.02), (stale_copy, 0.01), (against, 0.0)],
    ids=lambda item: getattr(item, "__name__", str(item)),
)
def test_free_riders_earn_next_to_nothing(rider: Rider, most: float, rule: str) -> None:
    pay = average_pay(rule, rider)
    assert (pay[HONEST:] <= most).all()
    assert pay[:HONEST].sum() == pytest.approx(HONEST, rel=0.05)


def test_near_copies_earn_what_the_peer_they_copy_earns_and_no_more() -> None:
    pay = average_pay("clipped-mean", near_copy)
    assert (pay[HONEST:] <= 1.01 * pay[0]).all()
    assert (pay[HONEST:] <= 1.1 * pay.mean()).all()


def test_equal_honest_peers_are_paid_alike() -> None:
    pay = average_pay("clipped-mean", noise)
    assert pay[:HONEST].min() > 0.9
    assert pay[:HONEST].max() < 1.1


@pytest.mark.parametrize("merits", [None, (1 << 30, 1 << 29, 0, -(1 << 28), 5 << 30, 3 << 29)], ids=["", "merits"])
@pytest.mark.parametrize("byzantine", [0, 1, 2, 9])
def test_contributions_equal_the_reference(byzantine: int, merits: tuple[int, ...] | None) -> None:
    m = manifest()
    messages = round_messages(m.layout, "scores", 6)
    before, after = state(m.layout, "before"), state(m.layout, "after")
    known = inner_products(messages, m.layout, previous=(before, after))
    weights, norms = [0, 10000, 9000, 8000, 7000, 1], known.clipping.norms
    expected = reference.products(messages, m, (before.tolist(), after.tolist()))
    assert list(norms) == reference.clip(expected.squared_norms)[1]
    parameters = m.layout.parameter_count
    found = contributions(known.gram, weights, byzantine=byzantine, parameters=parameters, merits=merits)
    scores, following = reference.contributions(expected, weights, norms, byzantine, parameters, merits)
    assert (list(found.scores), list(found.merits)) == (scores, following)


def scores(known: Gram, weights: Sequence[int], *, byzantine: int) -> tuple[int, ...]:
    """Without memory."""
    return contributions(known, weights, byzantine=byzantine, parameters=COUNT).scores


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

"""The rule a task proposes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.aggregation.rules import parse_rule
from node.tasks import default_rule, load_task


@given(seats=st.integers(1, 100), data=st.data())
def test_the_proposed_rule_exists_and_holds_for_so_many_seats(seats: int, data: st.DataObject) -> None:
    byzantine = data.draw(st.integers(0, seats - 1))
    rule = parse_rule(default_rule(seats, byzantine))
    rule.check_seats(seats)


@pytest.mark.parametrize(
    ("seats", "byzantine", "rule"),
    [
        (8, 2, "multi-krum(f=2,keep=6,skip=2)"),
        (8, 3, "multi-krum(f=2,keep=5,skip=2)"),
        (8, 0, "clipped-mean"),
        (4, 1, "clipped-mean"),
        (5, 4, "multi-krum(f=1,keep=1,skip=1)"),
    ],
)
def test_it_keeps_as_many_as_are_honest(seats: int, byzantine: int, rule: str) -> None:
    assert default_rule(seats, byzantine) == rule


def test_seats_and_bound_of_a_manifest_choose_its_rule_unless_it_is_given() -> None:
    task = load_task("digits")
    assert task.default_manifest().rule == "multi-krum(f=2,keep=6,skip=2)"
    assert task.default_manifest(shard_count=20, byzantine=6).rule == "multi-krum(f=6,keep=14,skip=6)"
    assert task.default_manifest(rule="mean").rule == "mean"

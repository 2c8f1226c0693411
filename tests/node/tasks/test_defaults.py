"""The rule a task proposes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.aggregation.rules import parse_rule
from node.tasks import default_rule, load_task
from node.tasks.defaults import HISTORY_BUCKETS


@given(seats=st.integers(1, 100), data=st.data())
def test_the_proposed_rule_exists_and_holds_for_so_many_seats(seats: int, data: st.DataObject) -> None:
    byzantine = data.draw(st.integers(0, seats - 1))
    rule = parse_rule(default_rule(seats, byzantine))
    rule.check_seats(seats)


@pytest.mark.parametrize(
    ("seats", "byzantine", "rule"),
    [
        (8, 2, "history-filter(f=2)"),
        (8, 3, "history-filter(f=3)"),
        (8, 0, "clipped-mean"),
        (2, 1, "clipped-mean"),
        (5, 4, "history-filter(f=2)"),
    ],
)
def test_it_guards_against_as_many_as_it_can(seats: int, byzantine: int, rule: str) -> None:
    assert default_rule(seats, byzantine) == rule


def test_seats_and_bound_of_a_manifest_choose_its_rule_unless_it_is_given() -> None:
    task = load_task("digits")
    assert task.default_manifest().rule == "history-filter(f=2)"
    assert task.default_manifest(shard_count=20, byzantine=6).rule == "history-filter(f=6)"
    assert task.default_manifest(rule="mean").rule == "mean"


def test_a_manifest_remembers_what_its_rule_needs() -> None:
    task = load_task("digits")
    assert task.default_manifest().history_buckets == HISTORY_BUCKETS
    assert task.default_manifest(history_buckets=64).history_buckets == 64
    assert task.default_manifest(rule="mean").history_buckets == 0

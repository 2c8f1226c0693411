"""Differences between documents: the first one, by name."""

from __future__ import annotations

import pytest

from verifier.published import check_leaves, evidence_of_leaves, first_difference, input_seats, parse_record
from verifier.verdict import Reject


@pytest.mark.parametrize(
    ("expected", "found", "path"),
    [
        ({"a": [1, 2]}, {"a": [1, 3]}, ("a", 1)),
        ({"a": [1, 2]}, {"a": [1]}, ("a",)),
        ({"a": 1}, {}, ("a",)),
        ({}, {"a": None}, ("a",)),
        ({"a": None}, {}, ("a",)),
        ({"a": 1}, {"a": True}, ("a",)),
        ({"a": 1}, {"a": 1.0}, ("a",)),
        ({"a": "1"}, {"a": 1}, ("a",)),
        ({"a": {}}, {"a": []}, ("a",)),
        ({"a": "ab"}, {"a": ["a", "b"]}, ("a",)),
    ],
)
def test_the_first_difference_has_a_path(expected: object, found: object, path: tuple[str | int, ...]) -> None:
    difference = first_difference(expected, found)
    assert difference is not None
    assert difference.path == path
    assert difference.expected != difference.found


def test_equal_documents_do_not_differ() -> None:
    assert first_difference({"a": [1, {"b": None}], "c": "d"}, {"c": "d", "a": [1, {"b": None}]}) is None


def test_what_a_peer_says_about_itself_is_not_compared() -> None:
    document = {"round": 1, "accuracy": 0.5, "loss": 1.0, "computed_hash": None, "signatures": []}
    assert check_leaves(1, {"round": 1}, document) is None
    found = check_leaves(1, {"round": 1}, {"round": 1, "more": 2})
    assert found is not None
    assert (found.object, found.name, found.expected) == ("record of round 1", "more", "nothing")


def test_leaves_are_named_by_account_and_seat() -> None:
    expected = {
        "contributions": [{"seat": 4, "weight": 1}],
        "rewards": [{"account": "0xaa", "cumulative_wei": "1"}],
    }
    published = {
        "contributions": [{"seat": 4, "weight": 2}],
        "rewards": [{"account": "0xaa", "cumulative_wei": "1"}, {"account": "0xbb", "cumulative_wei": "5"}],
    }
    assert evidence_of_leaves(expected, published) == {
        "weight_root": "contribution of seat 4: weight: expected 1, found 2",
        "reward_root": "rewards: expected 1 items, found 2 items",
        "cumulative_total": "rewards: expected 1 items, found 2 items",
    }
    assert "rewards" in evidence_of_leaves(expected, {})["reward_root"]


@pytest.mark.parametrize("data", [b"", b"\xff", b"[1]", b"7", b"[" * 100_000])
def test_a_record_that_is_no_document_is_rejected(data: bytes) -> None:
    found = parse_record(3, data)
    assert isinstance(found, Reject)
    assert (found.object, found.name) == ("record of round 3", "form")


@pytest.mark.parametrize("inputs", [None, 1, {}, [1], [{}], [{"seat": "1"}]])
def test_inputs_that_are_no_leaves_are_rejected(inputs: object) -> None:
    assert isinstance(input_seats(3, {"inputs": inputs}), Reject)


def test_input_seats_are_read() -> None:
    assert input_seats(3, {"inputs": [{"seat": 2}, {"seat": 5}]}) == (2, 5)

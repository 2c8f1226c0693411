"""Screening: copies and zeros out, norms clipped at the median."""

from __future__ import annotations

from itertools import permutations

import pytest

from node.aggregation.reasons import Reason
from node.aggregation.screen import Candidate, clip_at_median, screen


def test_only_the_earliest_commit_of_a_content_counts() -> None:
    copies = [Candidate(order, b"same", 5) for order in (7, 3, 9)]
    other = Candidate(8, b"other", 5)
    assert screen([*copies, other]) == (Reason.DUPLICATE, Reason.NONE, Reason.DUPLICATE, Reason.NONE)


def test_the_order_of_candidates_does_not_matter() -> None:
    candidates = [Candidate(1, b"a", 4), Candidate(2, b"a", 4), Candidate(3, b"b", 0), Candidate(4, b"c", 9)]
    expected = dict(zip([c.commit_order for c in candidates], screen(candidates), strict=True))
    for order in permutations(candidates):
        assert dict(zip([c.commit_order for c in order], screen(list(order)), strict=True)) == expected


def test_zero_updates_are_named_as_such_even_when_copied() -> None:
    assert screen([Candidate(1, b"z", 0), Candidate(2, b"z", 0)]) == (Reason.ZERO_UPDATE, Reason.ZERO_UPDATE)


def test_norms_above_the_median_are_brought_down_to_it() -> None:
    clipping = clip_at_median([1, 4, 16, 1 << 90])
    assert clipping.factors == (1 << 16, 1 << 16, 1 << 15, 0)
    assert clipping.norms == (1 << 15, 1 << 16, 1 << 16, 1 << 16)


def test_half_of_the_senders_cannot_raise_the_limit() -> None:
    assert clip_at_median([4, 4, 1 << 80, 1 << 80]).factors[:2] == (1 << 16, 1 << 16)


def test_nothing_to_clip() -> None:
    assert clip_at_median([]).factors == ()


def test_reasons_have_words() -> None:
    assert [reason.slug for reason in Reason] == [
        None,
        "no-commit",
        "no-reveal",
        "not-available",
        "malformed",
        "duplicate",
        "zero-update",
        "filtered",
        "no-new-direction",
        "failed-check",
    ]
    assert all(Reason.of_slug(reason.slug) is reason for reason in Reason)
    with pytest.raises(ValueError, match="bored"):
        Reason.of_slug("bored")

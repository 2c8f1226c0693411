"""Probabilities of collusion against counting every committee, and against scipy."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import pytest
from scipy.stats import binom, hypergeom

from contracts.court_values import COMMITTEE_SIZES
from verifier.collusion import at_least, blocking, capture, tables, wins_all_rounds
from verifier.committee import MAXIMUM_THRESHOLD, Verdict, decide, majority


@pytest.mark.parametrize("colluding", range(10))
@pytest.mark.parametrize("size", [3, 7])
def test_capture_is_the_share_of_committees_that_colluders_hold(colluding: int, size: int) -> None:
    committees = list(combinations(range(9), size))
    held = sum(sum(seat < colluding for seat in committee) >= majority(size) for committee in committees)
    assert capture(size, pool=9, colluding=colluding) == Fraction(held, len(committees))


def test_captured_committees_accept_what_is_wrong_and_others_reject_it() -> None:
    wrong, right = 0, (1 << 256) - 1
    for pattern in product((wrong, right), repeat=7):
        captured = pattern.count(wrong) >= majority(7)
        assert decide(wrong, pattern, 2).verdict is (Verdict.ACCEPT if captured else Verdict.REJECT)


def test_blocked_committees_are_those_in_which_the_honest_who_come_are_too_few() -> None:
    honest, colluding, absent = 5, 2, 2
    committees = list(combinations("h" * honest + "c" * colluding + "a" * absent, 7))
    digests = {"h": 0, "c": (1 << 256) - 1, "a": None}
    lost = sum(decide(0, [digests[seat] for seat in seats], 2).verdict is not Verdict.ACCEPT for seats in committees)
    assert blocking(7, pool=9, colluding=colluding, absent=absent) == Fraction(lost, len(committees))


@pytest.mark.parametrize("size", COMMITTEE_SIZES)
@pytest.mark.parametrize("pool", [31, 100, 1000])
def test_the_distribution_is_hypergeometric(size: int, pool: int) -> None:
    for colluding in (0, 1, pool // 10, pool // 3, pool // 2, pool):
        expected = hypergeom.sf(majority(size) - 1, pool, colluding, size)
        assert float(capture(size, pool=pool, colluding=colluding)) == pytest.approx(expected, rel=1e-6, abs=1e-300)
        assert blocking(size, pool=pool, colluding=colluding) == capture(size, pool=pool, colluding=colluding)


@pytest.mark.parametrize("honest_side_appeals", [True, False])
@pytest.mark.parametrize("colluders_appeal", [True, False])
def test_appeals_are_followed_to_their_end(honest_side_appeals: bool, colluders_appeal: bool) -> None:
    chances = [capture(size, pool=60, colluding=21) for size in COMMITTEE_SIZES]
    total = Fraction(0)
    for captured in product((True, False), repeat=4):  # what each committee would say if it were asked
        last = captured[0]
        for this in captured[1:]:
            if not (honest_side_appeals if last else colluders_appeal):
                break
            last = this
        probability = Fraction(1)
        for chance, held in zip(chances, captured, strict=True):
            probability *= chance if held else 1 - chance
        total += probability * last
    won = wins_all_rounds(
        pool=60, colluding=21, honest_side_appeals=honest_side_appeals, colluders_appeal=colluders_appeal
    )
    assert won == total


def test_when_both_sides_appeal_only_the_last_committee_counts() -> None:
    assert wins_all_rounds(pool=1000, colluding=200) == capture(31, pool=1000, colluding=200)


@pytest.mark.parametrize(("size", "pool", "marked"), [(3, 2, 0), (0, 5, 1), (3, 5, 6), (3, 5, -1)])
def test_impossible_draws_have_no_probability(size: int, pool: int, marked: int) -> None:
    with pytest.raises(ValueError, match=f"{size} of {pool} seats with {marked} marked"):
        at_least(1, marked=marked, pool=pool, size=size)


def test_the_tables_hold_published_figures() -> None:
    lines = list(tables(1000, (10, 20, 33)))
    assert "| 20% | 0.1 | 0.033 | 0.004 | 6.6e-05 |" in lines
    assert "| 33% | 0.023 | 8e-05 | 0.44 | 0.25 |" in lines


def test_a_random_digest_is_within_the_largest_threshold_less_than_once_in_a_billion() -> None:
    assert binom.cdf(MAXIMUM_THRESHOLD, 256, 0.5) < 1e-9 < binom.cdf(MAXIMUM_THRESHOLD + 1, 256, 0.5)

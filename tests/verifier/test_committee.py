"""The committee's rule against a reading of it that is as literal as it is slow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.court_values import COMMITTEE_SIZES
from verifier.committee import Decision, RejectReason, Verdict, decide, majority

ALL_BITS = (1 << 256) - 1


def literal(worker: int | None, members: Sequence[int | None], threshold: int) -> tuple[str, str | None, list[int]]:
    """The rule as the documents say it, member by member."""
    if worker is None:
        return "reject", "no-show", [place for place, member in enumerate(members) if member is not None]
    needed = {3: 2, 7: 4, 15: 8, 31: 16}[len(members)]
    near: list[int] = []
    far: list[tuple[int, int]] = []
    for place, member in enumerate(members):
        if member is None:
            continue
        if bin(worker ^ member).count("1") <= threshold:
            near.append(place)
        else:
            far.append((place, member))
    if len(near) >= needed:
        return "accept", None, near
    for place, centre in far:
        others = [other for other, digest in far if other != place and bin(centre ^ digest).count("1") <= threshold]
        if len(others) >= needed - 1:
            return "reject", "disagreement", sorted([place, *others])
    return "inconclusive", None, []


def said(decision: Decision) -> tuple[str, str | None]:
    return decision.verdict.value, decision.reason


def whole(decision: Decision) -> tuple[str, str | None, list[int]]:
    """With who is right."""
    return (*said(decision), list(decision.right))


# Five points of which only neighbours are within two bits of each other: near, far, and chains that must not count.
LINE = (0b0, 0b11, 0b1111, 0b111111, ALL_BITS)


@pytest.mark.parametrize("threshold", [0, 2, 4])
def test_three_members_decide_as_written_whatever_they_reveal(threshold: int) -> None:
    for worker, *members in product((None, *LINE), repeat=4):
        assert whole(decide(worker, members, threshold)) == literal(worker, members, threshold)


def test_seven_members_decide_as_written_whatever_they_reveal() -> None:
    for members in product((None, *LINE[1:4]), repeat=7):
        assert whole(decide(0, members, 2)) == literal(0, members, 2)


near_digests = st.integers(0, 31).map(lambda bits: bits * bits)
digests = st.one_of(st.none(), near_digests, st.integers(0, ALL_BITS))
committees = st.sampled_from(COMMITTEE_SIZES).flatmap(lambda size: st.lists(digests, min_size=size, max_size=size))


@given(digests, committees, st.integers(0, 80))
def test_any_committee_decides_as_written(worker: int | None, members: list[int | None], threshold: int) -> None:
    assert whole(decide(worker, members, threshold)) == literal(worker, members, threshold)


@given(digests, committees, st.integers(0, 80), st.randoms(use_true_random=False))
def test_the_order_of_the_draw_changes_no_verdict(
    worker: int | None, members: list[int | None], t: int, r: object
) -> None:
    shuffled = list(members)
    r.shuffle(shuffled)  # type: ignore[attr-defined]
    assert said(decide(worker, members, t)) == said(decide(worker, shuffled, t))


@given(st.integers(0, ALL_BITS), committees, st.integers(0, 80), st.integers(0, ALL_BITS))
def test_only_distances_matter(worker: int, members: list[int | None], threshold: int, mask: int) -> None:
    masked = [None if member is None else member ^ mask for member in members]
    assert decide(worker, members, threshold) == decide(worker ^ mask, masked, threshold)


@given(digests, committees, st.integers(0, 80))
def test_every_member_is_right_or_wrong_or_absent(
    worker: int | None, members: list[int | None], threshold: int
) -> None:
    decision = decide(worker, members, threshold)
    sides = [*decision.near, *decision.far, *decision.absent]
    assert len(set(sides)) == len(sides)
    if decision.reason is not RejectReason.DISAGREEMENT:
        assert sorted(sides) == list(range(len(members)))
    judged = sorted((*decision.right, *decision.wrong, *decision.absent))
    assert decision.verdict is Verdict.INCONCLUSIVE or judged == list(range(len(members)))
    assert bool(decision.reason) == (decision.verdict is Verdict.REJECT)
    if worker is not None:
        assert all(
            decision.distances[index] == bin(worker ^ (members[index] or 0)).count("1") for index in decision.far
        )


def test_two_of_three_decide() -> None:
    assert [majority(size) for size in COMMITTEE_SIZES] == [2, 4, 8, 16]
    accepted = decide(0, [1, ALL_BITS, 3], 2)
    assert said(accepted) == ("accept", None)
    assert (accepted.distances, accepted.near, accepted.far) == ((1, 256, 2), (0, 2), (1,))
    assert (accepted.right, accepted.wrong) == ((0, 2), (1,))
    rejected = decide(0, [ALL_BITS, 3, ALL_BITS - 1], 2)
    assert said(rejected) == ("reject", "disagreement")
    assert (rejected.right, rejected.wrong) == ((0, 2), (1,))


def test_who_agrees_with_neither_side_is_wrong_whatever_the_verdict() -> None:
    rejected = decide(0, [ALL_BITS, 0xFFFF, ALL_BITS - 1], 2)
    assert (rejected.near, rejected.far) == ((), (0, 2))
    assert (rejected.right, rejected.wrong) == ((0, 2), (1,))
    accepted = decide(0, [0, 0xFFFF, 1], 2)
    assert (accepted.right, accepted.wrong) == ((0, 2), (1,))


def test_the_first_centre_of_a_majority_says_who_is_right() -> None:
    # Steps of two bits: the middle has both others around it, each of them only the middle.
    steps = [0b1111, 0b111111, 0b11111111]
    assert decide(0, steps, 2).far == (0, 1)
    assert decide(0, [steps[1], steps[0], steps[2]], 2).far == (0, 1, 2)


def test_a_worker_that_reveals_nothing_is_rejected_even_by_nobody() -> None:
    decision = decide(None, [None, None, None], 2)
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, RejectReason.NO_SHOW)
    assert decide(None, [5, None, 5], 2).right == (0, 2)


def test_wrong_outputs_without_anything_in_common_reject_nobody() -> None:
    assert decide(0, [0xFF, 0xFF00, 0xFF0000], 2).verdict is Verdict.INCONCLUSIVE


def test_absence_never_makes_a_majority_smaller() -> None:
    assert decide(0, [0, None, None], 2).verdict is Verdict.INCONCLUSIVE
    assert decide(0, [ALL_BITS, None, None], 2).verdict is Verdict.INCONCLUSIVE
    assert decide(0, [0] * 3 + [None] * 4, 2).verdict is Verdict.INCONCLUSIVE
    assert decide(0, [0] * 4 + [None] * 3, 2).verdict is Verdict.ACCEPT


def test_a_chain_of_members_is_no_majority() -> None:
    # Each is within two bits of the next, none within two bits of three others.
    chain = [0b11 << 8, 0b1111 << 8, 0b111111 << 8, 0b11111111 << 8, None, None, None]
    assert decide(0, chain, 1).verdict is Verdict.INCONCLUSIVE
    assert decide(0, chain, 2).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("worker", "members", "threshold", "words"),
    [
        (0, [], 2, "no members"),
        (0, [0, 0, 0], 81, "threshold 81, expected 0 to 80"),
        (0, [0, 0, 0], -1, "threshold -1"),
        (1 << 256, [0, 0, 0], 2, "does not fit 256 bits"),
        (0, [0, -1, 0], 2, "does not fit"),
    ],
)
def test_what_is_out_of_range_is_no_verdict(worker: int, members: list[int | None], threshold: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decide(worker, members, threshold)

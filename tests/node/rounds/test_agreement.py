"""Agreement on the input set: what counts as available, and which proposals an attester follows."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Custody
from node.checks.draw import Check
from node.rounds.agreement import (
    HaveList,
    Judgement,
    MalformedStatement,
    Proposal,
    ShownSignature,
    available_seats,
    carries_quorum,
    failed_seats,
    have_list_body,
    judge,
    parse_have_list,
    parse_proposal,
    parse_signature,
    proposal_body,
    rank,
    signature_body,
)

ACCOUNTS = tuple(f"0x{number:040x}" for number in range(1, 10))
SEED = bytes(range(32))
REVEALED = frozenset(range(1, 10))
WEIGHTS = dict.fromkeys(ACCOUNTS, 100)
TOTAL = 900


def have(index: int, seats: frozenset[int]) -> HaveList:
    return HaveList(ACCOUNTS[index], seats, bytes([index, *sorted(seats)]).ljust(32, b"\0"))


def judged(
    proposal: Proposal, lists: list[HaveList], held: frozenset[int] = REVEALED, checks: tuple[Check, ...] = ()
) -> Judgement:
    return judge(
        proposal,
        collectors=ACCOUNTS[:2],
        statements={item.statement: item for item in lists},
        latest={item.sender: item for item in lists},
        held=held,
        revealed=REVEALED,
        weights=WEIGHTS,
        total=TOTAL,
        checks=checks,
    )


def accusing(index: int, *failed: int) -> HaveList:
    return HaveList(ACCOUNTS[index], REVEALED, bytes([index, *failed]).ljust(32, b"\1"), failed=frozenset(failed))


def proposal_of(lists: list[HaveList], sender: str = ACCOUNTS[0]) -> Proposal:
    seats = available_seats(lists, REVEALED, WEIGHTS, TOTAL)
    return Proposal(sender, seats, frozenset(item.statement for item in lists))


def test_exactly_two_thirds_is_not_a_quorum() -> None:
    assert not carries_quorum(600, 900)
    assert carries_quorum(601, 900)


def test_a_seat_held_by_two_thirds_is_not_available_and_by_one_more_is() -> None:
    lists = [have(index, REVEALED - {3} if index < 3 else REVEALED) for index in range(9)]
    assert available_seats(lists, REVEALED, WEIGHTS, TOTAL) == REVEALED - {3}
    lists[0] = have(0, REVEALED)
    assert available_seats(lists, REVEALED, WEIGHTS, TOTAL) == REVEALED


def test_only_one_list_of_a_sender_counts() -> None:
    lists = [have(0, frozenset({1}))] * 9
    assert available_seats(lists, REVEALED, WEIGHTS, TOTAL) == frozenset()


def test_accounts_without_stake_do_not_count() -> None:
    stranger = HaveList("0x" + "f" * 40, REVEALED, bytes(32))
    lists = [have(index, REVEALED) for index in range(6)]
    assert available_seats([*lists, stranger], REVEALED, WEIGHTS, TOTAL) == frozenset()


def test_a_proposal_that_follows_from_the_lists_is_followed() -> None:
    lists = [have(index, REVEALED) for index in range(9)]
    assert judged(proposal_of(lists), lists) is Judgement.FOLLOW


def test_a_proposal_waits_for_lists_that_have_not_arrived() -> None:
    lists = [have(index, REVEALED) for index in range(9)]
    assert judged(proposal_of(lists), lists[:-1]) is Judgement.WAIT


def test_a_proposal_before_its_senders_turn_is_early() -> None:
    lists = [have(index, REVEALED) for index in range(9)]
    assert judged(proposal_of(lists, ACCOUNTS[5]), lists) is Judgement.EARLY


def test_a_proposal_with_two_thirds_of_the_stake_behind_it_is_thin() -> None:
    lists = [have(index, REVEALED) for index in range(6)]
    assert judged(proposal_of(lists), lists) is Judgement.THIN


def test_two_lists_of_one_sender_are_no_evidence() -> None:
    lists = [have(index, REVEALED) for index in range(9)]
    doubled = [*lists, have(0, frozenset({1}))]
    proposal = Proposal(ACCOUNTS[0], REVEALED, frozenset(item.statement for item in doubled))
    assert judged(proposal, doubled) is Judgement.THIN


def test_a_proposal_that_adds_or_drops_a_seat_is_wrong() -> None:
    lists = [have(index, REVEALED - {9}) for index in range(9)]
    evidence = frozenset(item.statement for item in lists)
    assert judged(Proposal(ACCOUNTS[0], REVEALED, evidence), lists) is Judgement.WRONG
    assert judged(Proposal(ACCOUNTS[0], REVEALED - {8, 9}, evidence), lists) is Judgement.WRONG


def test_a_collector_cannot_leave_out_a_seat_we_can_prove_available() -> None:
    lists = [have(index, REVEALED) for index in range(9)]
    lying = [have(0, REVEALED - {4}), *lists[1:7]]
    proposal = proposal_of(lying)
    assert proposal.seats == REVEALED - {4}
    everything = [*lists[1:], lying[0]]
    assert judged(proposal, everything) is Judgement.CENSORS
    assert judged(proposal, everything, held=REVEALED - {4}) is Judgement.FOLLOW


def test_every_account_gets_its_turn_and_the_seed_decides_the_order() -> None:
    order = rank(SEED, "collect", ACCOUNTS)
    assert sorted(order) == sorted(ACCOUNTS)
    assert order == rank(SEED, "collect", reversed(ACCOUNTS))
    assert order != rank(bytes(32), "collect", ACCOUNTS) or order != rank(SEED, "open", ACCOUNTS)


CHECK = Check(3, 0, ACCOUNTS[:3], bytes(32))


@pytest.mark.parametrize(("accusers", "fails"), [((), False), ((0,), False), ((0, 2), True), ((0, 1, 2), True)])
def test_a_seat_fails_by_the_word_of_two_of_its_three_checkers(accusers: tuple[int, ...], fails: bool) -> None:
    lists = [accusing(index, 3) if index in accusers else have(index, REVEALED) for index in range(9)]
    assert failed_seats(lists, [CHECK]) == (frozenset({3}) if fails else frozenset())


def test_who_was_not_drawn_accuses_in_vain_and_one_checker_alone_too() -> None:
    lists = [accusing(index, 3) for index in range(1, 9)]
    assert failed_seats(lists, [Check(3, 0, (ACCOUNTS[0],), bytes(32))]) == frozenset()
    assert failed_seats(lists, [Check(3, 0, ACCOUNTS[1:2], bytes(32))]) == frozenset()
    assert failed_seats(lists, [Check(4, 0, ACCOUNTS[1:4], bytes(32))]) == frozenset()
    assert failed_seats([accusing(1, 3)] * 3, [CHECK]) == frozenset()


def test_a_collector_can_neither_spare_nor_add_who_failed() -> None:
    lists = [accusing(0, 3), accusing(1, 3), *(have(index, REVEALED) for index in range(2, 9))]
    sparing = proposal_of(lists)
    following = replace(sparing, failed=frozenset({3}))
    assert judged(sparing, lists, checks=(CHECK,)) is Judgement.WRONG
    assert judged(following, lists, checks=(CHECK,)) is Judgement.FOLLOW
    assert judged(replace(following, failed=frozenset({3, 4})), lists, checks=(CHECK,)) is Judgement.WRONG
    # Citing only one of the two accusers still follows from what is cited, but not from what we know.
    partial = proposal_of(lists[1:])
    assert judged(partial, lists[1:], checks=(CHECK,)) is Judgement.FOLLOW
    assert judged(partial, lists, checks=(CHECK,)) is Judgement.CENSORS


def test_a_seat_outside_the_set_has_no_check_to_fail() -> None:
    lists = [replace(accusing(index, 3), seats=REVEALED - {3}) for index in range(9)]
    assert judged(proposal_of(lists), lists, checks=(CHECK,)) is Judgement.FOLLOW


@pytest.mark.parametrize(
    ("passed", "failed"), [([1], [1]), ([2, 1], []), ([1, 1], []), ([99], []), (["1"], []), ([True], []), (1, [])]
)
def test_findings_that_contradict_themselves_are_malformed(passed: object, failed: object) -> None:
    body = cbor2.dumps([bytes(2), passed, failed], canonical=True)
    with pytest.raises(MalformedStatement):
        parse_have_list("a", body, b"", sorted(REVEALED))


@given(st.sets(st.integers(1, 1 << 32)), st.data())
def test_bodies_come_back_as_they_were(revealed: set[int], data: st.DataObject) -> None:
    seats = frozenset(data.draw(st.sets(st.sampled_from(sorted(revealed)))) if revealed else ())
    ordered = sorted(revealed)
    failed = frozenset(sorted(seats)[::2])
    body = have_list_body(seats, ordered, seats - failed, failed)
    assert parse_have_list("a", body, b"", ordered) == HaveList("a", seats, b"", seats - failed, failed)
    evidence = frozenset(data.draw(st.sets(st.binary(min_size=32, max_size=32), max_size=9)))
    proposal = Proposal("a", seats, evidence, failed)
    assert parse_proposal("a", proposal_body(proposal, ordered), ordered) == proposal
    votes = (b"v" * 65,) * len({seat // 256 for seat in seats})
    voted = have_list_body(seats, ordered, seats - failed, failed, votes)
    assert parse_have_list("a", voted, b"", ordered).votes == votes
    for opening in (None, Custody(bytes(32), b"s" * 32)):
        shown = ShownSignature(bytes(32), bytes(65), opening)
        assert parse_signature(signature_body(shown)) == shown


@given(st.binary(max_size=200))
def test_hostile_bodies_are_refused_or_read_but_never_crash(body: bytes) -> None:
    for parse in (
        lambda: parse_have_list("a", body, b"", [1, 2, 3]),
        lambda: parse_proposal("a", body, [1, 2, 3]),
        lambda: parse_signature(body),
    ):
        with contextlib.suppress(MalformedStatement):
            parse()


@pytest.mark.parametrize("body", [b"\x41\x08", b"\x42\x00\x00", b"\x40", b"\x58\x01\x01", b"\x00"])
def test_a_bitmap_must_be_exact_and_canonical(body: bytes) -> None:
    with pytest.raises(MalformedStatement):
        parse_have_list("a", body, b"", [1, 2, 3])


@pytest.mark.parametrize(
    "body",
    [
        "d81c81d81d00",  # a list that contains itself: can be decoded, cannot be encoded
        "82d81c81d81d0040",
        "d81cd5d81d00cf1d42",  # ends a process that decodes and encodes it again
        "c4821a3b9aca0001",
        "81" * 1000,
        "f7",
    ],
)
def test_a_body_that_does_more_than_be_read_is_malformed(body: str) -> None:
    with pytest.raises(MalformedStatement):
        parse_have_list(ACCOUNTS[0], bytes.fromhex(body), bytes(32), [1])
    with pytest.raises(MalformedStatement):
        parse_proposal(ACCOUNTS[0], bytes.fromhex(body), [1])
    with pytest.raises(MalformedStatement):
        parse_signature(bytes.fromhex(body))

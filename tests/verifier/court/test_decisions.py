"""What a party does next, from values alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from contracts.attestation import checksum_address
from contracts.court_values import ClassTerms, JobTerms, JobVerdict, Member, Opening
from contracts.values import Address
from node.rounds.round_history import Place
from verifier.court.decisions import (
    Appeal,
    Check,
    Commit,
    CommitTogether,
    Decide,
    DecideAndEnd,
    DecideDue,
    DrawCommittee,
    DrawSeed,
    Expire,
    ExposeRinger,
    Finalize,
    Gather,
    GatherOffers,
    JobAction,
    Knowledge,
    LookUpCommittee,
    Now,
    Offer,
    PinBlock,
    Prepare,
    Reveal,
    Show,
    job_actions,
    next_actions,
)
from verifier.court.history import CourtHistory
from verifier.court.job import Commitment, Decision, Ending, Job, JobRound, Opened, RegisteredClass, Ringer

ID = b"\x07" * 32
AT = Place(1, 0, bytes(32))


def address(number: int) -> Address:
    return checksum_address(bytes([number]) * 20)


REQUESTER, WORKER, STRANGER = address(0xAA), address(0xBB), address(0xCC)
MEMBERS = tuple(Member(seat, address(seat)) for seat in (1, 2, 3))
CLASS = RegisteredClass(
    bytes(32), ClassTerms(bytes(32), 8, 8, 1, 106, 1, 100, 100, 100, 100), b"description", usable_from=0, place=AT
)
TERMS = JobTerms(bytes(32), REQUESTER, WORKER, 1, bytes(32), bytes(32), bytes(32))
SUBMITTED = Job(1, ID, TERMS, CLASS, b"7", work_end=100, pinned_block=10, submitted=AT)
READY = Knowledge(prepared=frozenset({(ID, 0), (ID, 1)}), shown=frozenset({(ID, 0)}))


def promises(indices: Iterable[int]) -> MappingProxyType[int, Commitment]:
    accounts = {0: WORKER, **{index: member.account for index, member in enumerate(MEMBERS, start=1)}}
    return MappingProxyType({index: Commitment(index, accounts[index], bytes(32), AT) for index in indices})


FIRST = JobRound(0, 3, 8, 20, 1, commit_end=200, reveal_end=300, begun=AT, seed=bytes(32), commitments=promises([0]))
DRAWN = replace(FIRST, members=MEMBERS, drawn=AT)
COMMITTED = replace(DRAWN, commitments=promises(range(4)), all_committed=AT, reveal_end=250)


def in_round(round_: JobRound, **changes: Any) -> Job:
    return replace(SUBMITTED, seed=bytes(32), rounds=(round_,), pinned_block=round_.pinned_block, **changes)


def decided(verdict: JobVerdict) -> Job:
    distances = (0, 0, 0)
    return in_round(replace(COMMITTED, decision=Decision(verdict, 0b1111, 0b1110, 0, distances, 400, AT)))


def actions(job: Job, me: Address, known: Knowledge = READY, *, block: int = 30, time: int = 50) -> list[JobAction]:
    return list(job_actions(job, known, me, Now(block, time)))


@pytest.mark.parametrize(
    ("block", "known", "expected"),
    [
        (9, Knowledge(), []),
        (10, Knowledge(), [Prepare(ID, 0)]),
        (10, READY, []),
        (11, READY, [Commit(ID, 0)]),
        (131, Knowledge(), [Prepare(ID, 0), DrawSeed(ID)]),
        (265, READY, [Commit(ID, 0)]),
        (266, READY, [PinBlock(ID)]),
        (30, replace(READY, commits=False), []),
    ],
)
def test_a_worker_prepares_and_commits_while_the_chain_knows_its_block(
    block: int, known: Knowledge, expected: list[JobAction]
) -> None:
    assert actions(SUBMITTED, WORKER, known, block=block) == expected


def test_a_recorded_seed_outlasts_the_chains_memory() -> None:
    assert actions(replace(SUBMITTED, seed=bytes(32)), WORKER, block=10_000) == [Commit(ID, 0)]


def test_a_requester_sees_to_it_that_the_worker_gets_one_seed_only() -> None:
    assert actions(SUBMITTED, REQUESTER, block=160) == []  # by then a worker that is there has done it
    assert actions(SUBMITTED, REQUESTER, block=161) == actions(SUBMITTED, REQUESTER, block=265) == [DrawSeed(ID)]
    assert actions(SUBMITTED, REQUESTER, block=266) == []  # the chain has forgotten the block
    assert actions(replace(SUBMITTED, seed=bytes(32)), REQUESTER, block=161) == []


def test_nobody_else_minds_work_that_is_not_theirs() -> None:
    assert actions(SUBMITTED, MEMBERS[0].account) == actions(SUBMITTED, REQUESTER) == []
    assert actions(SUBMITTED, MEMBERS[0].account, block=161) == []


def test_a_job_whose_worker_stayed_away_is_ended_by_the_requester_whose_money_it_holds() -> None:
    assert actions(SUBMITTED, REQUESTER, time=100) == [Expire(ID)]
    assert actions(SUBMITTED, WORKER, time=100) == actions(SUBMITTED, STRANGER, time=100) == []


def test_everybody_asks_who_was_drawn_once_the_pinned_block_counts() -> None:
    assert actions(in_round(FIRST), STRANGER, block=20) == []
    assert actions(in_round(FIRST), STRANGER, block=21) == [LookUpCommittee(ID, 0)]
    known = replace(READY, drawn={(ID, 0, 20): MEMBERS})
    assert actions(in_round(FIRST), STRANGER, known) == []
    assert actions(in_round(FIRST), MEMBERS[1].account, known) == [Offer(ID, 0)]
    # A block pinned anew draws another committee.
    assert actions(in_round(replace(FIRST, pinned_block=25)), STRANGER, known) == [LookUpCommittee(ID, 0)]


def test_a_member_records_a_draw_that_the_chain_is_about_to_forget() -> None:
    known = Knowledge(drawn={(ID, 0, 20): MEMBERS})
    assert actions(in_round(FIRST), MEMBERS[0].account, known, block=141) == [Prepare(ID, 0), DrawCommittee(ID, 0)]
    assert actions(in_round(DRAWN), MEMBERS[0].account, known, block=141) == [Prepare(ID, 0)]
    assert actions(in_round(FIRST), MEMBERS[0].account, known, block=276) == [PinBlock(ID)]
    assert actions(in_round(DRAWN), MEMBERS[0].account, READY, block=276) == [Offer(ID, 0)]


def test_nobody_commits_twice_or_against_its_conduct() -> None:
    round_ = replace(DRAWN, commitments=promises([0, 1]))
    assert actions(in_round(round_), MEMBERS[0].account) == actions(in_round(round_), WORKER) == []
    assert actions(in_round(round_), MEMBERS[1].account, replace(READY, commits=False)) == []


def test_members_commit_in_one_transaction_once_all_have_signed() -> None:
    offered = replace(READY, offered=frozenset({(ID, 0)}))
    job, last = in_round(DRAWN), MEMBERS[2].account
    assert actions(job, last, offered, time=149) == [GatherOffers(ID, 0)]
    together = replace(offered, together={(ID, 0): 110})
    assert actions(job, MEMBERS[0].account, together, time=110) == [CommitTogether(ID, 0)]
    assert actions(job, last, together, time=115) == []
    assert actions(job, last, together, time=116) == [CommitTogether(ID, 0)]


def test_a_member_commits_alone_when_half_of_the_time_has_not_brought_everybody() -> None:
    assert actions(in_round(DRAWN), MEMBERS[0].account, time=149) == [Offer(ID, 0)]
    assert actions(in_round(DRAWN), MEMBERS[0].account, time=150) == [Commit(ID, 0)]


def test_in_an_appeal_the_worker_commits_anew_and_nobody_signs_before_the_key_is_recorded() -> None:
    undrawn = replace(FIRST, number=1, commitments=promises([]), seed=None)
    known = replace(READY, drawn={(ID, 1, 20): MEMBERS})
    job = replace(in_round(DRAWN), rounds=(DRAWN, undrawn))
    assert actions(job, WORKER, known, time=100) == [DrawCommittee(ID, 1)]
    assert actions(job, MEMBERS[0].account, known, time=102) == []
    assert actions(job, MEMBERS[0].account, known, time=103) == [DrawCommittee(ID, 1)]
    drawn = replace(undrawn, members=MEMBERS, drawn=AT, seed=bytes(32))
    job = replace(in_round(DRAWN), rounds=(DRAWN, drawn))
    assert actions(job, WORKER, known, time=103) == [Offer(ID, 1)]
    together = replace(known, offered=frozenset({(ID, 1)}), together={(ID, 1): 110})
    assert actions(job, WORKER, together, time=110) == [CommitTogether(ID, 1)]


def test_openings_are_shown_and_gathered_once_nobody_can_commit_any_more() -> None:
    job, known = in_round(COMMITTED), replace(READY, shown=frozenset())
    assert actions(job, WORKER, known, time=150) == [Show(ID, 0), Gather(ID, 0)]
    assert actions(job, STRANGER, known, time=150) == []
    incomplete = in_round(replace(DRAWN, commitments=promises([0, 2])))
    assert actions(incomplete, MEMBERS[1].account, known, time=199) == []
    assert actions(incomplete, MEMBERS[1].account, known, time=200) == [Show(ID, 0), Gather(ID, 0)]
    assert actions(incomplete, MEMBERS[0].account, known, time=200) == []


def test_what_was_decided_and_appealed_in_one_look_is_shown_all_the_same() -> None:
    appealed = replace(FIRST, number=1, commitments=promises([]), seed=None)
    job = replace(decided(JobVerdict.INCONCLUSIVE), pinned_block=20)
    job = replace(job, rounds=(*job.rounds, appealed))
    known = replace(READY, shown=frozenset(), drawn={(ID, 1, 20): ()})
    assert Show(ID, 0) in actions(job, MEMBERS[1].account, known)
    assert Show(ID, 0) in actions(job, MEMBERS[1].account, known, time=200)
    assert Show(ID, 0) not in actions(job, MEMBERS[1].account, replace(known, shown=frozenset({(ID, 0)})))
    assert not [action for action in actions(job, STRANGER, known) if isinstance(action, Show)]


def test_whoever_never_shows_up_shows_nothing() -> None:
    hidden = replace(READY, shown=frozenset(), shows_up=False)
    assert actions(in_round(COMMITTED), WORKER, hidden, time=249) == []


def test_a_party_opens_on_the_chain_when_half_of_the_window_brought_no_decision() -> None:
    job, gathered = in_round(COMMITTED), replace(READY, gathered=frozenset({(ID, 0)}))  # its window is [150, 250)
    assert actions(job, MEMBERS[0].account, time=199) == [Gather(ID, 0)]
    assert actions(job, MEMBERS[0].account, time=200) == [Gather(ID, 0), Reveal(ID, 0)]
    assert actions(job, MEMBERS[0].account, gathered, time=199) == [Decide(ID, 0)]
    assert actions(job, MEMBERS[0].account, gathered, time=200) == [Decide(ID, 0), Reveal(ID, 0)]
    assert actions(job, REQUESTER, time=200) == [Gather(ID, 0)]  # it has nothing to open
    opened = MappingProxyType({1: Opened(Opening(1, 0, bytes(32), bytes(32)), MEMBERS[0].account, AT)})
    assert actions(in_round(replace(COMMITTED, openings=opened)), MEMBERS[0].account, time=200) == [Gather(ID, 0)]
    assert actions(decided(JobVerdict.ACCEPT), MEMBERS[0].account, gathered, time=200) == []


def test_parties_take_turns_to_decide() -> None:
    job, known = in_round(COMMITTED), replace(READY, gathered=frozenset({(ID, 0)}))
    starts = []
    for account in (WORKER, *(member.account for member in MEMBERS)):
        starts.append(next(time for time in range(150, 250) if actions(job, account, known, time=time)))
        assert actions(job, account, known, time=starts[-1]) == [Decide(ID, 0)]
    assert starts == sorted(set(starts))
    assert starts[0] == 153  # a requester who is there comes first
    assert starts[-1] < 200


def test_a_requester_who_is_there_decides_and_if_content_ends_the_job_with_it() -> None:
    job, known = in_round(COMMITTED), replace(READY, gathered=frozenset({(ID, 0)}))
    assert actions(job, REQUESTER, time=150) == [Gather(ID, 0)]
    assert actions(job, REQUESTER, known, time=150) == [DecideAndEnd(ID, 0)]
    ringer = replace(known, ringers=frozenset({ID}), checks=True, checked={(ID, 0): True})
    assert actions(job, REQUESTER, ringer, time=150) == [Decide(ID, 0)]


@pytest.mark.parametrize(
    ("agrees", "expected"), [(True, DecideAndEnd(ID, 0)), (False, Decide(ID, 0)), (None, Decide(ID, 0))]
)
def test_a_requester_that_has_checked_ends_with_the_decision_only_what_it_has_found_too(
    agrees: bool | None, expected: JobAction
) -> None:
    known = replace(READY, gathered=frozenset({(ID, 0)}), checks=True, checked={(ID, 0): agrees})
    assert actions(in_round(COMMITTED), REQUESTER, known, time=150) == [expected]


def test_a_requester_that_has_not_checked_yet_leaves_the_decision_to_the_others() -> None:
    job, known = in_round(COMMITTED), replace(READY, gathered=frozenset({(ID, 0)}), checks=True)
    assert actions(job, REQUESTER, known, time=200) == [Check(ID, 0)]
    assert actions(job, REQUESTER, known, time=201) == [Check(ID, 0), Decide(ID, 0)]  # its turn is the last one
    assert actions(job, WORKER, known, time=153) == [Decide(ID, 0)]


def test_a_requester_checks_while_the_committee_works() -> None:
    known = replace(READY, checks=True)
    assert actions(replace(SUBMITTED, seed=bytes(32)), REQUESTER, known) == []  # the worker may never answer
    for round_ in (FIRST, DRAWN):
        job = in_round(round_)
        assert Check(ID, 0) in actions(job, REQUESTER, known)
        assert Check(ID, 0) not in actions(job, REQUESTER)
        assert Check(ID, 0) not in actions(job, REQUESTER, replace(known, checked={(ID, 0): None}))
        assert Check(ID, 0) not in actions(job, REQUESTER, replace(known, ringers=frozenset({ID})))
        assert Check(ID, 0) not in actions(job, WORKER, known)
    assert Check(ID, 0) in actions(in_round(COMMITTED), REQUESTER, known, time=300)
    called = replace(FIRST, number=1, commitments=promises([]), seed=None)
    assert Check(ID, 1) not in actions(replace(in_round(DRAWN), rounds=(DRAWN, called)), REQUESTER, known)
    keyed = replace(called, members=MEMBERS, drawn=AT, seed=bytes(32))
    assert Check(ID, 1) in actions(replace(in_round(DRAWN), rounds=(DRAWN, keyed)), REQUESTER, known)


def test_what_was_not_opened_in_time_is_decided_without() -> None:
    job, known = in_round(COMMITTED), replace(READY, gathered=frozenset({(ID, 0)}))
    for either in (READY, known):
        assert actions(job, WORKER, either, time=250) == [DecideDue(ID, 0)]
        assert actions(job, MEMBERS[0].account, either, time=252) == []
        assert actions(job, MEMBERS[0].account, either, time=253) == [DecideDue(ID, 0)]
        assert actions(job, REQUESTER, either, time=262) == [DecideDue(ID, 0)]


def test_a_worker_appeals_against_all_but_acceptance_if_there_are_enough_verifiers() -> None:
    known = replace(READY, appeals=True, pool_seats=7)
    for verdict in (JobVerdict.REJECT_DISAGREEMENT, JobVerdict.INCONCLUSIVE):
        assert actions(decided(verdict), WORKER, known, time=399) == [Appeal(ID, 0)]
        assert actions(decided(verdict), WORKER, replace(known, pool_seats=6), time=399) == []
        assert actions(decided(verdict), WORKER, replace(known, appeals=False), time=399) == []
    assert actions(decided(JobVerdict.ACCEPT), WORKER, known, time=399) == []


def test_a_requester_that_checks_appeals_against_what_it_cannot_reproduce() -> None:
    known = replace(READY, appeals=True, checks=True, pool_seats=7)
    accepted = decided(JobVerdict.ACCEPT)
    assert actions(accepted, REQUESTER, known, time=399) == [Check(ID, 0)]
    assert actions(accepted, REQUESTER, replace(known, checked={(ID, 0): True}), time=399) == [Finalize(ID)]
    assert actions(accepted, REQUESTER, replace(known, checked={(ID, 0): False}), time=399) == [Appeal(ID, 0)]
    assert actions(accepted, REQUESTER, replace(known, checked={(ID, 0): False}, pool_seats=6), time=399) == []
    assert actions(decided(JobVerdict.REJECT_DISAGREEMENT), REQUESTER, known, time=399) == []
    other = replace(known, checked={(ID, 0): False})
    assert actions(decided(JobVerdict.REJECT_DISAGREEMENT), REQUESTER, other, time=399) == []
    assert actions(accepted, REQUESTER, known, time=400) == []  # too late to appeal: nothing to check for


def test_a_requester_that_is_content_with_an_acceptance_waits_for_no_appeal() -> None:
    assert actions(decided(JobVerdict.ACCEPT), REQUESTER, time=260) == [Finalize(ID)]
    assert actions(decided(JobVerdict.REJECT_DISAGREEMENT), REQUESTER, time=260) == []


def test_a_requester_appeals_an_undecided_round_if_it_was_told_to() -> None:
    known = replace(READY, appeals=True, pool_seats=7)
    assert actions(decided(JobVerdict.INCONCLUSIVE), REQUESTER, known, time=399) == [Appeal(ID, 0)]
    assert actions(decided(JobVerdict.INCONCLUSIVE), REQUESTER, READY, time=399) == []


def test_a_ringer_is_exposed_whatever_was_decided_and_ended_at_once() -> None:
    known = replace(READY, ringers=frozenset({ID}), appeals=True, checks=True, pool_seats=7)
    opened = MappingProxyType({0: Opened(Opening(0, 0, bytes(32), bytes(32)), WORKER, AT)})
    for verdict in (JobVerdict.ACCEPT, JobVerdict.REJECT_DISAGREEMENT, JobVerdict.INCONCLUSIVE):
        job = decided(verdict)
        job = replace(job, rounds=(replace(job.rounds[0], openings=opened),))
        assert actions(job, REQUESTER, known, time=260) == [ExposeRinger(ID, 0)]
        assert ExposeRinger(ID, 0) not in actions(job, WORKER, known, time=260)
        exposed = replace(job, ringer=Ringer(1, AT))
        assert actions(exposed, REQUESTER, replace(known, ringers=frozenset()), time=260) == [Finalize(ID)]


def test_there_is_no_appeal_from_the_last_committee() -> None:
    last = replace(COMMITTED, number=3, decision=Decision(JobVerdict.INCONCLUSIVE, 0, 0, 0, (), 400, AT))
    known = replace(READY, appeals=True, pool_seats=1000, shown=frozenset({(ID, 3)}))
    assert actions(in_round(last), WORKER, known, time=399) == []


def test_a_decided_job_is_ended_in_turns_when_nobody_can_appeal() -> None:
    job = decided(JobVerdict.ACCEPT)
    assert actions(job, WORKER, time=400) == [Finalize(ID)]
    assert actions(job, MEMBERS[2].account, time=408) == []
    assert actions(job, MEMBERS[2].account, time=409) == [Finalize(ID)]
    assert actions(job, REQUESTER, time=412) == [Finalize(ID)]
    assert actions(job, STRANGER, time=1000) == []


def test_nothing_is_left_to_do_after_the_end() -> None:
    job, now = decided(JobVerdict.ACCEPT), Now(1000, 1000)
    history = CourtHistory(jobs=MappingProxyType({ID: job}), open_jobs=MappingProxyType({ID: job}))
    assert next_actions(history, READY, WORKER, now) == (Finalize(ID),)
    ended = replace(job, ending=Ending(JobVerdict.ACCEPT, 0, 1, 0, AT))
    assert next_actions(CourtHistory(jobs=MappingProxyType({ID: ended})), READY, WORKER, now) == ()

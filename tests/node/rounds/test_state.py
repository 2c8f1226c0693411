"""What a peer does next, as a pure function: every phase, whose turn it is, and what is never done twice."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from contracts.attestation import Result, checksum_address
from contracts.values import Address
from node.checks.draw import Check
from node.rounds.agreement import HaveList, Proposal, rank
from node.rounds.history import NOWHERE, Acceptance, Commit, Place, Reveal, RoundHistory, Seat, SwarmHistory
from node.rounds.housekeeping import OPENERS_WAITED_FOR
from node.rounds.state import (
    Announce,
    Appear,
    Attest,
    Claim,
    Fetch,
    Finalize,
    Knowledge,
    Open,
    Prepare,
    Propose,
    Replay,
    Rules,
    Settle,
    Skip,
    Submit,
    is_complete,
    next_actions,
)
from node.rounds.state import (
    Commit as CommitUpdate,
)
from node.rounds.state import (
    Reveal as RevealUpdate,
)

SEAT_WEI = 1000
EPOCH = 5
NOTHING = Knowledge()
ACCOUNTS = tuple(checksum_address(bytes([letter]) * 20) for letter in b"abcd")
ME = ACCOUNTS[0]
RULES = Rules(rounds=3, minimum_seats=4, pool_wei=100, attest_seconds=60, challenge_seconds=10, epoch_seconds=10)
SEED = b"s" * 32
PLACE = Place(1, 0, "0x")
RESULT = Result(*(bytes([number]) * 32 for number in range(6)), 100)
REVEALED = frozenset(range(1, 5))


def history(*rounds: RoundHistory, claimed: dict[Address, int] | None = None) -> SwarmHistory:
    seats = {number: Seat(number, owner, EPOCH) for number, owner in enumerate(ACCOUNTS, start=1)}
    return SwarmHistory(
        SEAT_WEI,
        b"g" * 32,
        NOWHERE,
        0,
        0,
        MappingProxyType(seats),
        MappingProxyType({}),
        rounds=rounds,
        claimed_wei=MappingProxyType(claimed or {}),
    )


def round_(number: int = 1, *, commits: int = 0, reveals: int = 0) -> RoundHistory:
    """Commit until 100, reveal until 110, attest until 170; the first seats have acted."""
    return RoundHistory(
        number,
        b"g" * 32,
        SEED,
        EPOCH,
        100,
        4 * SEAT_WEI,
        100,
        110,
        110,
        110,
        170,
        PLACE,
        pinned_block=3 if reveals == commits > 0 else None,
        commits=tuple(Commit(seat, ACCOUNTS[seat - 1], bytes(32), PLACE) for seat in range(1, commits + 1)),
        reveals=tuple(Reveal(seat, bytes(32), bytes(32), bytes(32), PLACE) for seat in range(1, reveals + 1)),
        revelations=tuple(seat.to_bytes(4, "big") + bytes(96) for seat in range(1, reveals + 1)),
    )


def accepted(number: int = 1, *, at: int = 120) -> RoundHistory:
    acceptance = Acceptance(RESULT, b"h" * 32, at + RULES.challenge_seconds, 4 * SEAT_WEI, PLACE)
    return replace(round_(number, commits=4, reveals=4), acceptance=acceptance)


def finalized(number: int = 1) -> RoundHistory:
    return replace(accepted(number), finalized=PLACE)


def decide(
    swarm: SwarmHistory,
    knowledge: Knowledge = NOTHING,
    *,
    me: Address = ME,
    now: int = 50,
) -> tuple[object, ...]:
    return next_actions(swarm, RULES, replace(knowledge, block=5), me, now=now)


def full_lists() -> dict[Address, HaveList]:
    return {account: HaveList(account, REVEALED, account.encode()[:32]) for account in ACCOUNTS}


def attesting(**changes: object) -> Knowledge:
    lists = full_lists()
    known = Knowledge(
        held=REVEALED,
        searched=True,
        announced=Announce(1, REVEALED),
        latest=lists,
        statements={have.statement: have for have in lists.values()},
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def collector(turn: int = 0) -> Address:
    return rank(SEED, "collect", ACCOUNTS)[turn]


def test_the_first_round_is_opened_by_one_peer_at_once_and_by_the_next_after_a_turn() -> None:
    # The seats are active from epoch 5 on, which begins at 50: turns count from there.
    order = rank(b"g" * 32, "open", ACCOUNTS)
    for turn in range(4):
        begin = 50 + turn * RULES.turn_seconds
        assert decide(history(), me=order[turn], now=begin) == (Open(),)
        assert turn == 0 or decide(history(), me=order[turn], now=begin - 1) == ()


def test_no_round_opens_while_seats_are_missing() -> None:
    swarm = history()
    few = replace(swarm, seats=MappingProxyType(dict(list(swarm.seats.items())[:3])))
    assert all(decide(few, me=account) == () for account in ACCOUNTS)


def test_no_round_opens_whose_pool_the_stake_does_not_cover() -> None:
    heavy = replace(RULES, pool_wei=4 * SEAT_WEI // 3 + 1)
    assert not any(next_actions(history(), heavy, Knowledge(), me, now=50) for me in ACCOUNTS)


def test_in_the_commit_phase_a_seat_trains_then_commits_then_rests() -> None:
    assert decide(history(round_())) == (Prepare(1, 1),)
    assert decide(history(round_()), Knowledge(prepared=frozenset({1}))) == (CommitUpdate(1, 1),)
    assert decide(history(round_(commits=1)), Knowledge(prepared=frozenset({1}))) == ()


def test_what_was_committed_is_revealed_in_its_phase_only() -> None:
    prepared = Knowledge(prepared=frozenset({1}))
    assert decide(history(round_(commits=4)), prepared, now=99) == ()
    assert decide(history(round_(commits=4)), prepared, now=100) == (RevealUpdate(1, 1),)
    assert decide(history(round_(commits=4, reveals=1)), prepared, now=109) == ()


def test_an_update_that_was_lost_cannot_be_revealed() -> None:
    assert decide(history(round_(commits=4)), now=100) == ()


def test_attesters_fetch_first_and_announce_when_they_have_looked_everywhere() -> None:
    swarm = history(round_(commits=4, reveals=4))
    assert decide(swarm, now=110) == (Fetch(1, REVEALED),)
    partial = Knowledge(held=frozenset({1, 2}), searched=True)
    assert set(decide(swarm, partial, now=110)) == {Fetch(1, frozenset({3, 4})), Announce(1, frozenset({1, 2}))}
    assert decide(swarm, replace(partial, announced=Announce(1, frozenset({1, 2}))), now=110) == (
        Fetch(1, frozenset({3, 4})),
    )


def test_the_collector_proposes_at_once_when_all_lists_are_complete() -> None:
    swarm = history(round_(commits=4, reveals=4))
    assert [type(action) for action in decide(swarm, attesting(), me=collector(), now=110)] == [Propose]
    assert decide(swarm, attesting(), me=collector(1), now=110) == ()


def test_the_collector_waits_for_missing_lists_but_not_for_ever() -> None:
    swarm = history(round_(commits=4, reveals=4))
    three = {account: have for account, have in full_lists().items() if account != collector(3)}
    waiting = attesting(latest=three)
    assert decide(swarm, waiting, me=collector(), now=110 + RULES.grace_seconds - 1) == ()
    [propose] = decide(swarm, waiting, me=collector(), now=110 + RULES.grace_seconds)
    assert isinstance(propose, Propose)
    assert propose.proposal.seats == REVEALED


def test_two_lists_of_four_are_no_quorum_however_long_it_takes() -> None:
    swarm = history(round_(commits=4, reveals=4))
    two = dict(list(full_lists().items())[:2])
    assert decide(swarm, attesting(latest=two), me=collector(), now=149) == ()
    assert decide(swarm, attesting(latest=two), me=collector(), now=169) == (Appear(1),)


def test_a_silent_collector_is_replaced_after_its_turn() -> None:
    swarm = history(round_(commits=4, reveals=4))
    assert decide(swarm, attesting(), me=collector(1), now=110 + RULES.turn_seconds - 1) == ()
    [propose] = decide(swarm, attesting(), me=collector(1), now=110 + RULES.turn_seconds)
    assert isinstance(propose, Propose)


def test_attesters_sign_what_follows_from_a_proposal_once() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = attesting()
    proposal = Proposal(collector(), REVEALED, frozenset(known.statements))
    assert Attest(1, REVEALED) in decide(swarm, replace(known, proposals=(proposal,)), now=110)
    assert decide(swarm, replace(known, proposals=(proposal,), signed=True), now=110) == ()


def test_a_have_list_is_not_replaced_while_a_proposal_may_cite_it() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = attesting(announced=Announce(1, frozenset({1})))
    proposal = Proposal(collector(), REVEALED, frozenset(known.statements))
    assert Announce(1, REVEALED) in decide(swarm, known, now=110)
    assert Announce(1, REVEALED) not in decide(swarm, replace(known, proposals=(proposal,)), now=110)


def test_what_is_in_the_set_and_not_here_is_fetched_before_signing() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = attesting(held=frozenset({1, 2, 3}), announced=Announce(1, frozenset({1, 2, 3})))
    proposal = Proposal(collector(), REVEALED, frozenset(known.statements))
    assert decide(swarm, replace(known, proposals=(proposal,)), now=110) == (Fetch(1, frozenset({4})),)


@pytest.mark.parametrize(("supporters", "submits"), [(2, False), (3, True), (4, True)])
def test_a_result_is_submitted_with_more_than_two_thirds_of_the_stake(supporters: int, submits: bool) -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = attesting(signed=True, supporters=frozenset(ACCOUNTS[:supporters]))
    assert (decide(swarm, known, me=collector(), now=110) == (Submit(1),)) is submits
    assert decide(swarm, known, me=collector(1), now=110) == ()
    assert (decide(swarm, known, me=collector(1), now=110 + RULES.turn_seconds) == (Submit(1),)) is submits


def test_a_supporter_without_stake_in_the_round_counts_nothing() -> None:
    swarm = history(round_(commits=4, reveals=4))
    stranger = checksum_address(b"z" * 20)
    for count, submits in ((2, False), (3, True)):
        known = attesting(signed=True, supporters=frozenset({*ACCOUNTS[:count], stranger}))
        assert (decide(swarm, known, me=collector(), now=110) == (Submit(1),)) is submits


def test_an_attester_that_cannot_finish_its_search_says_what_it_has_after_a_third_of_the_window() -> None:
    swarm = history(round_(commits=4, reveals=4))
    partial = Knowledge(held=frozenset({1, 2, 3}))
    announce = Announce(1, frozenset({1, 2, 3}))
    assert announce not in decide(swarm, partial, now=110 + RULES.search_seconds - 1)
    assert announce in decide(swarm, partial, now=110 + RULES.search_seconds)


def test_a_proposal_that_cites_lists_nobody_has_silences_nobody() -> None:
    swarm = history(round_(commits=4, reveals=4))
    made_up = Proposal(collector(), REVEALED, frozenset({b"x" * 32}))
    first = attesting(announced=None, latest={}, statements={}, proposals=(made_up,))
    assert decide(swarm, first, now=110) == (Announce(1, REVEALED),)
    # What was said stays while the collector has its turn, and may be said better afterwards.
    newer = attesting(announced=Announce(1, frozenset({1})), proposals=(made_up,))
    me = collector(3)
    assert decide(swarm, newer, me=me, now=110 + RULES.turn_seconds - 1) == ()
    assert decide(swarm, newer, me=me, now=110 + RULES.turn_seconds) == (Announce(1, REVEALED),)


def test_a_collector_does_without_a_list_that_changed_after_it_was_cited() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = attesting(cited={collector(3): b"an older list".ljust(32)})
    [propose] = decide(swarm, known, me=collector(), now=110)
    assert isinstance(propose, Propose)
    steady = {have.statement for have in known.latest.values() if have.sender != collector(3)}
    assert propose.proposal.evidence == steady
    # Two of four are no quorum: then it has to follow the change.
    known = attesting(cited=dict.fromkeys([collector(2), collector(3)], b"an older list".ljust(32)))
    [propose] = decide(swarm, known, me=collector(), now=110)
    assert isinstance(propose, Propose)
    assert propose.proposal.evidence == set(known.statements)


def test_an_accepted_round_is_settled_and_the_next_one_opened_before_the_challenge_ends() -> None:
    swarm = history(accepted(at=120))
    actions = {account: decide(swarm, me=account, now=121) for account in ACCOUNTS}
    assert all(Settle(1) in found for found in actions.values())
    assert [account for account, found in actions.items() if Open() in found] == [rank(b"h" * 32, "open", ACCOUNTS)[0]]
    assert not any(Finalize(1) in found for found in actions.values())


def test_rounds_are_finalized_after_their_challenge_in_order() -> None:
    swarm = history(accepted(1, at=120), accepted(2, at=121), accepted(3, at=122))
    first = rank(SEED, "finalize", ACCOUNTS)[0]
    settled = Knowledge(settled=frozenset({3}))
    assert Finalize(1) not in decide(swarm, settled, me=first, now=129)
    actions = decide(swarm, settled, me=first, now=131)
    assert Finalize(1) in actions
    assert Finalize(2) not in actions
    assert [number for number, _ in swarm.finalizable(131)] == [1, 2]


def test_where_another_round_opens_it_finalizes_those_before_unless_nobody_opens_it() -> None:
    first = rank(SEED, "finalize", ACCOUNTS)[0]
    running = history(accepted(1, at=120), round_(2, commits=0, reveals=0))
    assert Finalize(1) not in decide(running, Knowledge(settled=frozenset({1})), me=first, now=140)
    # Somebody may open rounds and finalize none: when this one must be over, it is not waited for again.
    over = 130 + RULES.commit_seconds + 70
    assert Finalize(1) not in decide(running, Knowledge(settled=frozenset({1})), me=first, now=over - 1)
    assert Finalize(1) in decide(running, Knowledge(settled=frozenset({1})), me=first, now=over)
    waiting = history(accepted(1, at=120))
    after = 120 + OPENERS_WAITED_FOR * RULES.turn_seconds
    assert Finalize(1) not in decide(waiting, Knowledge(settled=frozenset({1})), me=first, now=after - 1)
    assert Finalize(1) in decide(waiting, Knowledge(settled=frozenset({1})), me=first, now=after)


@pytest.mark.parametrize(("commits", "reveals", "end"), [(0, 0, 100), (4, 0, 110), (4, 4, 170)])
def test_a_round_without_a_result_is_skipped_when_its_time_is_over(commits: int, reveals: int, end: int) -> None:
    swarm = history(round_(commits=commits, reveals=reveals))
    first = rank(SEED, "skip", ACCOUNTS)[0]
    assert Skip(1) not in decide(swarm, attesting(signed=True), me=first, now=end - 1)
    assert decide(swarm, me=first, now=end) == (Skip(1),)


def test_after_the_last_round_nothing_opens_and_earnings_are_claimed_once() -> None:
    swarm = history(*(finalized(number) for number in (1, 2, 3)))
    settled = frozenset({3})
    assert is_complete(swarm, RULES)
    assert decide(swarm, Knowledge(settled=settled, earned_wei=70), now=500) == (Claim(),)
    paid = history(*(finalized(number) for number in (1, 2, 3)), claimed={ME: 70})
    assert decide(paid, Knowledge(settled=settled, earned_wei=70), now=500) == ()


def test_nobody_opens_rounds_of_a_project_that_is_closing() -> None:
    closing = replace(history(finalized()), close_requested=PLACE)
    assert not any(Open() in decide(closing, Knowledge(settled=frozenset({1})), me=me, now=900) for me in ACCOUNTS)


def with_checks(**changes: object) -> Knowledge:
    """All seats are checked, each by the three other accounts."""
    checks = tuple(
        Check(seat, 0, tuple(account for account in ACCOUNTS if account != owner), bytes(32))
        for seat, owner in enumerate(ACCOUNTS, start=1)
    )
    return attesting(checks=checks, **changes)


MINE = frozenset({2, 3, 4})


def test_what_a_peer_is_drawn_for_is_replayed_before_it_says_what_it_has() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = with_checks(announced=None, passed=frozenset({2}))
    assert decide(swarm, known, now=110) == (Replay(1, 3), Replay(1, 4))
    late = 110 + RULES.check_seconds
    assert Announce(1, REVEALED, frozenset({2})) in decide(swarm, known, now=late)
    done = replace(known, passed=frozenset({2, 3}), failed=frozenset({4}))
    assert decide(swarm, done, now=110) == (Announce(1, REVEALED, frozenset({2, 3}), frozenset({4})),)


def test_a_trace_that_is_withheld_counts_against_its_seat_once_there_was_time_to_show_it() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = with_checks(announced=None, passed=frozenset({2, 3}), withheld=frozenset({4}))
    assert decide(swarm, known, now=110) == (Replay(1, 4),)
    late = 110 + RULES.check_seconds
    statement = Announce(1, REVEALED, frozenset({2, 3}), frozenset({4}))
    assert decide(swarm, known, now=late) == (Replay(1, 4), statement)
    shown = replace(known, passed=MINE, announced=statement)
    assert decide(swarm, shown, now=late) == (Announce(1, REVEALED, MINE),)


def test_no_seat_is_checked_whose_update_is_not_here() -> None:
    swarm = history(round_(commits=4, reveals=4))
    known = with_checks(announced=None, held=frozenset({1, 2, 3}), passed=frozenset({2, 3}), withheld=frozenset({4}))
    late = 110 + RULES.check_seconds
    assert Announce(1, frozenset({1, 2, 3}), frozenset({2, 3})) in decide(swarm, known, now=late)


def test_the_collector_waits_for_what_checkers_find() -> None:
    swarm = history(round_(commits=4, reveals=4))
    quiet = full_lists()
    mine = frozenset(seat for seat in REVEALED if ACCOUNTS[seat - 1] != collector())
    known = with_checks(latest=quiet, passed=mine, announced=Announce(1, REVEALED, mine))
    assert decide(swarm, known, me=collector(), now=110) == ()
    assert [type(item) for item in decide(swarm, known, me=collector(), now=110 + RULES.grace_seconds)] == [Propose]
    spoken = {
        account: replace(have, passed=REVEALED - {1, seat}, failed=frozenset({1}) - {seat})
        for seat, (account, have) in enumerate(quiet.items(), start=1)
    }
    [propose] = decide(swarm, replace(known, latest=spoken), me=collector(), now=110)
    assert isinstance(propose, Propose)
    assert (propose.proposal.seats, propose.proposal.failed) == (REVEALED, frozenset({1}))

"""Committing and revealing together, as a pure function: whose turn it is, and how nobody depends on a collector."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.attestation import checksum_address
from contracts.batches import BatchOpening
from contracts.values import Address, SignedAttestation
from node.rounds.actions import (
    Action,
    Commit,
    CommitResult,
    OpenAlone,
    OpenBatch,
    PostBatch,
    PostResults,
    Prepare,
    Promise,
    PromiseResult,
    PunishBatchSilence,
    Reveal,
    ShowOpenings,
    TellBatch,
)
from node.rounds.agreement import rank
from node.rounds.batching import TURNS, Window
from node.rounds.history import Batch, Place, Presence, RoundHistory
from node.rounds.history import Commit as Committed
from node.rounds.history import Reveal as Revealed
from node.rounds.knowledge import Knowledge
from node.rounds.promises import MOST_PROMISES, Gathered, Standing
from node.rounds.promises import Promise as Promised
from node.rounds.state import next_actions
from tests.node.rounds.test_state import ACCOUNTS, ME, PLACE, RULES, SEED, attesting, history, round_

SIGNATURE = bytes(64) + b"\x1b"
TOGETHER = replace(RULES, commit_seconds=60, silence_bond_bps=100, attest_commit_seconds=60)  # commit from 40 to 100
PROMISES = {seat: Promised(seat, owner, bytes([seat]) * 32, SIGNATURE) for seat, owner in enumerate(ACCOUNTS, start=1)}
ENTRIES = {seat: promise.entry for seat, promise in PROMISES.items()}
ORDER = rank(SEED, "batch", ACCOUNTS)
SECOND_THIRD, LAST_THIRD = 60, 80
TURN = 5
PREPARED = frozenset({1})
MINE = {1: Standing(0, 0)}


def gathered(*seats: int, **changes: object) -> Gathered:
    """The promises of these seats."""
    return replace(Gathered(promises={seat: PROMISES[seat] for seat in seats}), **changes)  # type: ignore[arg-type]


def posted(round__: RoundHistory, *counts: int) -> RoundHistory:
    """The round with batches of so many commitments."""
    batches = tuple(Batch(number, ACCOUNTS[3], bytes(32), count, PLACE) for number, count in enumerate(counts))
    return replace(round__, batches=batches)


def decide(
    current: RoundHistory, known: Gathered, *, now: int, me: Address = ME, prepared: frozenset[int] = PREPARED
) -> tuple[Action, ...]:
    knowledge = Knowledge(prepared=prepared, batched=True, gathered=known, block=5)
    return next_actions(history(current), TOGETHER, knowledge, me, now=now)


def acting(current: RoundHistory, known: Gathered, kind: type, *, now: int) -> list[Address]:
    """Who would do this now."""
    return [me for me in ACCOUNTS if any(isinstance(item, kind) for item in decide(current, known, now=now, me=me))]


def opening(seat: int) -> BatchOpening:
    return BatchOpening(seat - 1, seat, ACCOUNTS[seat - 1], bytes(32), bytes(32), bytes(32), SIGNATURE)


def told(*seats: int, **changes: object) -> Gathered:
    """Batch 0 holds the promises of all four seats, and these have shown what opens theirs."""
    return gathered(
        *PROMISES, batches={0: tuple(ENTRIES.values())}, openings={0: tuple(map(opening, seats))}, own=MINE, **changes
    )


# ---- committing -----------------------------------------------------------------------------------------------------


def test_a_trainer_promises_what_is_on_its_disk_and_says_so_once() -> None:
    assert decide(round_(), Gathered(), now=50, prepared=frozenset()) == (Prepare(1, 1),)
    assert decide(round_(), Gathered(), now=50) == (Promise(1, PREPARED),)
    assert decide(round_(), gathered(1, promised=PREPARED), now=50) == ()


def test_without_the_setting_it_commits_for_itself() -> None:
    alone = Knowledge(prepared=PREPARED, gathered=gathered(*PROMISES), block=5)
    assert next_actions(history(round_()), TOGETHER, alone, ME, now=50) == (Commit(1, 1),)


def test_where_trainers_are_drawn_it_commits_for_itself() -> None:
    drawn = Knowledge(prepared=PREPARED, batched=True, drawn=PREPARED, gathered=gathered(*PROMISES), block=5)
    assert next_actions(history(round_()), replace(TOGETHER, trainers=2), drawn, ME, now=50) == (Commit(1, 1),)


@pytest.mark.parametrize("known", [Gathered(), gathered(1, promised=PREPARED)])
def test_whoever_is_in_no_batch_by_the_last_third_commits_directly(known: Gathered) -> None:
    assert Commit(1, 1) not in decide(round_(), known, now=LAST_THIRD - 1)
    assert decide(round_(), known, now=LAST_THIRD) == (Commit(1, 1),)


def test_an_unreadable_batch_counts_for_nothing() -> None:
    unreadable = posted(round_(), 4)
    assert decide(unreadable, gathered(1, promised=PREPARED), now=LAST_THIRD) == (Commit(1, 1),)


def test_whoever_is_in_a_batch_never_commits_directly_as_well() -> None:
    for now in (50, LAST_THIRD, 99):
        assert decide(posted(round_(), 4), told(promised=PREPARED), now=now) == ()


def test_seats_beyond_what_one_statement_opens_are_committed_directly() -> None:
    many = history(round_())
    own = {number: replace(many.seats[1], number=number) for number in range(1, MOST_PROMISES + 3)}
    known = Knowledge(prepared=frozenset(own), batched=True, block=5)
    actions = next_actions(replace(many, seats=own), TOGETHER, known, ME, now=50)
    assert set(actions) == {
        Promise(1, frozenset(range(1, MOST_PROMISES + 1))),
        Commit(1, MOST_PROMISES + 1),
        Commit(1, MOST_PROMISES + 2),
    }


def test_the_collector_posts_at_once_when_nobody_is_missing() -> None:
    assert acting(round_(), gathered(1, 2, 3, 4), PostBatch, now=41) == [ORDER[0]]
    assert acting(round_(), gathered(1, 2, 3), PostBatch, now=SECOND_THIRD - 1) == []


def test_who_committed_directly_is_not_missing_and_in_no_batch() -> None:
    direct = round_(commits=1)
    [first] = rank(SEED, "batch", ACCOUNTS[1:])[:1]
    assert acting(direct, gathered(2, 3, 4), PostBatch, now=41) == [first]
    [post] = [item for item in decide(direct, gathered(1, 2, 3, 4), now=41, me=ORDER[0]) if isinstance(item, PostBatch)]
    assert post.seats == (2, 3, 4)


def test_a_silent_collector_is_replaced_turn_by_turn_and_by_nobody_in_the_last_third() -> None:
    for turn in range(TURNS):
        begin = SECOND_THIRD + turn * TURN
        for now in (begin, begin + TURN - 1):
            assert acting(round_(), gathered(1, 2, 3, 4), PostBatch, now=now) == [ORDER[turn]]
    assert acting(round_(), gathered(1, 2, 3, 4), PostBatch, now=LAST_THIRD) == []


def test_who_was_left_out_is_taken_in_by_the_next_collector() -> None:
    censored = gathered(1, 2, 3, 4, batches={0: (ENTRIES[1], ENTRIES[2])})
    actions = decide(posted(round_(), 2), censored, now=SECOND_THIRD + TURN, me=ORDER[1])
    assert [(item.batch, item.seats) for item in actions if isinstance(item, PostBatch)] == [(1, (3, 4))]


def test_one_alone_is_not_worth_a_batch() -> None:
    late = gathered(1, 2, 3, 4, batches={0: tuple(ENTRIES.values())[:3]})
    assert acting(posted(round_(), 3), late, PostBatch, now=SECOND_THIRD) == []


def test_nobody_posts_where_the_round_takes_no_more_batches() -> None:
    full = posted(round_(), *[1] * 8)
    assert acting(full, gathered(1, 2, 3, 4), PostBatch, now=SECOND_THIRD) == []
    assert acting(full, gathered(1, 2, 3, 4, promised=frozenset({1, 2, 3, 4})), Commit, now=LAST_THIRD) == [ME]


def test_no_more_is_posted_than_the_round_takes_in_all_its_batches() -> None:
    for taken, seats in ((5, (1, 2, 3)), (7, None)):
        actions = decide(posted(round_(), taken), gathered(1, 2, 3, 4), now=SECOND_THIRD, me=ORDER[0])
        posts = [item.seats for item in actions if isinstance(item, PostBatch)]
        assert posts == ([] if seats is None else [seats])


def test_a_batch_under_way_is_not_posted_again_with_one_more() -> None:
    assert PostBatch(1, 0, (1, 2)) == PostBatch(1, 0, (1, 2, 3))
    assert PostBatch(1, 0, (1, 2)) != PostBatch(1, 1, (1, 2))
    assert OpenBatch(1, 0, (1, 2)) == OpenBatch(1, 0, (2,))
    assert OpenAlone(1, 0, (1, 2)) != OpenAlone(1, 0, (2,))


def test_whoever_keeps_a_batch_that_nobody_tells_tells_it() -> None:
    for now in (50, 100):
        assert TellBatch(1, 0) in decide(posted(round_(), 4), told(untold=frozenset({0})), now=now)


def test_an_attacker_may_ignore_turns() -> None:
    assert acting(round_(), gathered(1, 3, out_of_turn=True), PostBatch, now=41) == list(ACCOUNTS)


# ---- revealing: from 100 to 130, thirds of 10 -----------------------------------------------------------------------

OPEN = replace(posted(round_(), 4), reveal_end=130, attest_start=130, availability_end=130, attest_end=190)


def opened(*seats: int, current: RoundHistory = OPEN) -> RoundHistory:
    for seat in seats:
        current = current.with_commit(Committed(seat, ACCOUNTS[seat - 1], None, PLACE))
        current = current.with_reveal(Revealed(seat, bytes(32), bytes(32), bytes(32), PLACE))
    return current


def test_what_stands_in_a_batch_is_shown_and_not_revealed_directly() -> None:
    assert decide(OPEN, told(), now=100) == (ShowOpenings(1, PREPARED),)
    assert decide(OPEN, told(shown=PREPARED), now=119) == ()


def test_the_collector_opens_all_at_once_when_nobody_is_missing() -> None:
    assert acting(OPEN, told(1, 2, 3, 4, shown=PREPARED), OpenBatch, now=100) == [ORDER[0]]
    assert acting(OPEN, told(1, 2, 3, shown=PREPARED), OpenBatch, now=109) == []
    first = rank(SEED, "batch", ACCOUNTS[:3])[0]
    assert acting(OPEN, told(1, 2, 3, shown=PREPARED), OpenBatch, now=110) == [first]


def test_the_next_in_rank_opens_when_the_collector_is_silent() -> None:
    for turn in range(TURNS):
        assert acting(OPEN, told(1, 2, 3, 4), OpenBatch, now=110 + 2 * turn) == [ORDER[turn]]


def test_what_is_opened_is_not_opened_again() -> None:
    [action] = [
        item for item in decide(opened(1, 2), told(1, 2, 3, 4), now=110, me=ORDER[0]) if isinstance(item, OpenBatch)
    ]
    assert action.seats == (3, 4)
    assert acting(opened(1, 2, 3, 4), told(1, 2, 3, 4), OpenBatch, now=110) == []
    assert decide(opened(1), told(shown=PREPARED), now=125) == ()


def test_whoever_was_not_opened_by_the_last_third_opens_its_own() -> None:
    assert decide(OPEN, told(shown=PREPARED), now=120) == (OpenAlone(1, 0, (1,)),)
    assert OpenAlone(1, 0, (1,)) not in decide(OPEN, told(shown=PREPARED), now=119)


def test_it_opens_its_own_also_when_the_setting_was_turned_off_since() -> None:
    known = Knowledge(prepared=PREPARED, gathered=told(shown=PREPARED), block=5)
    assert next_actions(history(OPEN), TOGETHER, known, ME, now=120) == (OpenAlone(1, 0, (1,)),)


def test_whoever_committed_directly_reveals_directly_also_after_an_opening_of_a_batch() -> None:
    direct = replace(OPEN, commits=(Committed(1, ME, bytes(32), PLACE),))
    assert decide(direct, told(), now=100) == (Reveal(1, 1),)
    others = replace(direct, reveals=(Revealed(1, bytes(32), bytes(32), bytes(32), PLACE),))
    assert decide(others, told(), now=100) == (Reveal(1, 1),)
    done = replace(others, revelations=((1).to_bytes(4, "big") + bytes(96),))
    assert decide(done, told(), now=125) == ()


def test_nobody_waits_for_who_committed_both_ways() -> None:
    direct = replace(OPEN, commits=(Committed(4, ACCOUNTS[3], bytes(32), PLACE),))
    order = rank(SEED, "batch", ACCOUNTS[:3])
    assert acting(direct, told(1, 2, 3, shown=PREPARED), OpenBatch, now=100) == [order[0]]


# ---- silence, and promises of results -------------------------------------------------------------------------------


def test_who_never_opened_what_stands_in_a_batch_loses_its_bond() -> None:
    after = replace(opened(1, 2, 3), revelations=(b"\x00" + bytes(186 * 3),))
    order = rank(SEED, "punish", ACCOUNTS)
    actions = decide(after, told(), now=131, me=order[0])
    assert [item for item in actions if isinstance(item, PunishBatchSilence)] == [PunishBatchSilence(1, 4)]
    punished = replace(after, punished=frozenset({4}))
    assert not any(isinstance(item, PunishBatchSilence) for item in decide(punished, told(), now=131, me=order[0]))
    assert not any(isinstance(item, PunishBatchSilence) for item in decide(after, gathered(4), now=131, me=order[0]))


def results(*accounts: Address, current: RoundHistory | None = None, now: int, me: Address = ME) -> list[Action]:
    """What is done about promised results, with those of these accounts known; promise from 110 to 170."""
    round__ = current or replace(round_(commits=4, reveals=4), attest_start=170, attest_end=230)
    promised = {account: SignedAttestation(bytes([1]) * 32, (), SIGNATURE) for account in accounts}
    known = replace(attesting(signed=True), batched=True, block=5, gathered=Gathered(attestations=promised))
    actions = next_actions(history(round__), TOGETHER, known, me, now=now)
    return [item for item in actions if isinstance(item, CommitResult | PromiseResult | PostResults)]


def test_results_are_promised_together_and_in_the_last_third_alone() -> None:
    assert results(now=111) == [PromiseResult(1)]
    assert results(ME, now=149) == []
    assert results(ME, now=150) == [CommitResult(1)]


def test_a_collector_brings_the_promised_results_that_are_not_there() -> None:
    assert [me for me in ACCOUNTS if results(*ACCOUNTS, now=111, me=me)] == [ORDER[0]]
    there = Presence(ACCOUNTS[1], bytes(32), 1, Place(1, 0, bytes(32)))
    committed = replace(
        round_(commits=4, reveals=4), attest_start=170, attest_end=230, commitments={ACCOUNTS[1]: there}
    )
    [post] = results(*ACCOUNTS, current=committed, now=111, me=ORDER[0])
    assert isinstance(post, PostResults)
    assert set(post.accounts) == set(ACCOUNTS) - {ACCOUNTS[1]}


def test_who_has_no_stake_or_names_seats_is_not_brought() -> None:
    stranger = checksum_address(b"z" * 20)
    [post] = results(*ACCOUNTS, stranger, now=130, me=rank(SEED, "batch", ACCOUNTS)[0])
    assert isinstance(post, PostResults)
    assert stranger not in post.accounts


def test_a_short_window_still_has_three_parts() -> None:
    window = Window(100, 103)
    assert [window.collector(ORDER, now, complete=False) for now in (100, 101, 102)] == [None, ORDER[0], None]
    assert window.alone_from == 102

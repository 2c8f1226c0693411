"""The history folded from events: what it knows, and which orders of events it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.attestation import Result, checksum_address
from contracts.events import (
    AttestationCommitted,
    Attested,
    AvailabilityVoted,
    EndpointChanged,
    Event,
    InactivityLeaked,
    ProjectFunded,
    ResultAccepted,
    RewardClaimed,
    RoundFinalized,
    RoundOpened,
    RoundSkipped,
    RoundVoided,
    RoundWindowsMoved,
    SeatsStaked,
    SeatsUnstaked,
    SilencePunished,
    UnstakeBegun,
    UpdateCommitted,
    UpdateRevealed,
)
from contracts.values import Address
from node.errors import HistoryError
from node.rounds.folding import fold, fold_all
from node.rounds.history import Phase, SwarmHistory

SEAT_WEI = 100
GENESIS = b"g" * 32
CONTRACT = checksum_address(bytes(20))
ALICE, BOB, CAROL = (checksum_address(bytes([letter]) * 20) for letter in b"abc")


def word(label: str) -> bytes:
    return label.encode().ljust(32, b".")


class Chain:
    """Stamps events with ascending places, one block each."""

    def __init__(self) -> None:
        self.height = 0

    def __call__(self, event: Callable[..., Any], **values: object) -> Event:
        self.height += 1
        stamped: Event = event(
            address=CONTRACT,
            block_number=self.height,
            block_hash=self.height.to_bytes(32, "big"),
            log_index=0,
            transaction_hash=self.height.to_bytes(32, "big"),
            **values,
        )
        return stamped


@pytest.fixture
def chain() -> Chain:
    return Chain()


def stake(chain: Chain, owner: Address, first_seat: int, count: int, active_epoch: int = 1) -> Event:
    return chain(SeatsStaked, owner=owner, first_seat=first_seat, count=count, active_epoch=active_epoch)


def open_round(chain: Chain, number: int, *, base: bytes = GENESIS, seats: int = 4, epoch: int = 2) -> Event:
    return chain(
        RoundOpened,
        round=number,
        base_digest=base,
        seed=word(f"seed {number}"),
        epoch=epoch,
        pool=1000,
        stake_snapshot=seats * SEAT_WEI,
        commit_end=110,
        reveal_end=120,
        attest_start=120,
        attest_end=130,
    )


def commit(chain: Chain, number: int, seat: int) -> Event:
    return chain(UpdateCommitted, round=number, seat=seat, commitment=word(f"commitment {seat}"))


def reveal(chain: Chain, number: int, seat: int) -> Event:
    return chain(
        UpdateRevealed,
        round=number,
        seat=seat,
        digest=word(f"update {seat}"),
        data_root=word(f"root {seat}"),
        salt=word(f"salt {seat}"),
    )


def result(number: int, base: bytes = GENESIS) -> Result:
    return Result(
        prev_cid=base,
        input_root=word("inputs"),
        cid=word(f"checkpoint {number}"),
        data_root=word("data"),
        weight_root=word("weights"),
        reward_root=word(f"rewards {number}"),
        cumulative_total=1000 * number,
    )


def accept(chain: Chain, number: int, *, base: bytes = GENESIS, seats: int = 4) -> Event:
    return chain(
        ResultAccepted,
        round=number,
        result_hash=word(f"result {number}"),
        result=result(number, base),
        challenge_end=150,
        weight=seats,
        contributions=b"",
    )


def finalize(chain: Chain, number: int) -> Event:
    return chain(RoundFinalized, round=number, reward_root=word(f"rewards {number}"), cumulative_total=1000 * number)


def staked(chain: Chain) -> SwarmHistory:
    """Alice holds seats 1 and 2, Bob 3, Carol 4."""
    start = SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS)
    return fold_all(start, [stake(chain, ALICE, 1, 2), stake(chain, BOB, 3, 1), stake(chain, CAROL, 4, 1)])


def test_stake_counts_from_the_active_epoch_until_the_inactive_one(chain: Chain) -> None:
    history = staked(chain)
    history = fold(history, chain(UnstakeBegun, owner=ALICE, seat_ids=(2,), inactive_epoch=5, thaw_end=900))
    assert [history.stake_at(ALICE, epoch) for epoch in (0, 1, 4, 5)] == [0, 200, 200, 100]
    history = fold(history, chain(SeatsUnstaked, owner=ALICE, seat_ids=(2,), amount=100))
    assert history.seats[2].withdrawn
    assert history.stake_at(ALICE, 4) == 200


def test_attesters_are_the_owners_of_seats_at_the_snapshot(chain: Chain) -> None:
    history = fold(staked(chain), open_round(chain, 1))
    history = fold(history, stake(chain, CAROL, 5, 3, active_epoch=3))
    assert dict(history.attesters(1)) == {ALICE: 200, BOB: 100, CAROL: 100}
    assert list(history.attesters(1)) == [ALICE, BOB, CAROL]


def test_newest_endpoint_of_an_account_counts(chain: Chain) -> None:
    history = fold(staked(chain), chain(EndpointChanged, account=BOB, url="http://127.0.0.1:1", peer_key=b""))
    history = fold(history, chain(EndpointChanged, account=BOB, url="http://127.0.0.1:2", peer_key=b"k"))
    assert history.endpoints[BOB].url == "http://127.0.0.1:2"
    assert history.endpoints[BOB].peer_key == b"k"


def test_a_round_walks_through_its_phases(chain: Chain) -> None:
    history = fold_all(staked(chain), [open_round(chain, 1), commit(chain, 1, 3)])
    assert [history.phase(1, now) for now in (109, 110, 119)] == [Phase.COMMIT, Phase.REVEAL, Phase.REVEAL]
    history = fold(history, reveal(chain, 1, 3))
    assert [history.phase(1, now) for now in (120, 129, 130)] == [Phase.ATTEST, Phase.ATTEST, Phase.EXPIRED]
    history = fold(history, accept(chain, 1))
    assert [history.phase(1, now) for now in (149, 150)] == [Phase.CHALLENGE, Phase.FINALIZABLE]
    assert fold(history, finalize(chain, 1)).phase(1, 0) is Phase.FINALIZED


def test_a_round_nobody_committed_to_or_revealed_in_is_expired_early(chain: Chain) -> None:
    history = fold(staked(chain), open_round(chain, 1))
    assert history.phase(1, 110) is Phase.EXPIRED
    history = fold(history, commit(chain, 1, 1))
    assert history.phase(1, 119) is Phase.REVEAL
    assert history.phase(1, 120) is Phase.EXPIRED
    assert fold(history, chain(RoundSkipped, round=1)).phase(1, 0) is Phase.SKIPPED


def test_moved_windows_replace_the_announced_ones(chain: Chain) -> None:
    history = fold_all(staked(chain), [open_round(chain, 1), commit(chain, 1, 1)])
    history = fold(
        history, chain(RoundWindowsMoved, round=1, commit_end=104, reveal_end=114, attest_start=114, attest_end=124)
    )
    assert history.phase(1, 104) is Phase.REVEAL


def test_commits_keep_chain_order_and_the_owner_of_the_seat(chain: Chain) -> None:
    history = fold_all(staked(chain), [open_round(chain, 1), commit(chain, 1, 4), commit(chain, 1, 1)])
    round_one = history.round(1)
    assert [(item.seat, item.owner) for item in round_one.commits] == [(4, CAROL), (1, ALICE)]
    assert dict(round_one.commit_order) == {4: 0, 1: 1}
    assert round_one.commit_by_seat[1].place > round_one.commit_by_seat[4].place


def test_the_next_round_starts_from_the_last_accepted_checkpoint(chain: Chain) -> None:
    history = fold_all(staked(chain), [open_round(chain, 1), commit(chain, 1, 1), accept(chain, 1)])
    first = word("checkpoint 1")
    assert history.head_digest == first
    history = fold_all(history, [open_round(chain, 2, base=first), chain(RoundSkipped, round=2)])
    history = fold(history, open_round(chain, 3, base=first))
    previous = history.previous_accepted(3)
    assert previous is not None
    assert previous.number == 1
    assert history.previous_accepted(1) is None


def test_an_older_history_stays_what_it_was(chain: Chain) -> None:
    before = fold(staked(chain), open_round(chain, 1))
    after = fold(before, commit(chain, 1, 1))
    assert before.round(1).commits == ()
    assert len(after.round(1).commits) == 1


def test_claims_and_deposits_add_up(chain: Chain) -> None:
    history = fold(staked(chain), chain(ProjectFunded, sender=CAROL, amount=5000))
    history = fold(history, chain(RewardClaimed, account=ALICE, amount=30))
    history = fold(history, chain(RewardClaimed, account=ALICE, amount=12))
    assert (history.funded_wei, dict(history.claimed_wei)) == (5000, {ALICE: 42})


def opened(chain: Chain) -> SwarmHistory:
    return fold_all(staked(chain), [open_round(chain, 1), commit(chain, 1, 1)])


@pytest.mark.parametrize(
    ("impossible", "named"),
    [
        (lambda chain: open_round(chain, 2), "unsettled_round = 1"),
        (lambda chain: commit(chain, 1, 1), "committed_twice = 1"),
        (lambda chain: commit(chain, 1, 9), "seat = 9"),
        (lambda chain: commit(chain, 2, 2), "current_round = 1"),
        (lambda chain: reveal(chain, 1, 2), "never_committed = 2"),
        (lambda chain: accept(chain, 1, base=word("other")), "0x6f74686572"),
        (lambda chain: accept(chain, 1, seats=2), "weight_wei = 200, snapshot_wei = 400"),
        (lambda chain: finalize(chain, 1), "round = 1"),
        (lambda chain: stake(chain, BOB, 7, 1), "first_seat = 7, seats = 4"),
        (lambda chain: chain(SeatsUnstaked, owner=ALICE, seat_ids=(1,), amount=100), "inactive_epoch=None"),
        (lambda chain: chain(UnstakeBegun, owner=BOB, seat_ids=(1,), inactive_epoch=5, thaw_end=9), "seat = 1"),
        (
            lambda chain: chain(
                RoundWindowsMoved, round=1, commit_end=111, reveal_end=120, attest_start=120, attest_end=130
            ),
            "ends = (111, 120, 120, 130), before = (110, 120, 120, 130)",
        ),
    ],
)
def test_events_the_contracts_cannot_emit_now_are_refused(
    chain: Chain, impossible: Callable[[Chain], Event], named: str
) -> None:
    history = opened(chain)
    with pytest.raises(HistoryError) as caught:
        fold(history, impossible(chain))
    assert named in str(caught.value)
    assert caught.value.operands["at"].block_number == chain.height  # type: ignore[attr-defined]


def test_a_round_on_the_wrong_base_or_snapshot_is_refused(chain: Chain) -> None:
    with pytest.raises(HistoryError, match="head ="):
        fold(staked(chain), open_round(chain, 1, base=word("other")))
    with pytest.raises(HistoryError, match="snapshot_wei = 300, seats_hold_wei = 400"):
        fold(staked(chain), open_round(chain, 1, seats=3))


def test_rounds_finalize_one_after_another(chain: Chain) -> None:
    first = word("checkpoint 1")
    history = fold_all(opened(chain), [accept(chain, 1), open_round(chain, 2, base=first)])
    history = fold_all(history, [commit(chain, 2, 1), accept(chain, 2, base=first)])
    with pytest.raises(HistoryError, match="impossible RoundFinalized"):
        fold(history, finalize(chain, 2))
    history = fold_all(history, [finalize(chain, 1), finalize(chain, 2)])
    assert all(item.finalized is not None for item in history.rounds)


def test_events_out_of_chain_order_are_refused(chain: Chain) -> None:
    start = SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS)
    second, first = stake(chain, BOB, 2, 1), stake(chain, ALICE, 1, 1)
    with pytest.raises(HistoryError, match=r"out of chain order.*at = block 1, log 0, after = block 2, log 0"):
        fold_all(start, [first, second])
    with pytest.raises(HistoryError, match="no such round"):
        start.round(1)


def test_only_endpoints_of_accounts_with_a_seat_are_asked(chain: Chain) -> None:
    history = fold_all(
        SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS),
        [
            stake(chain, ALICE, 1, 1),
            *(
                chain(EndpointChanged, account=account, url="http://127.0.0.1:1", peer_key=bytes(32))
                for account in (ALICE, BOB)
            ),
        ],
    )
    assert set(history.endpoints) == {ALICE, BOB}
    assert set(history.member_endpoints) == {ALICE}


def test_a_voided_result_takes_with_it_whatever_was_built_on_it(chain: Chain) -> None:
    first, second = word("checkpoint 1"), word("checkpoint 2")
    history = fold_all(opened(chain), [accept(chain, 1), open_round(chain, 2, base=first)])
    history = fold_all(history, [commit(chain, 2, 1), accept(chain, 2, base=first), open_round(chain, 3, base=second)])
    with pytest.raises(HistoryError, match="impossible RoundVoided"):
        fold(history, chain(RoundVoided, round=2, head_digest=second))
    voided = fold_all(history, [chain(RoundVoided, round=number, head_digest=first) for number in (3, 2)])
    assert [voided.phase(number, 0) for number in (1, 2, 3)] == [Phase.CHALLENGE, Phase.VOIDED, Phase.VOIDED]
    assert voided.head_digest == first
    fallen = voided.round(2)
    assert fallen.acceptance is None
    assert fallen.voided_acceptance is not None
    assert fallen.voided_acceptance.result.cid == second
    again = fold(voided, open_round(chain, 4, base=first))
    assert again.previous_accepted(4) is again.round(1)
    final = fold(history, finalize(chain, 1))
    with pytest.raises(HistoryError, match="ended_round = 1"):
        fold(final, chain(RoundVoided, round=1, head_digest=GENESIS))


def test_attendance_is_heard_of_the_own_project_only(chain: Chain) -> None:
    history = fold_all(opened(chain), [reveal(chain, 1, 1)])
    own = history.domain.project
    said = {"round": 1, "account": ALICE}
    history = fold(history, chain(AvailabilityVoted, project=own, **said, word=0, bitmap=0b10))
    history = fold(history, chain(AvailabilityVoted, project=own, **said, word=1, bitmap=0b1))
    history = fold(history, chain(AvailabilityVoted, project=ALICE, **said, word=0, bitmap=0b1000))
    assert history.round(1).votes == {ALICE: frozenset({1, 256})}
    promise = {"project": own, "commitment": word("promise"), "seats": 2}
    history = fold(history, chain(AttestationCommitted, **said, **promise))
    history = fold(history, chain(Attested, project=own, round=1, account=BOB, result_hash=word("result")))
    assert history.round(1).present == {ALICE, BOB}
    assert (history.round(1).commitments[ALICE].seats, history.round(1).attests[BOB].seats) == (2, 1)
    with pytest.raises(HistoryError, match="committed_twice"):
        fold(history, chain(AttestationCommitted, **said, **promise))
    history = fold(history, chain(RoundSkipped, round=1))
    history = fold(history, chain(SilencePunished, project=own, round=1, seat=3))
    history = fold(history, chain(InactivityLeaked, project=own, round=1, seat=4))
    assert (history.round(1).punished, history.round(1).leaked) == ({3}, {4})


def test_results_are_accepted_only_after_the_window_for_votes(chain: Chain) -> None:
    start = SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS, availability_seconds=4)
    history = fold_all(start, [stake(chain, ALICE, 1, 4)])
    history = fold(history, replace(open_round(chain, 1), attest_start=127))  # type: ignore[call-arg]
    history = fold_all(history, [commit(chain, 1, 1), reveal(chain, 1, 1)])
    phases = [history.phase(1, now) for now in (119, 120, 123, 124, 126, 127, 129, 130)]
    assert phases == [
        Phase.REVEAL,
        Phase.AVAILABILITY,
        Phase.AVAILABILITY,
        Phase.ATTEST_COMMIT,
        Phase.ATTEST_COMMIT,
        Phase.ATTEST,
        Phase.ATTEST,
        Phase.EXPIRED,
    ]
    assert history.round(1).attester_commits

"""What the history makes of openings: which of a batch count, and which are as if they had never been made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from contracts.attestation import NO_REVEALS, Domain, chain_batch
from contracts.batches import BatchOpening, pack_openings, sign_commitment
from contracts.events import CommitsPosted, UpdatesRevealed
from node.errors import HistoryError
from node.rounds.folding import fold, fold_all
from node.rounds.history import Phase, SwarmHistory
from tests.node.rounds.test_history import ALICE, CONTRACT, GENESIS, SEAT_WEI, Chain, commit, open_round, stake, word


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.mark.parametrize(
    ("first_commit", "counted"),
    [(34, set()), (35, {4}), (59, {4}), (60, {1, 3, 4}), (109, {1, 3, 4}), (None, {1, 3, 4})],
)
def test_out_of_a_batch_only_seats_count_that_were_drawn(
    chain: Chain, first_commit: int | None, counted: set[int]
) -> None:
    # One is wanted; commit from 10 to 110. The draw doubles each 25 seconds until somebody comes, here seat 2: in the
    # first quarter nobody is drawn, in the second 2 and 4, from then on all.
    key = bytes([1]) * 32
    owner = Account.from_key(key).address
    domain = Domain(1, CONTRACT)
    start = SwarmHistory.start(
        seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS, domain=domain, trainers_per_round=1, commit_seconds=100
    )
    history = fold_all(start, [stake(chain, owner, 1, 4), open_round(chain, 1)])
    if first_commit is not None:
        history = fold(history, replace(commit(chain, 1, 2), block_timestamp=first_commit))
    history = fold(history, chain(CommitsPosted, round=1, batch=0, poster=ALICE, batch_hash=word("batch"), count=3))
    openings = []
    for seat in (1, 3, 4):
        made = BatchOpening(0, seat, owner, word("digest"), word("root"), word("salt"), bytes(65))
        signature = sign_commitment(domain, key, 1, seat, made.commitment(domain, 1))
        openings.append(replace(made, signature=signature))
    history = fold(history, chain(UpdatesRevealed, round=1, batch=0, openings=pack_openings(openings)))
    assert set(history.round(1).reveal_by_seat) == counted
    assert set(history.round(1).commit_by_seat) - {2} == counted


def test_a_commitment_without_a_time_cannot_end_a_draw(chain: Chain) -> None:
    start = SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS, trainers_per_round=1)
    history = fold_all(start, [stake(chain, ALICE, 1, 4), open_round(chain, 1)])
    with pytest.raises(HistoryError, match="timestamp"):
        fold(history, commit(chain, 1, 1))


def test_out_of_a_batch_only_the_first_signed_update_of_a_seats_owner_counts(chain: Chain) -> None:
    keys = {name: bytes([number]) * 32 for number, name in enumerate(("owner", "stranger"), start=1)}
    accounts = {name: Account.from_key(key).address for name, key in keys.items()}
    start = SwarmHistory.start(seat_stake_wei=SEAT_WEI, genesis_digest=GENESIS, domain=Domain(1, CONTRACT))
    history = fold(start, stake(chain, accounts["owner"], 1, 4))
    history = fold(history, open_round(chain, 1))
    history = fold(history, chain(CommitsPosted, round=1, batch=0, poster=ALICE, batch_hash=word("batch"), count=4))
    assert history.phase(1, 115) is Phase.REVEAL

    def opening(seat: int, signer: str, salt: str) -> BatchOpening:
        made = BatchOpening(0, seat, accounts[signer], word("digest"), word("root"), word(salt), bytes(65))
        commitment = made.commitment(history.domain, 1)
        return replace(made, signature=sign_commitment(history.domain, keys[signer], 1, seat, commitment))

    forged = replace(opening(2, "owner", "a"), signature=opening(2, "stranger", "a").signature)
    shown = [opening(1, "owner", "first"), opening(1, "owner", "second"), opening(3, "stranger", "a"), forged]
    packed = pack_openings(shown)
    history = fold(history, chain(UpdatesRevealed, round=1, batch=0, openings=packed))
    round_one = history.round(1)
    assert [(item.seat, item.salt) for item in round_one.reveals] == [(1, word("first"))]
    assert round_one.commit_by_seat[1].commitment is None
    assert round_one.commit_by_seat[1].place == round_one.batches[0].place
    assert round_one.reveals_hash == chain_batch(NO_REVEALS, 0, packed, len(shown))
    only_false = fold(
        fold(fold(start, stake(chain, accounts["owner"], 1, 4)), open_round(chain, 1)),
        chain(CommitsPosted, round=1, batch=0, poster=ALICE, batch_hash=word("batch"), count=4),
    )
    only_false = fold(only_false, chain(UpdatesRevealed, round=1, batch=0, openings=pack_openings([forged])))
    assert not only_false.round(1).reveals
    assert only_false.phase(1, 125) is Phase.ATTEST, "the chain counts whatever was opened"

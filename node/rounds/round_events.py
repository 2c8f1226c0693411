"""What an event of the current round makes of it. Pure; see `node.rounds.folding`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from contracts.attendance import seats_of_word
from contracts.batches import unpack_openings
from contracts.events import (
    AttestationCommitted,
    Attested,
    AvailabilityVoted,
    CommitsPosted,
    ResultAccepted,
    RoundSkipped,
    RoundWindowsMoved,
    UpdateCommitted,
    UpdateRevealed,
    UpdatesRevealed,
)
from contracts.sortition import TRAINER, is_drawn, quarter_of
from contracts.values import Address
from node.rounds.history import SwarmHistory
from node.rounds.round_history import (
    Acceptance,
    Batch,
    Commit,
    Place,
    Presence,
    Reveal,
    RoundHistory,
    require,
)

_V = TypeVar("_V")

RoundEvent = (
    RoundWindowsMoved
    | UpdateCommitted
    | CommitsPosted
    | UpdateRevealed
    | UpdatesRevealed
    | AvailabilityVoted
    | AttestationCommitted
    | Attested
    | ResultAccepted
    | RoundSkipped
)


def fold_round(history: SwarmHistory, current: RoundHistory, event: RoundEvent, place: Place) -> RoundHistory:
    """The round after `event`. HistoryError when the contracts could not have emitted it now."""
    require(not current.ended, event, settled_round=current.number)
    match event:
        case UpdateCommitted():
            return _commit(history, current, event, place)
        case CommitsPosted():
            expected = len(current.batches)
            require(event.batch == expected, event, batch=event.batch, expected=expected)
            batch = Batch(event.batch, event.poster, event.batch_hash, event.count, place)
            return replace(current, batches=(*current.batches, batch))
        case UpdateRevealed():
            require(event.seat in current.commit_by_seat, event, never_committed=event.seat)
            reveal = Reveal(event.seat, event.digest, event.data_root, event.salt, place)
            packed = event.seat.to_bytes(4, "big") + event.digest + event.data_root + event.salt
            current = current.with_revelation(packed)
            # A seat may also have been opened out of a batch, and what counts is what came first.
            return current if event.seat in current.reveal_by_seat else current.with_reveal(reveal)
        case UpdatesRevealed():
            return _reveal_batch(history, current, event, place)
        case RoundWindowsMoved():
            return _move(current, event)
        case AvailabilityVoted():
            held = seats_of_word(event.word, event.bitmap) | current.votes.get(event.account, frozenset())
            return replace(current, votes=_with(current.votes, event.account, held))
        case AttestationCommitted():
            require(event.account not in current.present, event, committed_twice=event.account)
            said = Presence(event.account, event.commitment, event.seats, place)
            return replace(current, commitments=_with(current.commitments, event.account, said))
        case Attested():
            require(event.account not in current.present, event, attested_twice=event.account)
            seats = len(history.active_seats(current.epoch, event.account))
            said = Presence(event.account, event.result_hash, seats, place)
            return replace(current, attests=_with(current.attests, event.account, said))
        case ResultAccepted():
            return _accept(history, current, event, place)
        case RoundSkipped():
            return replace(current, skipped=place)


def _commit(history: SwarmHistory, current: RoundHistory, event: UpdateCommitted, place: Place) -> RoundHistory:
    seat = history.seats.get(event.seat)
    require(seat is not None and seat.active_at(current.epoch), event, seat=event.seat, epoch=current.epoch)
    require(event.seat not in current.commit_by_seat, event, committed_twice=event.seat)
    current = current.with_commit(Commit(event.seat, history.seats[event.seat].owner, event.commitment, place))
    if len(current.commits) != history.trainers_per_round:
        return current
    # From now on the bound stays where it is.
    time = event.block_timestamp
    require(time is not None, event, timestamp=time)
    return replace(current, trainer_doublings=_quarter(history, current, time or 0))


def _reveal_batch(history: SwarmHistory, current: RoundHistory, event: UpdatesRevealed, place: Place) -> RoundHistory:
    """Whoever stands in a batch is known only from what was revealed out of it, and the chain does not check who.

    What somebody opened who does not own the seat, has not signed or was not drawn is as if it had not been opened.
    """
    require(event.batch < len(current.batches), event, batch=event.batch, batches=len(current.batches))
    posted = current.batches[event.batch].place
    current = current.with_revelation(event.batch.to_bytes(1, "big") + event.openings)
    seats = len(history.active_seats(current.epoch))
    for item in unpack_openings(event.openings):
        seat = history.seats.get(item.seat)
        owned = seat is not None and seat.owner == item.account and seat.active_at(current.epoch)
        first = item.seat not in current.reveal_by_seat
        drawn = _was_drawn(history, current, item.seat, seats)
        if not (owned and first and drawn and item.is_signed(history.domain, current.number)):
            continue
        if item.seat not in current.commit_by_seat:
            current = current.with_commit(Commit(item.seat, item.account, None, posted))
        current = current.with_reveal(Reveal(item.seat, item.digest, item.data_root, item.salt, place, event.batch))
    return current


def _was_drawn(history: SwarmHistory, current: RoundHistory, seat: int, seats: int) -> bool:
    """Whether a seat could have committed for itself by the end of the window, as `Attendance.wasDrawn` says."""
    doublings = current.trainer_doublings
    if doublings is None:
        doublings = _quarter(history, current, current.commit_end - 1)
    return is_drawn(current.seed, TRAINER, seat, seats=seats, want=history.trainers_per_round, doublings=doublings)


def _quarter(history: SwarmHistory, current: RoundHistory, time: int) -> int:
    return quarter_of(current.commit_end - history.commit_seconds, current.commit_end, time)


def _move(current: RoundHistory, event: RoundWindowsMoved) -> RoundHistory:
    ends = (event.commit_end, event.reveal_end, event.attest_start, event.attest_end)
    before = (current.commit_end, current.reveal_end, current.attest_start, current.attest_end)
    require(all(new <= old for new, old in zip(ends, before, strict=True)), event, ends=ends, before=before)
    return replace(
        current,
        commit_end=event.commit_end,
        reveal_end=event.reveal_end,
        availability_end=event.reveal_end + current.availability_end - current.reveal_end,
        attest_start=event.attest_start,
        attest_end=event.attest_end,
    )


def _accept(history: SwarmHistory, current: RoundHistory, event: ResultAccepted, place: Place) -> RoundHistory:
    base, weight_wei = event.result.prev_cid, event.weight * history.seat_stake_wei
    require(base == current.base_digest, event, previous=base, base=current.base_digest)
    total = history.quorum_total_wei(current)
    require(weight_wei * 3 > total * 2, event, weight_wei=weight_wei, snapshot_wei=total)
    accepted = Acceptance(event.result, event.result_hash, event.challenge_end, weight_wei, place, event.contributions)
    return replace(current, acceptance=accepted)


def _with(before: Mapping[Address, _V], account: Address, value: _V) -> Mapping[Address, _V]:
    return MappingProxyType({**before, account: value})

"""Events to history: `fold(history, event) -> history` is pure, without clock and I/O.

Older histories stay valid, so a reader that meets a reorganisation goes on from the history it kept of an earlier
block. Events the contracts cannot produce in that order raise HistoryError with what was compared: then the endpoint
lies, or events are missing.

Feed it the events of one project, of its registry and of attendance, from the project's creation on, in chain order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from contracts.events import (
    AttestationCommitted,
    Attested,
    AvailabilityVoted,
    CloseRequested,
    CommitsPosted,
    EndpointChanged,
    Event,
    InactivityLeaked,
    Paused,
    ProjectClosed,
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
    SeedPinned,
    SilencePunished,
    UnstakeBegun,
    UpdateCommitted,
    UpdateRevealed,
    UpdatesRevealed,
)
from node.errors import HistoryError
from node.rounds.history import Endpoint, Place, RoundHistory, SwarmHistory
from node.rounds.round_events import fold_round
from node.rounds.round_history import require
from node.rounds.seat_history import fold_seats


def fold_all(history: SwarmHistory, events: Iterable[Event]) -> SwarmHistory:
    """Fold events one after another."""
    for event in events:
        history = fold(history, event)
    return history


def fold(history: SwarmHistory, event: Event) -> SwarmHistory:
    """The history after `event`. HistoryError when the contracts could not have emitted it now."""
    place = Place.of(event)
    if history.last is not None and not history.last < place:
        raise HistoryError("event out of chain order", event=type(event).__name__, at=place, after=history.last)
    return replace(_apply(history, event, place), last=place)


def _apply(history: SwarmHistory, event: Event, place: Place) -> SwarmHistory:
    match event:
        case SeatsStaked() | UnstakeBegun() | SeatsUnstaked():
            return replace(history, seats=fold_seats(history.seats, event))
        case EndpointChanged():
            endpoint = Endpoint(event.url, event.peer_key)
            return replace(history, endpoints=MappingProxyType({**history.endpoints, event.account: endpoint}))
        case RoundOpened():
            return _open(history, event, place)
        case AvailabilityVoted() | AttestationCommitted() | Attested() | SilencePunished() | InactivityLeaked() if (
            event.project != history.domain.project
        ):
            return history  # attendance is one contract for all projects
        case (
            RoundWindowsMoved()
            | UpdateCommitted()
            | CommitsPosted()
            | UpdateRevealed()
            | UpdatesRevealed()
            | AvailabilityVoted()
            | AttestationCommitted()
            | Attested()
            | ResultAccepted()
            | RoundSkipped()
        ):
            require(event.round == len(history.rounds), event, current_round=len(history.rounds))
            changed = fold_round(history, history.round(event.round), event, place)
            return replace(history, rounds=(*history.rounds[:-1], changed))
        case SeedPinned():
            return _changed(history, replace(history.round(event.round), pinned_block=event.pinned_block))
        case SilencePunished():
            item = history.round(event.round)
            return _changed(history, replace(item, punished=item.punished | {event.seat}))
        case InactivityLeaked():
            item = history.round(event.round)
            return _changed(history, replace(item, leaked=item.leaked | {event.seat}))
        case RoundFinalized():
            return _finalize(history, event, place)
        case RoundVoided():
            return _void(history, event, place)
        case Paused():
            return replace(history, paused_until=event.paused_until)
        case ProjectFunded():
            return replace(history, funded_wei=history.funded_wei + event.amount)
        case RewardClaimed():
            claimed = history.claimed_wei.get(event.account, 0) + event.amount
            return replace(history, claimed_wei=MappingProxyType({**history.claimed_wei, event.account: claimed}))
        case CloseRequested():
            return replace(history, close_requested=place)
        case ProjectClosed():
            return replace(history, closed=place)
        case _:
            return history


def _open(history: SwarmHistory, event: RoundOpened, place: Place) -> SwarmHistory:
    number, stake = len(history.rounds) + 1, len(history.active_seats(event.epoch)) * history.seat_stake_wei
    require(event.round == number, event, expected_round=number)
    before = history.current
    require(before is None or before.ended, event, unsettled_round=number - 1)
    require(event.base_digest == history.head_digest, event, base=event.base_digest, head=history.head_digest)
    require(event.stake_snapshot == stake, event, snapshot_wei=event.stake_snapshot, seats_hold_wei=stake)
    opened = RoundHistory(
        number=number,
        base_digest=event.base_digest,
        seed=event.seed,
        epoch=event.epoch,
        pool_wei=event.pool,
        stake_snapshot_wei=event.stake_snapshot,
        commit_end=event.commit_end,
        reveal_end=event.reveal_end,
        availability_end=event.reveal_end + history.availability_seconds,
        attest_start=event.attest_start,
        attest_end=event.attest_end,
        opened=place,
    )
    return replace(history, rounds=(*history.rounds, opened))


def _finalize(history: SwarmHistory, event: RoundFinalized, place: Place) -> SwarmHistory:
    target = history.round(event.round)
    waiting = (item.number for item in history.rounds if item.acceptance is not None and item.finalized is None)
    require(next(waiting, None) == event.round, event, round=event.round)
    result = target.accepted.result
    require(result.reward_root == event.reward_root, event, accepted=result.reward_root, finalized=event.reward_root)
    rounds = tuple(replace(item, finalized=place) if item is target else item for item in history.rounds)
    return replace(history, rounds=rounds)


def _void(history: SwarmHistory, event: RoundVoided, place: Place) -> SwarmHistory:
    """Drop a result. Later ones were built on it, and so was a round still open: they come first, newest to oldest."""
    target = history.round(event.round)
    bases = {item.base_digest for item in history.rounds[: event.round]}
    require(target.finalized is None and target.skipped is None, event, ended_round=event.round)
    require(target.voided is None and event.head_digest in bases, event, head=event.head_digest)
    return _changed(history, replace(target, acceptance=None, voided=place, voided_acceptance=target.acceptance))


def _changed(history: SwarmHistory, changed: RoundHistory) -> SwarmHistory:
    rounds = tuple(changed if item.number == changed.number else item for item in history.rounds)
    return replace(history, rounds=rounds)

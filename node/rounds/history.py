"""What happened in a project, folded from the chain's events: one view for driver, audit and indexer.

`fold(history, event) -> history` is pure: no clock, no I/O, and older histories stay valid, so a reader that meets a
reorganisation goes on from the history it kept of an earlier block. Events the contracts cannot produce in that order
raise HistoryError with what was compared: then the endpoint lies, or events are missing.

Feed it the events of one project, of its registry and of attendance, from the project's creation on, in chain order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile
from types import MappingProxyType

from contracts.attestation import Domain
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
from contracts.values import ZERO_ADDRESS, Address, ProjectConfiguration
from node.errors import HistoryError
from node.rounds import round_events
from node.rounds.round_history import Acceptance, Batch, Commit, Phase, Place, Presence, Reveal, RoundHistory, require
from node.rounds.seat_history import Seat, fold_seats

__all__ = [
    "Acceptance",
    "Batch",
    "Commit",
    "Endpoint",
    "Phase",
    "Place",
    "Presence",
    "Reveal",
    "RoundHistory",
    "Seat",
    "SwarmHistory",
    "fold",
    "fold_all",
]


NOWHERE = Domain(0, ZERO_ADDRESS)


@dataclass(frozen=True)
class Endpoint:
    """Where an account's peer says it serves, and the key it signs its small messages with."""

    url: str
    peer_key: bytes


@dataclass(frozen=True)
class SwarmHistory:
    """Everything that happened up to `last`. Built by `SwarmHistory.start`, advanced by `fold`.

    `domain`: which project on which chain. `availability_seconds`: length of that window, which no event tells.
    `attesters_per_round`, `trainers_per_round`: how many seats are drawn to attest and to train, 0 where all do;
    `commit_seconds`: how long those who train may commit. `claimed_wei`: what each account has
    claimed so far. `close_requested`, `closed`: where, or None. `paused_until`: chain time up to which none opens.
    """

    seat_stake_wei: int
    genesis_digest: bytes
    domain: Domain
    availability_seconds: int
    attesters_per_round: int
    seats: Mapping[int, Seat]
    endpoints: Mapping[Address, Endpoint]
    rounds: tuple[RoundHistory, ...] = ()
    claimed_wei: Mapping[Address, int] = field(default_factory=lambda: MappingProxyType({}))
    funded_wei: int = 0
    close_requested: Place | None = None
    closed: Place | None = None
    paused_until: int = 0
    last: Place | None = None
    trainers_per_round: int = 0
    commit_seconds: int = 0

    @classmethod
    def start(
        cls,
        *,
        seat_stake_wei: int,
        genesis_digest: bytes,
        domain: Domain = NOWHERE,
        availability_seconds: int = 0,
        attesters_per_round: int = 0,
        trainers_per_round: int = 0,
        commit_seconds: int = 0,
    ) -> SwarmHistory:
        """Before the first event."""
        return cls(
            seat_stake_wei,
            genesis_digest,
            domain,
            availability_seconds,
            attesters_per_round,
            MappingProxyType({}),
            MappingProxyType({}),
            trainers_per_round=trainers_per_round,
            commit_seconds=commit_seconds,
        )

    @classmethod
    def of_project(cls, domain: Domain, configuration: ProjectConfiguration, seat_stake_wei: int) -> SwarmHistory:
        """Before the first event of a project."""
        return cls.start(
            seat_stake_wei=seat_stake_wei,
            genesis_digest=configuration.genesis_digest,
            domain=domain,
            availability_seconds=configuration.availability_seconds,
            attesters_per_round=configuration.attesters_per_round,
            trainers_per_round=configuration.trainers_per_round,
            commit_seconds=configuration.commit_seconds,
        )

    @cached_property
    def owners(self) -> frozenset[Address]:
        """Accounts with something at stake, if only until it is thawed."""
        return frozenset(seat.owner for seat in self.seats.values() if not seat.withdrawn)

    @property
    def member_endpoints(self) -> Mapping[Address, Endpoint]:
        """Endpoints of accounts that hold a seat. Anybody can announce one; who has nothing at stake is not asked."""
        return {account: endpoint for account, endpoint in self.endpoints.items() if account in self.owners}

    def round(self, number: int) -> RoundHistory:
        """Round `number` (from 1); HistoryError when it has not been opened."""
        if not 1 <= number <= len(self.rounds):
            raise HistoryError("no such round", round=number, opened=len(self.rounds))
        return self.rounds[number - 1]

    @property
    def current(self) -> RoundHistory | None:
        """The round opened last, or None before the first."""
        return self.rounds[-1] if self.rounds else None

    def phase(self, number: int, now: int) -> Phase:
        """Where round `number` stands at chain time `now` (seconds)."""
        return self.round(number).phase(now)

    def finalizable(self, now: int) -> tuple[tuple[int, Acceptance], ...]:
        """Rounds that can be finalized at chain time `now`, by number, in the one order that is possible."""
        waiting = ((item, item.acceptance) for item in self.rounds if item.finalized is None)
        accepted = [(item, acceptance) for item, acceptance in waiting if acceptance is not None]
        due = takewhile(lambda pair: pair[0].phase(now) is Phase.FINALIZABLE, accepted)
        return tuple((item.number, acceptance) for item, acceptance in due)

    def previous_accepted(self, number: int) -> RoundHistory | None:
        """The accepted round whose checkpoint round `number` starts from; None: it starts from genesis."""
        earlier = self.rounds[: number - 1]
        return next((item for item in reversed(earlier) if item.acceptance is not None), None)

    @property
    def head_digest(self) -> bytes:
        """Digest of the last accepted checkpoint: what the next round starts from."""
        accepted = self.previous_accepted(len(self.rounds) + 1)
        return self.genesis_digest if accepted is None else _accepted(accepted).result.cid

    def active_seats(self, epoch: int, owner: Address | None = None) -> tuple[Seat, ...]:
        """Seats that count in `epoch`, in seat order; of one account when `owner` is given."""
        return tuple(
            seat
            for number, seat in sorted(self.seats.items())
            if seat.active_at(epoch) and (owner is None or seat.owner == owner)
        )

    def stake_at(self, account: Address, epoch: int) -> int:
        """Stake in wei with which `account` counts in `epoch`."""
        return len(self.active_seats(epoch, account)) * self.seat_stake_wei

    def attesters(self, number: int) -> Mapping[Address, int]:
        """Accounts that may sign round `number`, with their stake in wei at its snapshot; sorted by address bytes."""
        weights: dict[Address, int] = {}
        for seat in self.active_seats(self.round(number).epoch):
            weights[seat.owner] = weights.get(seat.owner, 0) + self.seat_stake_wei
        return MappingProxyType(dict(sorted(weights.items(), key=lambda item: bytes.fromhex(item[0][2:]))))

    def quorum_total_wei(self, round_: RoundHistory) -> int:
        """What a quorum is counted of: everybody's stake, or where attesters are drawn, theirs who came."""
        if not self.attesters_per_round:
            return round_.stake_snapshot_wei
        joined = sum(item.seats for item in round_.commitments.values())
        return max(self.attesters_per_round, joined) * self.seat_stake_wei


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
            changed = round_events.fold_round(history, history.round(event.round), event, place)
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
    result = _accepted(target).result
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


def _accepted(item: RoundHistory) -> Acceptance:
    if item.acceptance is None:
        raise HistoryError("round without a result", round=item.number)
    return item.acceptance

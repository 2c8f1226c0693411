"""What happened in a project, folded from the chain's events: one view for driver, audit and indexer.

`fold(history, event) -> history` is pure: no clock, no I/O, and older histories stay valid, so a reader that meets a
reorganisation goes on from the history it kept of an earlier block. Events the contracts cannot produce in that order
raise HistoryError with what was compared: then the endpoint lies, or events are missing.

Feed it the events of one project and of its registry, from the registry's deployment on, in chain order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from contracts.events import (
    CloseRequested,
    EndpointChanged,
    Event,
    ProjectClosed,
    ProjectFunded,
    ResultAccepted,
    RewardClaimed,
    RoundFinalized,
    RoundOpened,
    RoundSkipped,
    RoundWindowsMoved,
    SeatsStaked,
    SeatsUnstaked,
    UnstakeBegun,
    UpdateCommitted,
    UpdateRevealed,
)
from contracts.values import Address
from node.errors import HistoryError
from node.rounds.round_history import Acceptance, Commit, Phase, Place, Reveal, RoundHistory

__all__ = [
    "Acceptance",
    "Commit",
    "Endpoint",
    "Phase",
    "Place",
    "Reveal",
    "RoundHistory",
    "Seat",
    "SwarmHistory",
    "fold",
    "fold_all",
]


@dataclass(frozen=True)
class Seat:
    """One fixed stake. Counts in epochs [active_epoch, inactive_epoch); None = nobody has begun to take it out."""

    number: int
    owner: Address
    active_epoch: int
    inactive_epoch: int | None = None
    withdrawn: bool = False

    def active_at(self, epoch: int) -> bool:
        """Whether the seat counts in `epoch`."""
        return self.active_epoch <= epoch and (self.inactive_epoch is None or epoch < self.inactive_epoch)


@dataclass(frozen=True)
class Endpoint:
    """Where an account's peer says it serves, and the key it signs its small messages with."""

    url: str
    peer_key: bytes


@dataclass(frozen=True)
class SwarmHistory:
    """Everything that happened up to `last`. Built by `SwarmHistory.start`, advanced by `fold`.

    `claimed_wei`: what each account has claimed so far. `close_requested`, `closed`: where, or None.
    """

    seat_stake_wei: int
    genesis_digest: bytes
    seats: Mapping[int, Seat]
    endpoints: Mapping[Address, Endpoint]
    rounds: tuple[RoundHistory, ...] = ()
    claimed_wei: Mapping[Address, int] = field(default_factory=lambda: MappingProxyType({}))
    funded_wei: int = 0
    close_requested: Place | None = None
    closed: Place | None = None
    last: Place | None = None

    @classmethod
    def start(cls, *, seat_stake_wei: int, genesis_digest: bytes) -> SwarmHistory:
        """Before the first event."""
        return cls(seat_stake_wei, genesis_digest, MappingProxyType({}), MappingProxyType({}))

    @property
    def member_endpoints(self) -> Mapping[Address, Endpoint]:
        """Endpoints of accounts that hold a seat. Anybody can announce one; who has nothing at stake is not asked."""
        owners = {seat.owner for seat in self.seats.values() if not seat.withdrawn}
        return {account: endpoint for account, endpoint in self.endpoints.items() if account in owners}

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
            return replace(history, seats=_fold_seats(history.seats, event))
        case EndpointChanged():
            endpoint = Endpoint(event.url, event.peer_key)
            return replace(history, endpoints=MappingProxyType({**history.endpoints, event.account: endpoint}))
        case RoundOpened():
            return _open(history, event, place)
        case RoundWindowsMoved() | UpdateCommitted() | UpdateRevealed() | ResultAccepted() | RoundSkipped():
            _require(event.round == len(history.rounds), event, current_round=len(history.rounds))
            changed = _fold_round(history, history.round(event.round), event, place)
            return replace(history, rounds=(*history.rounds[:-1], changed))
        case RoundFinalized():
            return _finalize(history, event, place)
        case ProjectFunded():
            return replace(history, funded_wei=history.funded_wei + event.amount)
        case RewardClaimed():
            claimed = history.claimed_wei.get(event.account, 0) + event.amount
            _require(claimed == event.cumulative, event, claimed_so_far=claimed, cumulative=event.cumulative)
            return replace(history, claimed_wei=MappingProxyType({**history.claimed_wei, event.account: claimed}))
        case CloseRequested():
            return replace(history, close_requested=place)
        case ProjectClosed():
            return replace(history, closed=place)
        case _:
            return history


def _open(history: SwarmHistory, event: RoundOpened, place: Place) -> SwarmHistory:
    number, stake = len(history.rounds) + 1, len(history.active_seats(event.epoch)) * history.seat_stake_wei
    _require(event.round == number, event, expected_round=number)
    before = history.current
    settled = before is None or before.acceptance is not None or before.skipped is not None
    _require(settled, event, unsettled_round=number - 1)
    _require(event.base_digest == history.head_digest, event, base=event.base_digest, head=history.head_digest)
    _require(event.stake_snapshot == stake, event, snapshot_wei=event.stake_snapshot, seats_hold_wei=stake)
    opened = RoundHistory(
        number=number,
        base_digest=event.base_digest,
        seed=event.seed,
        epoch=event.epoch,
        pool_wei=event.pool,
        stake_snapshot_wei=event.stake_snapshot,
        commit_end=event.commit_end,
        reveal_end=event.reveal_end,
        attest_end=event.attest_end,
        opened=place,
    )
    return replace(history, rounds=(*history.rounds, opened))


def _fold_round(
    history: SwarmHistory,
    current: RoundHistory,
    event: RoundWindowsMoved | UpdateCommitted | UpdateRevealed | ResultAccepted | RoundSkipped,
    place: Place,
) -> RoundHistory:
    _require(current.acceptance is None and current.skipped is None, event, settled_round=current.number)
    match event:
        case UpdateCommitted():
            seat = history.seats.get(event.seat)
            _require(seat is not None and seat.active_at(current.epoch), event, seat=event.seat, epoch=current.epoch)
            _require(event.seat not in current.commit_by_seat, event, committed_twice=event.seat)
            return current.with_commit(Commit(event.seat, history.seats[event.seat].owner, event.commitment, place))
        case UpdateRevealed():
            _require(event.seat in current.commit_by_seat, event, never_committed=event.seat)
            _require(event.seat not in current.reveal_by_seat, event, revealed_twice=event.seat)
            return current.with_reveal(Reveal(event.seat, event.digest, event.data_root, place))
        case RoundWindowsMoved():
            ends = (event.commit_end, event.reveal_end, event.attest_end)
            before = (current.commit_end, current.reveal_end, current.attest_end)
            _require(all(new <= old for new, old in zip(ends, before, strict=True)), event, ends=ends, before=before)
            return replace(current, commit_end=ends[0], reveal_end=ends[1], attest_end=ends[2])
        case ResultAccepted():
            base = event.result.prev_cid
            _require(base == current.base_digest, event, previous=base, base=current.base_digest)
            _require(
                event.weight * 3 > current.stake_snapshot_wei * 2,
                event,
                weight_wei=event.weight,
                snapshot_wei=current.stake_snapshot_wei,
            )
            accepted = Acceptance(event.result, event.result_hash, event.challenge_end, event.weight, place)
            return replace(current, acceptance=accepted)
        case RoundSkipped():
            return replace(current, skipped=place)


def _finalize(history: SwarmHistory, event: RoundFinalized, place: Place) -> SwarmHistory:
    target = history.round(event.round)
    waiting = (item.number for item in history.rounds if item.acceptance is not None and item.finalized is None)
    _require(next(waiting, None) == event.round, event, round=event.round)
    result = _accepted(target).result
    _require(result.reward_root == event.reward_root, event, accepted=result.reward_root, finalized=event.reward_root)
    rounds = tuple(replace(item, finalized=place) if item is target else item for item in history.rounds)
    return replace(history, rounds=rounds)


def _fold_seats(seats: Mapping[int, Seat], event: SeatsStaked | UnstakeBegun | SeatsUnstaked) -> Mapping[int, Seat]:
    if isinstance(event, SeatsStaked):
        _require(event.first_seat == len(seats) + 1, event, first_seat=event.first_seat, seats=len(seats))
        numbers = range(event.first_seat, event.first_seat + event.count)
        return MappingProxyType({**seats, **{n: Seat(n, event.owner, event.active_epoch) for n in numbers}})
    changed = dict(seats)
    for number in event.seat_ids:
        seat = seats.get(number)
        _require(seat is not None and seat.owner == event.owner and not seat.withdrawn, event, seat=number)
        leaving = isinstance(event, UnstakeBegun)
        _require((seats[number].inactive_epoch is None) == leaving, event, seat=seats[number])
        changed[number] = (
            replace(seats[number], inactive_epoch=event.inactive_epoch)
            if isinstance(event, UnstakeBegun)
            else replace(seats[number], withdrawn=True)
        )
    return MappingProxyType(changed)


def _accepted(item: RoundHistory) -> Acceptance:
    if item.acceptance is None:
        raise HistoryError("round without a result", round=item.number)
    return item.acceptance


def _require(condition: bool, event: Event, **operands: object) -> None:
    if not condition:
        raise HistoryError(f"impossible {type(event).__name__}", at=Place.of(event), **operands)

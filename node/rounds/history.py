"""What happened in a project: one view for driver, audit and indexer. `node.rounds.folding` makes it from events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from types import MappingProxyType

from contracts.attestation import Domain
from contracts.values import ZERO_ADDRESS, Address, ProjectConfiguration
from node.errors import HistoryError
from node.rounds.round_history import Acceptance, Batch, Commit, Phase, Place, Presence, Reveal, RoundHistory
from node.rounds.seat_history import Seat

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
]


NOWHERE = Domain(0, ZERO_ADDRESS)


@dataclass(frozen=True)
class Endpoint:
    """Where an account's peer says it serves. `peer_key`: free for other clients; peers here announce zeros."""

    url: str
    peer_key: bytes


@dataclass(frozen=True)
class SwarmHistory:
    """Everything that happened up to `last`. Built by `SwarmHistory.start`, advanced by `node.rounds.folding.fold`.

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
        last = self.previous_accepted(len(self.rounds) + 1)
        return self.genesis_digest if last is None else last.accepted.result.cid

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
        return self.drawn_total_wei(round_, joined * self.seat_stake_wei)

    def drawn_total_wei(self, round_: RoundHistory, came_wei: int) -> int:
        """What a quorum of drawn attesters is counted of, if so much of their stake came."""
        return max(min(self.attesters_per_round * self.seat_stake_wei, round_.stake_snapshot_wei), came_wei)

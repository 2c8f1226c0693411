"""What happened in one round, and where it stands at a given time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from contracts.attestation import Result
from contracts.events import Event
from contracts.values import Address


class Phase(Enum):
    """Where a round stands. Windows are half-open on chain time.

    FINALIZABLE: accepted and past its challenge window. EXPIRED: no result is possible any more, so anyone may skip it.
    """

    COMMIT = "commit"
    REVEAL = "reveal"
    ATTEST = "attest"
    CHALLENGE = "challenge"
    FINALIZABLE = "finalizable"
    FINALIZED = "finalized"
    SKIPPED = "skipped"
    EXPIRED = "expired"


@dataclass(frozen=True, order=True)
class Place:
    """Where an event lies in the chain; ordered as the chain orders events."""

    block_number: int
    log_index: int
    transaction_hash: bytes = field(compare=False)

    @classmethod
    def of(cls, event: Event) -> Place:
        """The place of `event`."""
        return cls(event.block_number, event.log_index, event.transaction_hash)

    def __str__(self) -> str:
        return f"block {self.block_number}, log {self.log_index}"


@dataclass(frozen=True)
class Commit:
    """A seat's promise of one update, with the account that owned the seat."""

    seat: int
    owner: Address
    commitment: bytes
    place: Place


@dataclass(frozen=True)
class Reveal:
    """The update a seat had promised: sha2-256 `digest` of its content identifier and its `data_root`."""

    seat: int
    digest: bytes
    data_root: bytes
    place: Place


@dataclass(frozen=True)
class Acceptance:
    """The result that a quorum of `weight_wei` stake signed. `challenge_end`: chain time, seconds."""

    result: Result
    result_hash: bytes
    challenge_end: int
    weight_wei: int
    place: Place


@dataclass(frozen=True)
class RoundHistory:
    """One round. `commits` and `reveals` are in chain order; ends of windows are chain time in seconds."""

    number: int
    base_digest: bytes
    seed: bytes
    epoch: int
    pool_wei: int
    stake_snapshot_wei: int
    commit_end: int
    reveal_end: int
    attest_end: int
    opened: Place
    commits: tuple[Commit, ...] = ()
    reveals: tuple[Reveal, ...] = ()
    acceptance: Acceptance | None = None
    finalized: Place | None = None
    skipped: Place | None = None

    @cached_property
    def commit_by_seat(self) -> MappingProxyType[int, Commit]:
        """Commits by seat; iterates in commit order."""
        return MappingProxyType({commit.seat: commit for commit in self.commits})

    @cached_property
    def reveal_by_seat(self) -> MappingProxyType[int, Reveal]:
        """Reveals by seat; iterates in reveal order."""
        return MappingProxyType({reveal.seat: reveal for reveal in self.reveals})

    @cached_property
    def commit_order(self) -> Mapping[int, int]:
        """Position of each seat's commit in the chain's order, from 0: of two equal updates only the earlier earns."""
        return MappingProxyType({commit.seat: order for order, commit in enumerate(self.commits)})

    def with_commit(self, commit: Commit) -> RoundHistory:
        """This round after one more commit."""
        by_seat = self.commit_by_seat | {commit.seat: commit}
        return self._grown("commit_by_seat", by_seat, commits=(*self.commits, commit))

    def with_reveal(self, reveal: Reveal) -> RoundHistory:
        """This round after one more reveal."""
        by_seat = self.reveal_by_seat | {reveal.seat: reveal}
        return self._grown("reveal_by_seat", by_seat, reveals=(*self.reveals, reveal))

    def _grown(self, name: str, by_seat: Mapping[int, object], **changes: Any) -> RoundHistory:
        # Both mappings are handed on: built anew for every event, they took 300 us an event with 1,000 seats.
        kept: dict[str, Any] = {
            key: self.__dict__[key] for key in ("commit_by_seat", "reveal_by_seat") if key in self.__dict__
        }
        grown = replace(self, **changes)
        grown.__dict__.update({**kept, name: MappingProxyType(by_seat)})
        return grown

    def phase(self, now: int) -> Phase:
        """Where the round stands at chain time `now` (seconds)."""
        if self.skipped is not None:
            return Phase.SKIPPED
        if self.finalized is not None:
            return Phase.FINALIZED
        if self.acceptance is not None:
            return Phase.CHALLENGE if now < self.acceptance.challenge_end else Phase.FINALIZABLE
        if now < self.commit_end:
            return Phase.COMMIT
        if not self.commits:
            return Phase.EXPIRED
        if now < self.reveal_end:
            return Phase.REVEAL
        return Phase.ATTEST if self.reveals and now < self.attest_end else Phase.EXPIRED

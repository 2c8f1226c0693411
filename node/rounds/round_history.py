"""What happened in one round, and where it stands at a given time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from contracts.attestation import Result
from contracts.batches import DIRECT_BYTES, chain_of
from contracts.events import Event
from contracts.values import Address
from node.errors import HistoryError


class Phase(Enum):
    """Where a round stands. Windows are half-open on chain time.

    FINALIZABLE: accepted and past its challenge window. EXPIRED: no result is possible any more, so anyone may skip it.
    VOIDED: its result, or one it was built on, was proven false.
    """

    COMMIT = "commit"
    REVEAL = "reveal"
    AVAILABILITY = "availability"
    ATTEST_COMMIT = "attest-commit"
    ATTEST = "attest"
    CHALLENGE = "challenge"
    FINALIZABLE = "finalizable"
    FINALIZED = "finalized"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    VOIDED = "voided"


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
    """A seat's commitment to one update, with the account that owned the seat.

    `commitment` None: it stood in a batch, which the chain knows the hash of; `place` is that of the batch.
    """

    seat: int
    owner: Address
    commitment: bytes | None
    place: Place


@dataclass(frozen=True)
class Reveal:
    """The update a seat had committed to: sha2-256 `digest` of its content identifier and its `data_root`.

    `salt`: what its commitment was made with. `batch`: the number of that which it was opened out of; None: its owner
    revealed it.
    """

    seat: int
    digest: bytes
    data_root: bytes
    salt: bytes
    place: Place
    batch: int | None = None


@dataclass(frozen=True)
class Batch:
    """The hash of `count` commitments that `poster` brought for others."""

    number: int
    poster: Address
    batch_hash: bytes
    count: int
    place: Place


@dataclass(frozen=True)
class Presence:
    """What an attester said on the chain with the weight of `seats`: a commitment to a result, or the result's hash."""

    account: Address
    commitment: bytes
    seats: int
    place: Place


@dataclass(frozen=True)
class Acceptance:
    """The result that a quorum of `weight_wei` stake signed. `challenge_end`: chain time, seconds.

    `contributions`: the packed leaves of its weight root.
    """

    result: Result
    result_hash: bytes
    challenge_end: int
    weight_wei: int
    place: Place
    contributions: bytes = b""


@dataclass(frozen=True)
class RoundHistory:
    """One round. `commits` and `reveals` are in chain order; ends of windows are chain time in seconds.

    Results are accepted from `attest_start` on. `revelations`: everything revealed in order, packed as the chain hashes
    it, also what does not count. `batches`: of commitments that collectors brought. `votes`: which updates
    attesters said on the chain that they hold, by account. `commitments`: of attesters to a result; `attests`: of those
    who saw no quorum. `punished`, `leaked`: seats that lost something. `pinned_block`: what the next seed waits for.
    `trainer_doublings`: of the draw of trainers when as many had committed as should; None before that.
    A voided round has no `acceptance` any more: what was accepted is in `voided_acceptance`.
    """

    number: int
    base_digest: bytes
    seed: bytes
    epoch: int
    pool_wei: int
    stake_snapshot_wei: int
    commit_end: int
    reveal_end: int
    availability_end: int
    attest_start: int
    attest_end: int
    opened: Place
    commits: tuple[Commit, ...] = ()
    reveals: tuple[Reveal, ...] = ()
    revelations: tuple[bytes, ...] = ()
    batches: tuple[Batch, ...] = ()
    votes: Mapping[Address, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    commitments: Mapping[Address, Presence] = field(default_factory=lambda: MappingProxyType({}))
    attests: Mapping[Address, Presence] = field(default_factory=lambda: MappingProxyType({}))
    punished: frozenset[int] = frozenset()
    leaked: frozenset[int] = frozenset()
    pinned_block: int | None = None
    trainer_doublings: int | None = None
    acceptance: Acceptance | None = None
    finalized: Place | None = None
    skipped: Place | None = None
    voided: Place | None = None
    voided_acceptance: Acceptance | None = None

    @property
    def accepted(self) -> Acceptance:
        """Its result and when it came. HistoryError without one."""
        if self.acceptance is None:
            raise HistoryError("round without a result", round=self.number)
        return self.acceptance

    @property
    def ended(self) -> bool:
        """Whether nothing more can be said in it: accepted, skipped or voided."""
        return self.acceptance is not None or self.skipped is not None or self.voided is not None

    @property
    def attester_commits(self) -> bool:
        """Whether attesters commit to a result before they show it."""
        return self.attest_start > self.availability_end

    @property
    def present(self) -> frozenset[Address]:
        """Attesters that said something about a result on the chain."""
        return frozenset(self.commitments) | frozenset(self.attests)

    @cached_property
    def reveals_hash(self) -> bytes:
        """Chain over everything revealed, in order."""
        return chain_of(self.revelations)

    @cached_property
    def revealed_directly(self) -> frozenset[int]:
        """Seats whose owner revealed for them, and so keeps its bond: that counts also after an opening of a batch."""
        return frozenset(int.from_bytes(item[:4], "big") for item in self.revelations if len(item) == DIRECT_BYTES)

    @property
    def was_revealed_in(self) -> bool:
        """Whether anybody revealed anything, if only what does not count."""
        return bool(self.reveals or self.revelations)

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
        """Position of each seat's commit in the chain's order, from 0: of two equal updates only the earlier earns.

        Within a batch nobody is earlier: those stand in seat order.
        """
        ordered = sorted(self.commits, key=lambda commit: (commit.place, commit.seat))
        return MappingProxyType({commit.seat: order for order, commit in enumerate(ordered)})

    def with_commit(self, commit: Commit) -> RoundHistory:
        """This round after one more commit."""
        by_seat = self.commit_by_seat | {commit.seat: commit}
        return self._grown("commit_by_seat", by_seat, commits=(*self.commits, commit))

    def with_revelation(self, packed: bytes) -> RoundHistory:
        """This round after one more thing was revealed, whether or not it counts."""
        return self._grown("", {}, revelations=(*self.revelations, packed))

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
        grown.__dict__.update(kept | ({name: MappingProxyType(by_seat)} if name else {}))
        return grown

    def phase(self, now: int) -> Phase:
        """Where the round stands at chain time `now` (seconds)."""
        if self.voided is not None:
            return Phase.VOIDED
        if self.skipped is not None:
            return Phase.SKIPPED
        if self.finalized is not None:
            return Phase.FINALIZED
        if self.acceptance is not None:
            return Phase.CHALLENGE if now < self.acceptance.challenge_end else Phase.FINALIZABLE
        if now < self.commit_end:
            return Phase.COMMIT
        if not self.commits and not self.batches:
            return Phase.EXPIRED
        if now < self.reveal_end:
            return Phase.REVEAL
        if not self.was_revealed_in:
            return Phase.EXPIRED
        if now < self.availability_end:
            return Phase.AVAILABILITY
        if now < self.attest_start:
            return Phase.ATTEST_COMMIT
        return Phase.ATTEST if now < self.attest_end else Phase.EXPIRED


def require(condition: bool, event: Event, **operands: object) -> None:
    """Raise HistoryError with what was compared, unless the contracts could have emitted `event`."""
    if not condition:
        raise HistoryError(f"impossible {type(event).__name__}", at=Place.of(event), **operands)

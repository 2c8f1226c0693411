"""Who is checked in a round, in which segment, and by whom: drawn from what nobody knew before all had revealed. Pure.

The seed is the hash of all digests revealed in the round. Every honest message depends on a random salt
(`node.checks.trace`) and was committed to before any other was known, so nobody can choose a message by the draw it
leads to. Whoever reveals last can withhold its reveal and so draw anew, at the price of that seat's pay: the same price
as a failed check.

A seat can be drawn as a checker once for each seat it checks, whatever account it belongs to: accounts check in
proportion to their stake, and splitting an identity gains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from contracts.values import Address
from node.checks.segments import segments_of
from node.manifest import Manifest
from node.rounds.history import RoundHistory, Seat

_DOMAIN = b"swarmproof spot checks"


@dataclass(frozen=True)
class Check:
    """One seat's check. `key`: 32 bytes, for hashes that nobody could prepare for. No checker owns the seat."""

    seat: int
    segment: int
    checkers: tuple[Address, ...]
    key: bytes


def check_seed(round_: RoundHistory) -> bytes:
    """The 32 bytes everything is drawn from. Fixed once no more reveals can come.

    Whoever has several commitments in a batch chooses between as many draws, by which one it opens last.
    """
    reveals = sorted(round_.reveals, key=lambda reveal: reveal.seat)
    return _hash(_DOMAIN, round_.seed, *(part for item in reveals for part in (_number(item.seat), item.digest)))


def draw_checks(manifest: Manifest, round_: RoundHistory, seats: Sequence[Seat]) -> tuple[Check, ...]:
    """The checks of a round, in seat order. `seats`: those active in it. Call it when revealing is over."""
    seed, segments = check_seed(round_), len(segments_of(manifest))
    ranked = sorted(round_.reveal_by_seat, key=lambda seat: _hash(seed, b"seat", _number(seat)))
    checks = []
    for seat in sorted(ranked[: manifest.checks.seats]):
        key = _hash(seed, b"check", _number(seat))
        owner = round_.commit_by_seat[seat].owner
        others = (item for item in _shuffled(seats, key) if item.owner != owner)
        checkers = tuple(dict.fromkeys(item.owner for item in others))[: manifest.checks.checkers]
        checks.append(Check(seat, int.from_bytes(key, "big") % segments, checkers, key))
    return tuple(checks)


def _shuffled(seats: Iterable[Seat], key: bytes) -> list[Seat]:
    return sorted(seats, key=lambda seat: _hash(key, _number(seat.number)))


def _number(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _hash(*parts: bytes) -> bytes:
    return bytes(keccak(b"".join(parts)))

"""The draw: nobody checks itself, and every revealed digest changes everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from contracts.attestation import checksum_address
from node.checks.draw import Check, draw_checks
from node.manifest import Manifest, SpotChecks
from node.rounds.history import Commit, Place, Reveal, RoundHistory, Seat
from tests.node.codec.layouts import MIXED

PLACE = Place(1, 0, bytes(32))
LARGE, *SMALL = (checksum_address(bytes([number]) * 20) for number in range(1, 10))
OWNERS = {seat: LARGE if seat <= 8 else SMALL[seat - 9] for seat in range(1, 17)}  # one account holds half of the seats
SEATS = tuple(Seat(seat, owner, 0) for seat, owner in OWNERS.items())


def round_of(seed: int, digests: dict[int, bytes] | None = None) -> RoundHistory:
    revealed = {seat: seat.to_bytes(32, "big") for seat in OWNERS} | (digests or {})
    return RoundHistory(
        1,
        bytes(32),
        seed.to_bytes(32, "big"),
        0,
        1,
        16,
        1,
        2,
        2,
        2,
        3,
        PLACE,
        commits=tuple(Commit(seat, owner, bytes(32), PLACE) for seat, owner in OWNERS.items()),
        reveals=tuple(Reveal(seat, digest, bytes(32), bytes(32), PLACE) for seat, digest in revealed.items()),
    )


def drawn(round_: RoundHistory, manifest: Manifest = MIXED) -> tuple[Check, ...]:
    return draw_checks(manifest, round_, SEATS)


def test_three_accounts_check_each_seat_and_none_its_own() -> None:
    checks = drawn(round_of(0))
    assert [check.seat for check in checks] == sorted(OWNERS)
    for check in checks:
        assert len(set(check.checkers)) == len(check.checkers) == 3
        assert OWNERS[check.seat] not in check.checkers
        assert 0 <= check.segment < MIXED.checks.segments


def test_as_many_seats_are_drawn_as_the_manifest_says() -> None:
    some = replace(MIXED, checks=SpotChecks(seats=5))
    assert len(drawn(round_of(0), some)) == 5
    assert drawn(round_of(0), replace(MIXED, checks=SpotChecks(seats=0))) == ()
    counted = Counter(check.seat for seed in range(64) for check in drawn(round_of(seed), some))
    assert set(counted) == set(OWNERS)


def test_the_order_of_reveals_changes_nothing_and_any_digest_everything() -> None:
    first = round_of(0)
    assert drawn(replace(first, reveals=first.reveals[::-1])) == drawn(first)
    other = drawn(round_of(0, {7: bytes(32)}))
    assert not {check.key for check in drawn(first)} & {check.key for check in other}


def test_accounts_check_in_proportion_to_their_stake() -> None:
    counted = Counter(
        account
        for seed in range(40)
        for check in drawn(round_of(seed))
        if check.seat > 8
        for account in check.checkers[:1]
    )
    # 8 of the other 15 seats are one account's: 171 of 320 are expected, with a deviation of 9.
    assert 130 < counted[LARGE] < 212

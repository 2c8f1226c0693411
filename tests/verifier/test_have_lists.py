"""The have-lists in a record: input set and failed seats must follow from what stake holders signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from eth_account import Account

from contracts.attestation import Domain
from node.checkpoint import genesis
from node.checks.draw import draw_checks
from node.exchange.envelope import Envelope, seal
from node.manifest import SpotChecks
from node.rounds.agreement import HAVE_LIST, PROPOSAL, have_list_body
from node.rounds.history import Commit, Place, Reveal, RoundHistory, Seat, SwarmHistory
from tests.node.codec.layouts import MIXED
from verifier.have_lists import check_have_lists
from verifier.verdict import Finding, Inconclusive, Reject

PLACE = Place(1, 0, bytes(32))
KEYS = [bytes([number]) * 32 for number in range(1, 6)]
OWNERS = {seat: Account.from_key(key).address for seat, key in enumerate(KEYS, start=1)}
SEATS = frozenset(OWNERS)
DOMAIN = Domain(1, OWNERS[1])
MANIFEST = replace(MIXED, checks=SpotChecks(seats=1))
ROUND = RoundHistory(
    1,
    bytes(32),
    bytes(32),
    0,
    100,
    5,
    1,
    2,
    2,
    2,
    3,
    PLACE,
    commits=tuple(Commit(seat, owner, bytes(32), PLACE) for seat, owner in OWNERS.items()),
    reveals=tuple(Reveal(seat, bytes(32), bytes(32), bytes(32), PLACE) for seat in OWNERS),
)
HISTORY = replace(
    SwarmHistory.start(seat_stake_wei=1, genesis_digest=genesis(MIXED).digest),
    seats=MappingProxyType({seat: Seat(seat, owner, 0) for seat, owner in OWNERS.items()}),
    rounds=(ROUND,),
)
[CHECK] = draw_checks(MANIFEST, ROUND, HISTORY.active_seats(0))
FAILED = frozenset({CHECK.seat})


def statement(seat: int, failed: frozenset[int] = frozenset(), **changes: Any) -> Envelope:
    body = have_list_body(changes.pop("seats", SEATS), sorted(SEATS), frozenset(), failed)
    said: dict[str, Any] = {"kind": HAVE_LIST, "round": 1, "sequence": 1, "expiry": 100, "body": body, **changes}
    return seal(DOMAIN, KEYS[seat - 1], **said)


def accused_by(count: int) -> list[Envelope]:
    """Lists of all five, of which so many drawn checkers say that the drawn seat failed."""
    accusers = CHECK.checkers[:count]
    return [statement(seat, FAILED if owner in accusers else frozenset()) for seat, owner in OWNERS.items()]


def checked(envelopes: Sequence[Envelope], failed: frozenset[int] = frozenset(), **changes: Any) -> Finding | None:
    document = {
        "inputs": [{"seat": seat} for seat in sorted(SEATS)],
        "contributions": [
            {"seat": seat, "reason": "failed-check" if seat in failed else None} for seat in sorted(SEATS)
        ],
        "have_lists": ["0x" + envelope.encoded.hex() for envelope in envelopes],
        **changes,
    }
    return check_have_lists(ROUND, HISTORY, MANIFEST, DOMAIN, document)


def name_of(finding: Finding | None) -> str:
    assert isinstance(finding, Reject)
    return finding.name


def test_what_follows_from_the_lists_is_accepted() -> None:
    assert checked(accused_by(0)) is None
    assert checked(accused_by(1)) is None
    assert checked(accused_by(2), FAILED) is None
    assert checked(accused_by(3)[:4], FAILED) is None


def test_a_seat_that_lost_its_pay_without_two_accusers_is_found() -> None:
    assert name_of(checked(accused_by(1), FAILED)) == "failed seats"


def test_a_seat_that_was_spared_is_found() -> None:
    assert name_of(checked(accused_by(2))) == "failed seats"


def test_an_input_set_that_the_lists_do_not_carry_is_found() -> None:
    lists = [statement(seat, seats=SEATS - {2}) for seat in OWNERS]
    assert name_of(checked(lists)) == "available seats"


def test_lists_of_too_few_or_twice_of_one_are_no_evidence() -> None:
    assert name_of(checked(accused_by(0)[:3])) == "senders"
    assert name_of(checked([*accused_by(0), statement(1, sequence=2)])) == "senders"


@pytest.mark.parametrize("changes", [{"kind": PROPOSAL}, {"round": 2}, {"body": b"\xff"}])
def test_other_statements_are_no_have_lists(changes: dict[str, Any]) -> None:
    assert name_of(checked([*accused_by(0)[1:], statement(1, **changes)])) == "form"


@pytest.mark.parametrize("listed", [["0x00"], ["no"], [5]])
def test_what_cannot_be_read_is_refused(listed: list[object]) -> None:
    assert name_of(checked([], have_lists=listed)) == "form"
    assert name_of(checked([], have_lists=7)) == "have_lists"


def test_without_lists_nothing_can_be_said_about_a_seat_that_failed() -> None:
    assert checked([]) is None
    assert isinstance(checked([], FAILED), Inconclusive)

"""The attester's fetch: one update nobody can use must not keep it from saying what it has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contracts.attendance import AttendanceDomain
from contracts.attestation import Domain, checksum_address
from node.attacks.base import Attack
from node.errors import ExchangeError, MalformedMessage
from node.exchange.envelope import seal
from node.exchange.mailbox import Mailbox, Verdict
from node.rounds.agreement import HAVE_LIST, PROPOSAL, SIGNATURE, ShownSignature, have_list_body, signature_body
from node.rounds.attester import Attester, UpdatesUnavailable
from node.rounds.history import Commit, Place, Reveal, RoundHistory
from node.rounds.state import Knowledge
from node.storage.cid import RAW, Cid
from node.storage.errors import MalformedDag, ObjectTooLarge

PLACE = Place(1, 0, bytes(32))
ME = checksum_address(b"m" * 20)
FAILURES = (
    ObjectTooLarge(Cid(RAW, bytes(32)), 1 << 40, 1000),
    MalformedDag(Cid(RAW, bytes(32)), "a bomb"),
    MalformedMessage("nonsense"),
    ExchangeError("nobody has it"),
)
ROUND = RoundHistory(
    1,
    bytes(32),
    bytes(32),
    1,
    100,
    5,
    10,
    20,
    20,
    20,
    30,
    PLACE,
    commits=tuple(Commit(seat, ME, bytes(32), PLACE) for seat in range(1, 6)),
    reveals=tuple(Reveal(seat, bytes(32), bytes(32), bytes(32), PLACE) for seat in range(1, 6)),
)


class Library:
    """Gives the update of seat 1; what the other seats revealed is of no use, each in its own way."""

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: list[str]) -> object:
        if reveal.seat == 1:
            return SimpleNamespace()
        raise FAILURES[reveal.seat - 2]

    def forgive(self, round_number: int) -> None:
        """Nothing to forgive."""


DOMAIN = Domain(31337, ME)


def new_mailbox() -> Mailbox:
    return Mailbox(DOMAIN, clock=lambda: 0, is_member=lambda _: True)


def attester(library: Any, mailbox: Mailbox) -> Attester:
    nothing: Any = None
    return Attester(
        project=nothing,
        domain=DOMAIN,
        attendance=AttendanceDomain(DOMAIN.chain_id, ME, ME),
        key=bytes(32),
        me=ME,
        manifest=nothing,
        library=library,
        state=nothing,
        mailbox=mailbox,
        speaker=nothing,
        book=nothing,
        attack=Attack(),
    )


async def test_what_a_stranger_revealed_never_ends_the_search() -> None:
    tested = attester(Library(), new_mailbox())
    with pytest.raises(UpdatesUnavailable) as failure:
        await tested.fetch(ROUND, frozenset(range(1, 6)))
    assert set(failure.value.causes) == {2, 3, 4, 5}
    known = tested.knowledge(ROUND, Knowledge())
    assert known.searched
    assert known.held == {1}


@pytest.mark.parametrize("kind", [HAVE_LIST, PROPOSAL, SIGNATURE])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes.fromhex("d81c81d81d00"),
        bytes.fromhex("d81cd5d81d00cf1d42"),
        signature_body(ShownSignature(bytes(32), bytes(65))),
        signature_body(ShownSignature(bytes(32), b"\xff" * 65)),
        signature_body(ShownSignature(b"h" * 32, bytes(31) + b"\x05" + bytes(31) + b"\x01" + b"\x1b")),
    ],
)
def test_no_statement_of_a_member_stops_the_others(kind: str, body: bytes) -> None:
    mailbox = new_mailbox()
    envelope = seal(DOMAIN, b"k" * 32, kind=kind, round=1, sequence=1, expiry=100, body=body)
    assert mailbox.offer(envelope.encoded) is Verdict.ADDED
    known = attester(Library(), mailbox).knowledge(ROUND, Knowledge())
    assert (known.statements, known.proposals, known.supporters) == ({}, (), frozenset())


def test_a_have_list_that_was_replaced_can_still_be_cited() -> None:
    mailbox = new_mailbox()
    tested, sent = attester(Library(), mailbox), []
    for sequence, seats in enumerate((frozenset({1}), frozenset({1, 2})), start=1):
        body = have_list_body(seats, [1, 2, 3, 4, 5])
        sent.append(seal(DOMAIN, b"k" * 32, kind=HAVE_LIST, round=1, sequence=sequence, expiry=100, body=body))
        assert mailbox.offer(sent[-1].encoded) is Verdict.ADDED
        known = tested.knowledge(ROUND, Knowledge())
    assert set(known.statements) == {envelope.hash for envelope in sent}
    assert [have.statement for have in known.latest.values()] == [sent[1].hash]

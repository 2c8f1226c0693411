"""The attester's fetch: one update nobody can use must not keep it from saying what it has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contracts.attestation import Domain, checksum_address
from node.errors import ExchangeError, MalformedMessage
from node.exchange.mailbox import Mailbox
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
    30,
    PLACE,
    commits=tuple(Commit(seat, ME, bytes(32), PLACE) for seat in range(1, 6)),
    reveals=tuple(Reveal(seat, bytes(32), bytes(32), PLACE) for seat in range(1, 6)),
)


class Library:
    """Gives the update of seat 1; what the other seats revealed is of no use, each in its own way."""

    async def update(self, round_: RoundHistory, reveal: Reveal, holders: list[str]) -> object:
        if reveal.seat == 1:
            return SimpleNamespace()
        raise FAILURES[reveal.seat - 2]

    def forgive(self, round_number: int) -> None:
        """Nothing to forgive."""


def attester(library: Any) -> Attester:
    nothing: Any = None
    domain = Domain(31337, ME)
    mailbox = Mailbox(domain, clock=lambda: 0, is_member=lambda _: True)
    return Attester(
        project=nothing,
        domain=domain,
        key=bytes(32),
        me=ME,
        manifest=nothing,
        rules=nothing,
        library=library,
        state=nothing,
        mailbox=mailbox,
        gossip=nothing,
        book=nothing,
    )


async def test_what_a_stranger_revealed_never_ends_the_search() -> None:
    tested = attester(Library())
    with pytest.raises(UpdatesUnavailable) as failure:
        await tested.fetch(ROUND, frozenset(range(1, 6)))
    assert set(failure.value.causes) == {2, 3, 4, 5}
    known = tested.knowledge(ROUND, Knowledge())
    assert known.searched
    assert known.held == {1}

"""Gathering promises, batches and openings from a real mailbox, and what of it survives the process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from contracts.attestation import Domain, checksum_address, recover, sign_digest
from contracts.batches import BatchOpening, batch_hash, sign_commitment
from node.attacks import Attack, load_attack
from node.exchange.envelope import Envelope, seal
from node.exchange.mailbox import Mailbox, Verdict
from node.rounds.collector import Collector
from node.rounds.history import Batch, Place, RoundHistory, Seat, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.maker import UpdateMaker
from node.rounds.promises import (
    OPENINGS,
    PROMISES,
    Gathered,
    Promise,
    Standing,
    batch_kind,
    openings_body,
    promises_body,
)
from node.rounds.rules import Rules
from node.rounds.speaker import Speaker
from node.state_directory import PreparedUpdate, StateDirectory

DOMAIN = Domain(31337, checksum_address(b"p" * 20))
KEYS = {letter: letter * 32 for letter in (b"m", b"x", b"y")}
ME, X, Y = (recover(bytes(32), sign_digest(key, bytes(32))) for key in KEYS.values())
KEY_OF = dict(zip((ME, X, Y), KEYS.values(), strict=True))
OWNERS = {1: ME, 2: ME, 3: X, 4: Y}
RULES = Rules(rounds=3, minimum_seats=4, pool_wei=1, attest_seconds=60, challenge_seconds=10, epoch_seconds=10)
PLACE = Place(1, 0, bytes(32))
ROUND = RoundHistory(1, bytes(32), bytes(32), 1, 100, 4, 100, 130, 130, 130, 190, PLACE)
HISTORY = replace(
    SwarmHistory.start(seat_stake_wei=1, genesis_digest=bytes(32), domain=DOMAIN),
    seats={seat: Seat(seat, owner, 0) for seat, owner in OWNERS.items()},
    rounds=(ROUND,),
)
OWN = frozenset({1, 2})


@dataclass
class Chain:
    """Takes every batch, and remembers."""

    posted: list[tuple[int, bytes, int]] = field(default_factory=list)
    revealed: list[tuple[int, int, tuple[BatchOpening, ...], tuple[bytes, ...]]] = field(default_factory=list)

    async def post_commits(self, number: int, hash_: bytes, count: int) -> None:
        self.posted.append((number, hash_, count))

    async def reveal_batch(
        self, number: int, batch: int, openings: Sequence[BatchOpening], entries: Sequence[bytes]
    ) -> None:
        self.revealed.append((number, batch, tuple(openings), tuple(entries)))


@dataclass
class Peer:
    """One peer from when its process starts until it ends."""

    collector: Collector
    mailbox: Mailbox
    chain: Chain
    state: StateDirectory
    served: list[bytes]

    def look(self, round_: RoundHistory = ROUND) -> Gathered:
        return self.collector.knowledge(HISTORY, round_, Knowledge(prepared=OWN)).gathered


@dataclass
class Gossip:
    """Reaches this peer's own mailbox only."""

    mailbox: Mailbox

    async def publish(self, envelope: Envelope) -> None:
        assert self.mailbox.offer(envelope.encoded) is Verdict.ADDED


@contextmanager
def running(folder: Path, attack: Attack | None = None, *, first: bool = True) -> Iterator[Peer]:
    """A peer with two prepared updates; not `first`: started again, with what it left on its disk and nothing else."""
    nothing: Any = None
    state, mailbox = StateDirectory(folder, identity={}), Mailbox(DOMAIN, clock=lambda: 50, is_member=lambda _: True)
    if first:
        for seat in OWN:
            update = PreparedUpdate(1, seat, bytes([seat]) * 32, b"r" * 32, b"s" * 32)
            state.save_update(update, b"message of %d" % seat)
    chain: Any = Chain()
    gossip: Any = Gossip(mailbox)
    served: list[bytes] = []
    store: Any = type("Store", (), {"add": staticmethod(served.append)})
    maker = UpdateMaker(
        project=chain,
        domain=DOMAIN,
        manifest=nothing,
        trainer_of=nothing,
        library=nothing,
        state=state,
        store=store,
        shelf=nothing,
        training=asyncio.Lock(),
        attack=Attack(),
        accomplices=(),
        attack_seed=0,
        me=ME,
    )
    collector = Collector(
        project=chain,
        domain=DOMAIN,
        key=KEY_OF[ME],
        me=ME,
        maker=maker,
        state=state,
        mailbox=mailbox,
        speaker=Speaker(domain=DOMAIN, key=KEY_OF[ME], rules=RULES, state=state, gossip=gossip),
        attack=attack or Attack(),
        enabled=True,
    )
    yield Peer(collector, mailbox, chain, state, served)
    state.close()


def opening(seat: int, index: int, salt: bytes = b"s" * 32) -> BatchOpening:
    """What opens the promise of a seat, by its owner."""
    owner = OWNERS[seat]
    made = BatchOpening(index, seat, owner, bytes([seat]) * 32, b"r" * 32, salt, b"")
    signature = sign_commitment(DOMAIN, KEY_OF[owner], 1, seat, made.commitment(DOMAIN, 1))
    return replace(made, signature=signature)


def promise(seat: int, salt: bytes = b"s" * 32) -> Promise:
    made = opening(seat, 0, salt)
    return Promise(seat, made.account, made.commitment(DOMAIN, 1), made.signature)


def say(peer: Peer, sender: str, kind: str, body: bytes, *, sequence: int = 1) -> None:
    """Let somebody else's statement arrive."""
    envelope = seal(DOMAIN, KEY_OF[sender], kind=kind, round=1, sequence=sequence, expiry=200, body=body)
    assert peer.mailbox.offer(envelope.encoded) is Verdict.ADDED


def posted(*batches: Sequence[bytes]) -> RoundHistory:
    """The round once these batches stand on the chain."""
    places = (Batch(number, X, batch_hash(entries), len(entries), PLACE) for number, entries in enumerate(batches))
    return replace(ROUND, batches=tuple(places))


ENTRIES = tuple(promise(seat).entry for seat in (3, 1, 2))


async def test_a_promise_is_the_same_after_a_restart(tmp_path: Path) -> None:
    said = []
    for first in (True, False):
        with running(tmp_path, first=first) as peer:
            assert peer.look().promised == frozenset()
            await peer.collector.promise(ROUND, OWN)
            found = peer.look()
            assert found.promised == OWN
            said.append(found.promises)
    assert said[0] == said[1] == {seat: promise(seat) for seat in OWN}


async def test_only_the_owner_of_a_seat_promises_for_it_and_once(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        stolen = replace(promise(4), owner=X)
        signature = sign_commitment(DOMAIN, KEY_OF[X], 1, 4, stolen.commitment)
        say(peer, X, PROMISES, promises_body([promise(3), replace(stolen, signature=signature)]))
        say(peer, Y, PROMISES, b"nonsense")
        assert peer.look().promises == {3: promise(3)}
        say(peer, X, PROMISES, promises_body([promise(3, b"t" * 32)]), sequence=2)
        assert peer.look().promises == {3: promise(3)}


async def test_what_is_replaced_again_and_again_is_forgotten(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        for sequence in range(1, 600):
            say(peer, X, PROMISES, b"nonsense %d" % sequence, sequence=sequence)
            peer.look()
        assert len(peer.collector._promises._read) <= 300


async def test_a_batch_is_on_disk_before_anybody_relies_on_it_and_told_again_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        assert peer.look(posted(ENTRIES)).own == {}  # nobody tells what is in it
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        assert peer.look(ROUND).own == {}  # told, and not posted
        assert peer.look(posted(ENTRIES)).own == {1: Standing(0, 1), 2: Standing(0, 2)}
        assert list(peer.state.batches(1).values()) == [ENTRIES]
    with running(tmp_path, first=False) as peer:
        found = peer.look(posted(ENTRIES))
        assert (found.own, found.untold) == ({1: Standing(0, 1), 2: Standing(0, 2)}, {0})
        await peer.collector.tell(posted(ENTRIES), 0)
        assert peer.look(posted(ENTRIES)).untold == frozenset()


async def test_entries_that_are_not_those_of_the_batch_make_nothing_readable(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        assert peer.look(posted(ENTRIES[:2])).batches == {}
        wrong = replace(posted(ENTRIES), batches=(replace(posted(ENTRIES).batches[0], count=2),))
        assert peer.look(wrong).batches == {}


async def test_a_commitment_in_two_batches_is_opened_out_of_the_first(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        for number, entries in enumerate((ENTRIES, ENTRIES[1:])):
            say(peer, X, batch_kind(number), b"".join(entries))
        assert peer.look(posted(ENTRIES, ENTRIES[1:])).own == {1: Standing(0, 1), 2: Standing(0, 2)}


async def test_a_collector_tells_a_batch_and_posts_its_hash(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        await peer.collector.promise(ROUND, OWN)
        say(peer, X, PROMISES, promises_body([promise(3)]))
        await peer.collector.post(HISTORY, ROUND, 0, (1, 2, 3))
        entries = tuple(promise(seat).entry for seat in (1, 2, 3))
        assert peer.chain.posted == [(1, batch_hash(entries), 3)]
        assert peer.look(posted(entries)).batches == {0: entries}
        assert peer.look(posted(entries)).untold == frozenset()


async def test_openings_are_shown_once_the_updates_are_served(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        await peer.collector.show(HISTORY, posted(ENTRIES), OWN)
        assert peer.served == [b"message of 1", b"message of 2"]
        found = peer.look(posted(ENTRIES))
        assert found.shown == OWN
        assert found.openings == {0: (opening(1, 1), opening(2, 2))}


@pytest.mark.parametrize(
    "wrong",
    [
        opening(3, 1),
        opening(3, 9),
        opening(3, 0, b"t" * 32),
        replace(opening(3, 0), seat=4),
        replace(opening(3, 0), signature=opening(3, 0, b"t" * 32).signature),
    ],
)
async def test_what_does_not_open_a_batch_is_not_brought_to_the_chain(tmp_path: Path, wrong: BatchOpening) -> None:
    with running(tmp_path) as peer:
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        say(peer, X, OPENINGS, openings_body({0: [wrong], 1: [opening(3, 0)]}))
        assert peer.look(posted(ENTRIES)).openings == {}


async def test_a_collector_opens_what_was_shown_and_chosen(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        say(peer, X, OPENINGS, openings_body({0: [opening(3, 0)]}))
        await peer.collector.show(HISTORY, posted(ENTRIES), OWN)
        await peer.collector.open(HISTORY, posted(ENTRIES), 0, (1, 3))
        assert peer.chain.revealed == [(1, 0, (opening(3, 0), opening(1, 1)), ENTRIES)]


async def test_it_opens_its_own_from_its_disk_alone(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        peer.look(posted(ENTRIES))
    with running(tmp_path, first=False) as peer:
        await peer.collector.open_alone(HISTORY, posted(ENTRIES), 0, (2,))
        assert peer.served == [b"message of 2"]
        assert peer.chain.revealed == [(1, 0, (opening(2, 2),), ENTRIES)]


async def test_silence_is_shown_with_the_batch_and_the_promise(tmp_path: Path) -> None:
    with running(tmp_path) as peer:
        say(peer, X, PROMISES, promises_body([promise(3)]))
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        silence = peer.collector.silence(HISTORY, posted(ENTRIES), 3)
        assert (silence.batch, silence.index, silence.seat, silence.entries) == (0, 0, 3, ENTRIES)
        assert (silence.commitment, silence.signature) == (promise(3).commitment, promise(3).signature)


async def test_a_censoring_collector_posts_odd_seats_and_its_own_and_opens_its_own_only(tmp_path: Path) -> None:
    with running(tmp_path, load_attack("censoring-collector")) as peer:
        await peer.collector.promise(ROUND, OWN)
        say(peer, X, PROMISES, promises_body([promise(3)]))
        say(peer, Y, PROMISES, promises_body([promise(4)]))
        found = peer.look()
        assert (set(found.promises), found.out_of_turn) == ({1, 2, 3}, True)
        say(peer, X, batch_kind(0), b"".join(ENTRIES))
        say(peer, X, OPENINGS, openings_body({0: [opening(3, 0)]}))
        await peer.collector.show(HISTORY, posted(ENTRIES), OWN)
        assert [item.seat for item in peer.look(posted(ENTRIES)).openings[0]] == [1, 2]

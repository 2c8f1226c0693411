"""Gossip among real gateways: everybody learns everything, whoever is missing, late or malicious."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from node.exchange.envelope import Envelope, seal
from node.exchange.errors import PeerError, PeerLied
from node.exchange.gossip import EnvelopeRefused, Gossip
from node.exchange.mailbox import Mailbox, Verdict
from node.exchange.peer_client import new_session
from node.exchange.source import Source
from node.storage.local import LocalStore
from tests.support.bad_peers import Behaviour, answers, bad_peer, hangs_up, says_nothing, sends_for_ever, trickles
from tests.support.gateways import DOMAIN, make_gateway, open_mailbox


class Member:
    """One peer: key, mailbox, gateway, gossip."""

    def __init__(self, index: int) -> None:
        self.key = bytes([index + 1]) * 32
        self.address = self.say(0).sender
        self.mailbox = open_mailbox()
        self.gossip: Gossip | None = None
        self.source: Source | None = None

    def say(self, sequence: int, *, round: int = 1, kind: str = "k", body: bytes = b"") -> Envelope:
        return seal(DOMAIN, self.key, kind=kind, round=round, sequence=sequence, expiry=2000, body=body)


class Town:
    """Members that know each other, unless a test says otherwise."""

    def __init__(self, stack: AsyncExitStack, session: aiohttp.ClientSession, store: LocalStore) -> None:
        self._stack, self._session, self._store = stack, session, store
        self.members: list[Member] = []
        self.strangers: list[Source] = []

    def known_to(self, member: Member) -> list[Source]:
        return [other.source for other in self.members if other.source is not None] + self.strangers

    async def join(self, fan_out: int = 8) -> Member:
        member = Member(len(self.members))
        gateway = make_gateway(self._store, mailbox=member.mailbox)
        url = await self._stack.enter_async_context(gateway.serve("127.0.0.1", 0))
        member.source = Source(member.address, url)
        member.gossip = Gossip(
            member.mailbox,
            self._session,
            lambda: self.known_to(member),
            self_address=member.address,
            random_source=random.Random(len(self.members)),
            fan_out=fan_out,
            interval_seconds=0.02,
        )
        self._stack.push_async_callback(member.gossip.close)
        self.members.append(member)
        return member

    def run(self, member: Member) -> None:
        assert member.gossip is not None
        task = asyncio.create_task(member.gossip.run())
        self._stack.callback(task.cancel)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    with LocalStore(tmp_path) as store:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(new_session())
            yield Town(stack, session, store)


async def publish(member: Member, envelope: Envelope) -> None:
    assert member.gossip is not None
    await member.gossip.publish(envelope)


async def until_held(mailbox: Mailbox, *envelopes: Envelope) -> None:
    """Wait until all of these are in the mailbox."""
    async with asyncio.timeout(20):
        while not all(mailbox.get(envelope.hash) for envelope in envelopes):
            await mailbox.wait_changed()


async def test_a_small_town_hears_everything_at_once(town: Town) -> None:
    """Fan-out covers everybody: one push each, nobody forwards, no anti-entropy runs."""
    members = [await town.join() for _ in range(6)]
    envelopes = [member.say(1) for member in members]
    for member, envelope in zip(members, envelopes, strict=True):
        await publish(member, envelope)
    for member in members:
        await until_held(member.mailbox, *envelopes)
        assert len(member.mailbox) == 6


async def test_a_large_town_hears_it_by_forwarding_alone(town: Town) -> None:
    members = [await town.join(fan_out=4) for _ in range(16)]
    envelope = members[0].say(1)
    await publish(members[0], envelope)
    reached = 0
    for member in members:
        try:
            async with asyncio.timeout(2):
                await until_held(member.mailbox, envelope)
            reached += 1
        except TimeoutError:
            pass
    assert reached >= 14  # infect and die reaches all but e^-4 on average


async def test_anti_entropy_brings_what_pushes_missed(town: Town) -> None:
    first, second, third = [await town.join(fan_out=1) for _ in range(3)]
    envelopes = [first.say(sequence, kind=f"k{sequence}") for sequence in range(20)]
    for envelope in envelopes:
        first.mailbox.offer(envelope.encoded)
    late = await town.join()
    for member in (second, third, late):
        town.run(member)
    for member in (second, third, late):
        await until_held(member.mailbox, *envelopes)


async def test_a_partition_heals(town: Town) -> None:
    members = [await town.join() for _ in range(4)]
    halves = (members[:2], members[2:])
    town.known_to = lambda member: [  # type: ignore[method-assign]
        other.source for other in next(half for half in halves if member in half) if other.source is not None
    ]
    envelopes = [member.say(1) for member in members]
    for member, envelope in zip(members, envelopes, strict=True):
        await publish(member, envelope)
    await until_held(members[0].mailbox, *envelopes[:2])
    await until_held(members[3].mailbox, *envelopes[2:])
    assert len(members[0].mailbox) == len(members[3].mailbox) == 2
    del town.known_to
    for member in members:
        town.run(member)
    for member in members:
        await until_held(member.mailbox, *envelopes)


async def test_a_newer_word_replaces_the_older_everywhere(town: Town) -> None:
    members = [await town.join() for _ in range(3)]
    for member in members:
        town.run(member)
    for sequence in range(5):
        await publish(members[0], members[0].say(sequence, body=bytes([sequence])))
    for member in members:
        await until_held(member.mailbox, members[0].say(4, body=b"\x04"))
        assert [envelope.sequence for envelope in member.mailbox.of_round(1)] == [4]


@pytest.mark.parametrize("behaviour", [hangs_up, says_nothing, trickles, sends_for_ever, answers(b"", status="500 No")])
async def test_bad_neighbours_delay_nobody(town: Town, behaviour: Behaviour) -> None:
    async with bad_peer("0xbad", behaviour) as bad, bad_peer("0xworse", behaviour) as worse:
        town.strangers = [bad, worse]
        first, second = [await town.join() for _ in range(2)]
        envelopes = [first.say(1, kind=f"k{index}") for index in range(10)]
        async with asyncio.timeout(2):
            for envelope in envelopes:
                await publish(first, envelope)
            await until_held(second.mailbox, *envelopes)


def listing(*hashes: bytes, serve: bytes = b"junk") -> Behaviour:
    """A peer that names envelopes, and gives `serve` for each of them."""

    async def behaviour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"hashes": [' + b", ".join(b'"0x' + item.hex().encode() + b'"' for item in hashes) + b"]}"
        for answer in (body, serve):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n"
            writer.write(head.encode() + answer)
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")

    return behaviour


@pytest.mark.parametrize(
    "answer",
    [
        answers(b"<html>"),
        answers(b"[]"),
        answers(b'{"hashes": 5}'),
        answers(b'{"hashes": ["0x12"]}'),
        answers(b'{"hashes": [null]}'),
        answers(b'{"hashes": ["' + b"z" * 66 + b'"]}'),
        answers(b'{"hashes": ["0x' + b"zz" * 32 + b'"]}'),
        answers(b"[" * 100_000),
        sends_for_ever,
        listing(bytes(32)),
    ],
)
async def test_a_nonsense_list_is_a_named_lie(town: Town, answer: Behaviour) -> None:
    member = await town.join()
    assert member.gossip is not None
    async with bad_peer("0xbad", answer) as bad:
        with pytest.raises(PeerLied, match="0xbad"):
            await member.gossip.reconcile(bad)
    assert len(member.mailbox) == 0


async def test_a_forger_is_left_after_the_first_forgery(town: Town) -> None:
    """It lists a thousand envelopes that hash as told and are signed by nobody."""
    member, victim = await town.join(), Member(9)
    forged = Envelope(**{**{f: getattr(victim.say(1), f) for f in Envelope.__dataclass_fields__}, "body": b"forged"})
    asked: Counter[str] = Counter()

    async def forger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked["requests"] += 1
        await listing(forged.hash, *(bytes([i, j]) * 16 for i in range(30) for j in range(30)), serve=forged.encoded)(
            reader, writer
        )

    assert member.gossip is not None
    async with bad_peer("0xforger", forger) as bad:
        assert await member.gossip.reconcile(bad) == 0
    assert asked["requests"] == 1
    assert len(member.mailbox) == 0


async def test_a_gone_neighbour_is_a_named_error(town: Town) -> None:
    member = await town.join()
    async with bad_peer("0xgone", hangs_up) as gone:
        pass
    assert member.gossip is not None
    with pytest.raises(PeerError, match="0xgone"):
        await member.gossip.reconcile(gone)


async def test_nothing_is_asked_twice(town: Town) -> None:
    town.known_to = lambda member: []  # type: ignore[method-assign]
    first, second = [await town.join() for _ in range(2)]
    first.mailbox.offer(first.say(1).encoded)
    assert second.gossip is not None
    assert first.source is not None
    assert await second.gossip.reconcile(first.source) == 1
    assert await second.gossip.reconcile(first.source) == 0


async def test_our_own_stale_word_is_refused_loudly(town: Town) -> None:
    member = await town.join()
    await publish(member, member.say(5))
    await publish(member, member.say(5))
    with pytest.raises(EnvelopeRefused, match="refused as stale") as caught:
        await publish(member, member.say(4))
    assert caught.value.verdict is Verdict.STALE


async def test_closing_leaves_no_task(town: Town) -> None:
    async with bad_peer("0xsilent", says_nothing) as silent:
        town.strangers = [silent]
        member = await town.join()
        await publish(member, member.say(1))
        assert member.gossip is not None
        running = asyncio.create_task(member.gossip.run())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not [task for task in asyncio.all_tasks() if "_drain" in repr(task)]

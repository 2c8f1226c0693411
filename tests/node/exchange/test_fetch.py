"""Fetching from peers that lie, stall, vanish and send too much."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import aiohttp
import pytest

from node.exchange.content_routes import Policy
from node.exchange.errors import (
    FetchFailed,
    PeerAnswered,
    PeerBusy,
    PeerError,
    PeerLied,
    PeerTooSlow,
    PeerUnreachable,
)
from node.exchange.fetch import Fetcher
from node.exchange.limits import GatewayLimits
from node.exchange.pace import Pace
from node.exchange.peer_client import new_session
from node.exchange.source import Source
from node.storage.cid import RAW, Cid
from node.storage.errors import BlockMissing, MalformedDag, ObjectTooLarge
from node.storage.local import LocalStore
from node.storage.unixfs import LEGACY_V1, MEBIBYTE, UNIXFS_V1_2025, Profile, import_bytes, root_of
from tests.support.bad_peers import (
    Behaviour,
    answers,
    bad_peer,
    hangs_up,
    says_nothing,
    sends_for_ever,
    speaks_no_http,
    trickles,
)
from tests.support.gateways import make_gateway
from tests.support.keystream import Keystream

SMALL = b"a message"
LARGE = Keystream("fetch", 5 * MEBIBYTE + 1000).read()
LIMIT = 1 << 24


class Swarm:
    """Peers with a store and a gateway each, on real sockets, and the one who fetches."""

    def __init__(self, folder: Path, stack: AsyncExitStack, session: aiohttp.ClientSession) -> None:
        self._folder, self._stack, self.session = folder, stack, session
        self.served: dict[str, Counter[bytes]] = {}
        self.store = stack.enter_context(LocalStore(folder / "me"))
        self.fetcher = Fetcher(session, self.store, self_address="0xme")

    def store_of(self, name: str) -> LocalStore:
        return self._stack.enter_context(LocalStore(self._folder / name))

    async def peer(
        self, name: str, *objects: bytes, policy: Policy | None = None, limits: GatewayLimits | None = None
    ) -> Source:
        """A peer that holds `objects`; what it serves is counted in `served[name]`."""
        store = self.store_of(name)
        for data in objects:
            store.add(data)
        served = self.served[name] = Counter()

        def counted(requester: str | None, digest: bytes, data: bytes) -> bytes | None:
            served[digest] += 1
            return data if policy is None else policy(requester, digest, data)

        gateway = make_gateway(store, policy=counted, limits=limits)
        return Source(name, await self._stack.enter_async_context(gateway.serve("127.0.0.1", 0)))

    async def bad(self, name: str, behaviour: Behaviour) -> Source:
        return await self._stack.enter_async_context(bad_peer(name, behaviour))

    async def fetch(self, data: bytes, *sources: Source, **options: float) -> bytes:
        digest = root_of(data).digest
        async with asyncio.timeout(30):
            return await self.fetcher.fetch(digest, sources, **({"maximum_bytes": LIMIT} | options))  # type: ignore[arg-type]


@pytest.fixture
async def swarm(tmp_path: Path) -> AsyncIterator[Swarm]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(new_session())
        yield Swarm(tmp_path, stack, session)


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore(tmp_path / "origin") as store:
        store.add(LARGE)
        yield store


# Honest peers


@pytest.mark.parametrize("data", [b"", SMALL, bytes(MEBIBYTE), LARGE], ids=["empty", "small", "one block", "large"])
async def test_gets_an_object_and_keeps_it(swarm: Swarm, data: bytes) -> None:
    peer = await swarm.peer("0xa", data)
    assert await swarm.fetch(data, peer) == data
    assert swarm.store.get(root_of(data)) == data


async def test_an_object_of_one_block_costs_one_request(swarm: Swarm) -> None:
    peers = [await swarm.peer(name, SMALL) for name in ("0xa", "0xb", "0xc")]
    assert await swarm.fetch(SMALL, *peers) == SMALL
    assert sum(sum(served.values()) for served in swarm.served.values()) == 1


async def test_what_is_in_the_store_costs_no_request(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", SMALL, LARGE)
    for data in (SMALL, LARGE):
        swarm.store.add(data)
        assert await swarm.fetch(data, peer) == data
    assert swarm.served["0xa"] == Counter()


async def test_every_block_is_asked_once_and_the_load_is_shared(swarm: Swarm) -> None:
    peers = [await swarm.peer(name, LARGE) for name in ("0xa", "0xb")]
    assert await swarm.fetch(LARGE, *peers) == LARGE
    together = swarm.served["0xa"] + swarm.served["0xb"]
    assert set(together.values()) == {1}
    assert len(together) == 7
    assert all(sum(served.values()) >= 2 for served in swarm.served.values())


async def test_peers_that_hold_half_each_are_enough(swarm: Swarm, origin: LocalStore) -> None:
    peers = [await swarm.peer(name) for name in ("0xa", "0xb")]
    stores = [swarm.store_of("0xa"), swarm.store_of("0xb")]
    for index, digest in enumerate(sorted(origin.blocks())):
        stores[index % 2].put_block(origin.get_block(digest), digest)
    assert await swarm.fetch(LARGE, *peers) == LARGE


async def test_a_fetch_that_was_cut_off_goes_on_where_it_stopped(swarm: Swarm) -> None:
    left = 4

    def dies(requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        nonlocal left
        left -= 1
        return data if left >= 0 else None

    first = await swarm.peer("0xa", LARGE, policy=dies)
    with pytest.raises(FetchFailed):
        await swarm.fetch(LARGE, first)
    held = set(swarm.store.blocks())
    assert held
    second = await swarm.peer("0xb", LARGE)
    assert await swarm.fetch(LARGE, first, second) == LARGE
    assert not held & set(swarm.served["0xb"])


async def test_a_block_that_rotted_here_is_fetched_again(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", LARGE)
    await swarm.fetch(LARGE, peer)
    swarm.served["0xa"].clear()
    leaf = root_of(LARGE[:MEBIBYTE]).digest
    (swarm.store.path / "blocks" / leaf.hex()[:2] / leaf.hex()).write_bytes(b"rot")
    assert await swarm.fetch(LARGE, peer) == LARGE
    assert swarm.served["0xa"] == Counter({leaf: 1})


async def test_tells_who_asks(swarm: Swarm) -> None:
    asked: list[str | None] = []

    def remember(requester: str | None, digest: bytes, data: bytes) -> bytes:
        asked.append(requester)
        return data

    await swarm.fetch(SMALL, await swarm.peer("0xa", SMALL, policy=remember))
    assert asked == ["0xme"]


async def test_a_busy_peer_is_asked_again_when_it_said(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", SMALL, b"other", limits=GatewayLimits(requests_per_second=1, burst_seconds=1))
    assert await swarm.fetch(SMALL, peer) == SMALL
    assert await swarm.fetch(b"other", peer) == b"other"
    assert swarm.fetcher.dropped() == {}


# Dishonest and broken peers

WRONG = answers(b"not the message")
MISBEHAVIOUR = {
    "wrong bytes": (WRONG, PeerLied, "wrong bytes"),
    "right bytes and more": (answers(SMALL + b"!"), PeerLied, "wrong bytes"),
    "nothing at all": (answers(b""), PeerLied, "wrong bytes"),
    "one byte too large": (answers(bytes(MEBIBYTE + 1)), PeerLied, "1048577 bytes announced"),
    "huge announced": (answers(b"x", length=1 << 50), PeerLied, "bytes announced"),
    "endless": (sends_for_ever, PeerLied, "more than the 1048576 bytes"),
    "compressed": (answers(SMALL, headers="Content-Encoding: gzip\r\n"), PeerLied, "compressed"),
    "cut short": (answers(SMALL[:4], length=len(SMALL)), PeerUnreachable, "payload"),
    "redirect": (answers(b"", status="302 Found", headers="Location: http://[::1]:1/\r\n"), PeerAnswered, "status 302"),
    "not found": (answers(b"", status="404 Not Found"), PeerAnswered, "does not have it"),
    "broken": (answers(b"", status="500 Oops"), PeerAnswered, "status 500"),
    "partial": (answers(SMALL[:4], status="206 Partial Content"), PeerAnswered, "status 206"),
    "hangs up": (hangs_up, PeerUnreachable, "disconnected"),
    "no http": (speaks_no_http, PeerUnreachable, "220 smtp"),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
async def test_a_bad_peer_is_named_with_its_cause(swarm: Swarm, name: str) -> None:
    behaviour, kind, cause = MISBEHAVIOUR[name]
    bad = await swarm.bad("0xbad", behaviour)
    with pytest.raises(FetchFailed, match=cause) as caught:
        await swarm.fetch(SMALL, bad)
    (failure,) = caught.value.failures
    assert type(failure) is kind
    assert failure.source == bad
    assert bad.url in str(caught.value)
    assert "0xbad" in str(caught.value)
    assert str(root_of(SMALL)) in str(caught.value)
    assert caught.value.exit_code == 4
    assert not swarm.store.has(root_of(SMALL))
    assert ("0xbad" in swarm.fetcher.dropped()) is (kind is PeerLied)


@pytest.mark.parametrize("name", MISBEHAVIOUR)
async def test_a_good_peer_makes_up_for_a_bad_one(swarm: Swarm, name: str) -> None:
    bad = await swarm.bad("0xbad", MISBEHAVIOUR[name][0])
    good = await swarm.peer("0xgood", SMALL)
    assert await swarm.fetch(SMALL, bad, good) == SMALL


@pytest.mark.parametrize("behaviour", [trickles, says_nothing])
async def test_a_slow_peer_delays_nobody_for_long(swarm: Swarm, behaviour: Behaviour) -> None:
    """It is asked first, overtaken once, and asked last from then on."""
    slow = await swarm.bad("0xslow", behaviour)
    good = await swarm.peer("0xgood", SMALL, LARGE, b"third")
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert await swarm.fetch(SMALL, slow, good) == SMALL
    assert 0.9 < loop.time() - started < 10
    started = loop.time()
    assert await swarm.fetch(b"third", slow, good) == b"third"
    assert loop.time() - started < 0.9
    assert await swarm.fetch(LARGE, slow, good) == LARGE
    assert swarm.fetcher.dropped() == {}


async def test_a_peer_that_is_gone_is_named(swarm: Swarm) -> None:
    async with bad_peer("0xgone", hangs_up) as gone:
        pass
    with pytest.raises(FetchFailed, match=r"0xgone at http://127\.0\.0\.1:.*Connect call failed") as caught:
        await swarm.fetch(SMALL, gone)
    assert isinstance(caught.value.failures[0], PeerUnreachable)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999", "file:///etc"]
)
async def test_a_peer_with_a_nonsense_address_is_named(swarm: Swarm, url: str) -> None:
    good = await swarm.peer("0xgood", SMALL)
    with pytest.raises(FetchFailed, match="0xodd"):
        await swarm.fetch(SMALL, Source("0xodd", url))
    assert await swarm.fetch(SMALL, Source("0xodd", url), good) == SMALL


async def test_no_source_is_a_clear_failure(swarm: Swarm) -> None:
    with pytest.raises(FetchFailed, match="no sources were given"):
        await swarm.fetch(SMALL)


async def test_every_peer_is_named_when_all_fail(swarm: Swarm) -> None:
    sources = [
        await swarm.bad("0xliar", WRONG),
        await swarm.peer("0xempty"),
        await swarm.bad("0xbroken", answers(b"", status="500 Oops")),
    ]
    with pytest.raises(FetchFailed) as caught:
        await swarm.fetch(SMALL, *sources)
    assert {failure.source for failure in caught.value.failures} == set(sources)
    for source in sources:
        assert f"{source.address} at {source.url}: " in str(caught.value)


async def test_a_liar_is_not_asked_again_until_its_round_is_forgotten(swarm: Swarm) -> None:
    lying = True

    def lies(requester: str | None, digest: bytes, data: bytes) -> bytes:
        return b"lies" if lying else data

    liar = await swarm.peer("0xliar", SMALL, b"other", policy=lies)
    with pytest.raises(FetchFailed, match="wrong bytes"):
        await swarm.fetch(SMALL, liar, round=5)
    assert swarm.fetcher.dropped()["0xliar"].round == 5
    lying = False
    asked = swarm.served["0xliar"].total()
    with pytest.raises(FetchFailed, match="dropped in round 5: sent wrong bytes") as caught:
        await swarm.fetch(b"other", liar, round=5)
    assert isinstance(caught.value.failures[0], PeerLied)
    assert swarm.served["0xliar"].total() == asked
    swarm.fetcher.forget(4)
    assert "0xliar" in swarm.fetcher.dropped()
    swarm.fetcher.forget(5)
    assert await swarm.fetch(SMALL, liar, round=6) == SMALL


async def test_one_wrong_leaf_drops_the_liar_and_the_rest_comes_from_others(swarm: Swarm) -> None:
    leaf = root_of(LARGE[:MEBIBYTE]).digest

    def lies(requester: str | None, digest: bytes, data: bytes) -> bytes:
        return data[:-1] + b"!" if digest == leaf else data

    liar = await swarm.peer("0xliar", LARGE, policy=lies)
    with pytest.raises(FetchFailed, match=str(Cid(RAW, leaf))):
        await swarm.fetch(LARGE, liar)
    good = await swarm.peer("0xgood", LARGE)
    assert await swarm.fetch(LARGE, liar, good) == LARGE
    assert "0xliar" in swarm.fetcher.dropped()


async def test_a_peer_that_serves_only_some_is_no_liar(swarm: Swarm) -> None:
    picky = await swarm.peer("0xpicky", SMALL, policy=lambda who, digest, data: data if who == "0xfriend" else None)
    with pytest.raises(FetchFailed, match="does not have it"):
        await swarm.fetch(SMALL, picky)
    assert swarm.fetcher.dropped() == {}


# Deadlines


@pytest.mark.parametrize("behaviour", [trickles, says_nothing])
async def test_gives_up_when_told_and_names_who_was_late(swarm: Swarm, behaviour: Behaviour) -> None:
    slow = await swarm.bad("0xslow", behaviour)
    empty = await swarm.peer("0xempty")
    with pytest.raises(FetchFailed, match=r"0xslow at .*: not done after 0\.3 s") as caught:
        await swarm.fetch(SMALL, empty, slow, within_seconds=0.3)
    assert {type(failure) for failure in caught.value.failures} == {PeerAnswered, PeerTooSlow}


async def test_gives_up_on_a_lonely_trickle_by_itself(swarm: Swarm) -> None:
    """Far slower than any peer could be useful: the request ends without a deadline of the caller."""
    slow = await swarm.bad("0xslow", trickles)
    swarm.fetcher = Fetcher(swarm.session, swarm.store, self_address="0xme", pace=Pace(minimum_seconds=0.05))
    with pytest.raises(FetchFailed, match="bytes in") as caught:
        await swarm.fetch(SMALL, slow)
    assert isinstance(caught.value.failures[0], PeerTooSlow)


async def test_a_cancelled_fetch_leaves_nothing_running(swarm: Swarm) -> None:
    asked = asyncio.Event()

    async def tells(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await says_nothing(reader, writer)

    slow = await swarm.bad("0xslow", tells)
    before = asyncio.all_tasks()
    fetching = asyncio.create_task(swarm.fetch(SMALL, slow))
    await asked.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not [task for task in asyncio.all_tasks() - before if "_ask" in repr(task)]


# Objects that are themselves an attack


def put(store: LocalStore, data: bytes, profile: Profile) -> bytes:
    """Store `data` cut by any profile; returns the digest of its root."""
    digest = b""
    for block in import_bytes(data, profile):
        store.put_block(block.data, block.cid.digest)
        digest = block.cid.digest
    return digest


async def test_asks_for_no_leaf_of_an_object_above_the_limit(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", LARGE)
    with pytest.raises(ObjectTooLarge, match=str(len(LARGE))) as caught:
        await swarm.fetch(LARGE, peer, maximum_bytes=len(LARGE) - 1)
    assert caught.value.maximum_bytes == len(LARGE) - 1
    assert sum(swarm.served["0xa"].values()) == 1
    assert await swarm.fetch(LARGE, peer, maximum_bytes=len(LARGE)) == LARGE


async def test_one_block_above_the_limit_is_refused(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", SMALL)
    with pytest.raises(ObjectTooLarge):
        await swarm.fetch(SMALL, peer, maximum_bytes=len(SMALL) - 1)


@pytest.mark.parametrize(
    ("profile", "size"),
    [
        (LEGACY_V1, len(LARGE)),
        (Profile("tiny leaves", 4096, 1024, raw_leaves=True, version=1), 100_000),
        (Profile("narrow nodes", MEBIBYTE, 2, raw_leaves=True, version=1), len(LARGE)),
        (Profile("wrapped leaves", MEBIBYTE - 64, 1024, raw_leaves=False, version=1), len(LARGE)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_the_same_bytes_under_a_second_digest_are_refused(swarm: Swarm, profile: Profile, size: int) -> None:
    """Otherwise a copied update could be cut anew and pass for another one."""
    peer = await swarm.peer("0xa")
    digest = put(swarm.store_of("0xa"), LARGE[:size], profile)
    with pytest.raises(MalformedDag, match=UNIXFS_V1_2025.name):
        await swarm.fetcher.fetch(digest, [peer], maximum_bytes=LIMIT)
    assert swarm.served["0xa"].total() <= 7


async def test_a_child_of_another_size_than_declared_is_refused(swarm: Swarm) -> None:
    peer = await swarm.peer("0xa", LARGE)
    store = swarm.store_of("0xa")
    root = bytearray(store.get_block(root_of(LARGE).digest))
    root[-2] ^= 1  # the declared size of the last leaf
    root[root.index(b"\x08\x02\x18") + 3] ^= 1  # and of the file, so that the sum is right
    digest = Cid.of(RAW, bytes(root)).digest
    store.put_block(bytes(root), digest)
    with pytest.raises(MalformedDag):
        await swarm.fetcher.fetch(digest, [peer], maximum_bytes=LIMIT)


async def test_failures_are_a_tree(swarm: Swarm) -> None:
    source = Source("0xa", "http://x")
    for failure in (PeerBusy(source, 503, 1.0), PeerAnswered(source, 404), PeerTooSlow(source, "late")):
        assert isinstance(failure, PeerError)
        assert str(failure).startswith("0xa at http://x: ")
    with ExitStack(), pytest.raises(BlockMissing):
        swarm.store.get(root_of(SMALL))

"""The gateway as IPFS clients and peers see it, over real sockets."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest

from node.exchange.envelope import seal
from node.exchange.limits import GatewayLimits
from node.exchange.mailbox import Mailbox
from node.exchange.peer_client import new_session
from node.storage import car
from node.storage.cid import DAG_PB, RAW, Cid
from node.storage.local import LocalStore
from node.storage.unixfs import MEBIBYTE, root_of
from tests.support.gateways import DOMAIN, BookOfRecords, make_gateway, open_mailbox
from tests.support.keystream import Keystream

SMALL = b"a message"
LARGE = Keystream("gateway", 2 * MEBIBYTE + 1000).read()
MISSING = Cid.of(RAW, b"nobody has this")
KEY = b"\x01" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore(tmp_path / "store") as held:
        for data in (SMALL, LARGE, b""):
            held.add(data)
        yield held


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as opened:
        yield opened


@pytest.fixture
def mailbox() -> Mailbox:
    return open_mailbox()


@pytest.fixture
async def url(store: LocalStore, mailbox: Mailbox) -> AsyncIterator[str]:
    records = BookOfRecords({1: b'{"round":1}', 2: b'{"round":2}'})
    async with make_gateway(store, mailbox=mailbox, records=records).serve("127.0.0.1", 0) as base:
        yield base


async def problem(response: aiohttp.ClientResponse) -> dict[str, object]:
    assert response.content_type == "application/problem+json"
    value: dict[str, object] = json.loads(await response.read())
    assert value["status"] == response.status
    assert {"type", "title", "detail"} <= set(value)
    return value


# Content


@pytest.mark.parametrize("codec", [RAW, DAG_PB])
@pytest.mark.parametrize("how", ["format", "accept"])
async def test_gives_one_block_by_its_digest(
    session: aiohttp.ClientSession, url: str, codec: int, how: str, store: LocalStore
) -> None:
    root = root_of(LARGE)
    cid = Cid(codec, root.digest)
    query, headers = ("?format=raw", {}) if how == "format" else ("", {"Accept": "application/vnd.ipld.raw"})
    async with session.get(f"{url}/ipfs/{cid}{query}", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/vnd.ipld.raw"
        assert response.headers["ETag"] == f'"{cid}.raw"'
        assert response.headers["X-Ipfs-Path"] == f"/ipfs/{cid}"
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.read() == store.get_block(root.digest)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
async def test_gives_the_file(session: aiohttp.ClientSession, url: str, data: bytes) -> None:
    async with session.get(f"{url}/ipfs/{root_of(data)}") as response:
        assert response.status == 200
        assert response.content_length == len(data)
        assert response.headers["ETag"] == f'"{root_of(data)}"'
        assert await response.read() == data


async def test_gives_an_archive_that_checks(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/ipfs/{root_of(LARGE)}?format=car") as response:
        assert response.headers["Content-Type"].startswith("application/vnd.ipld.car; version=1")
        archive = await response.read()
    roots, blocks = car.read(io.BytesIO(archive))
    assert roots == [root_of(LARGE)]
    assert len(list(blocks)) == 4


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=1048570-1048585", 1048570, 1048586),
        ("bytes=-5", len(LARGE) - 5, len(LARGE)),
        (f"bytes={2 * MEBIBYTE}-", 2 * MEBIBYTE, len(LARGE)),
    ],
)
async def test_gives_a_part(session: aiohttp.ClientSession, url: str, asked: str, start: int, stop: int) -> None:
    async with session.get(f"{url}/ipfs/{root_of(LARGE)}", headers={"Range": asked}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(LARGE)}"
        assert await response.read() == LARGE[start:stop]


async def test_gives_a_part_of_a_block(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/ipfs/{root_of(SMALL)}?format=raw", headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, await response.read()) == (206, SMALL[2:5])


async def test_refuses_a_part_behind_the_end(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/ipfs/{root_of(SMALL)}", headers={"Range": "bytes=100-"}) as response:
        assert response.status == 416
        assert response.headers["Content-Range"] == f"bytes */{len(SMALL)}"
        await problem(response)


@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car"])
async def test_an_unchanged_copy_costs_nothing(session: aiohttp.ClientSession, url: str, query: str) -> None:
    path = f"{url}/ipfs/{root_of(LARGE)}{query}"
    async with session.head(path) as response:
        assert response.status == 200
        assert await response.read() == b""
        etag = response.headers["ETag"]
    async with session.get(path, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
        assert response.headers["ETag"] == etag
        assert await response.read() == b""


async def test_head_tells_the_size(session: aiohttp.ClientSession, url: str) -> None:
    async with session.head(f"{url}/ipfs/{root_of(LARGE)}") as response:
        assert response.headers["Content-Length"] == str(len(LARGE))
        assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car"])
async def test_says_what_it_does_not_have(session: aiohttp.ClientSession, url: str, query: str) -> None:
    async with session.get(f"{url}/ipfs/{MISSING}{query}") as response:
        assert response.status == 404
        assert str(MISSING) in str((await problem(response))["detail"])


@pytest.mark.parametrize("query", ["", "?format=car"])
async def test_does_not_begin_what_it_cannot_finish(
    session: aiohttp.ClientSession, url: str, query: str, store: LocalStore
) -> None:
    leaf = root_of(LARGE[2 * MEBIBYTE :])
    (store.path / "blocks" / leaf.digest.hex()[:2] / leaf.digest.hex()).unlink()
    async with session.get(f"{url}/ipfs/{root_of(LARGE)}{query}") as response:
        assert response.status == 404


async def test_a_corrupt_block_is_not_served(session: aiohttp.ClientSession, url: str, store: LocalStore) -> None:
    digest = root_of(SMALL).digest
    (store.path / "blocks" / digest.hex()[:2] / digest.hex()).write_bytes(b"A message")
    for _ in range(2):
        async with session.get(f"{url}/ipfs/{root_of(SMALL)}?format=raw") as response:
            assert response.status == 404


@pytest.mark.parametrize("cid", ["nonsense", "bafy", "Qm", "b" * 200, "..%2f..%2fetc%2fpasswd", "bafybeig%00"])
async def test_refuses_what_is_no_identifier(session: aiohttp.ClientSession, url: str, cid: str) -> None:
    async with session.get(f"{url}/ipfs/{cid}") as response:
        assert response.status in (400, 404)
        assert len(await response.read()) < 600


async def test_refuses_a_format_it_does_not_have(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/ipfs/{root_of(SMALL)}?format=tar") as response:
        assert response.status == 400
        await problem(response)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
async def test_content_is_read_only(session: aiohttp.ClientSession, url: str, method: str) -> None:
    async with session.request(method, f"{url}/ipfs/{root_of(SMALL)}", data=b"x") as response:
        assert response.status == 405


async def test_the_policy_sees_who_asks_and_may_lie_or_refuse(
    session: aiohttp.ClientSession, store: LocalStore
) -> None:
    asked: list[tuple[str | None, bytes, bytes]] = []

    def policy(requester: str | None, digest: bytes, data: bytes) -> bytes | None:
        asked.append((requester, digest, data))
        return {"0xfriend": data, "0xvictim": b"lies"}.get(requester or "")

    async with make_gateway(store, policy=policy).serve("127.0.0.1", 0) as url:
        answers = {}
        for name in ("0xfriend", "0xvictim", "0xother", None):
            headers = {} if name is None else {"Swarm-Peer": name}
            async with session.get(f"{url}/ipfs/{root_of(SMALL)}?format=raw", headers=headers) as response:
                answers[name] = await response.read() if response.status == 200 else response.status
    assert answers == {"0xfriend": SMALL, "0xvictim": b"lies", "0xother": 404, None: 404}
    assert asked[0] == ("0xfriend", root_of(SMALL).digest, SMALL)


# Envelopes, records, health


async def test_takes_and_gives_envelopes(session: aiohttp.ClientSession, url: str, mailbox: Mailbox) -> None:
    envelope = seal(DOMAIN, KEY, kind="k", round=3, sequence=1, expiry=2000, body=b"body")
    for status, verdict in ((202, "added"), (200, "duplicate")):
        async with session.post(f"{url}/swarm/envelopes", data=envelope.encoded) as response:
            assert (response.status, await response.json()) == (status, {"verdict": verdict})
    for query, expected in (
        ("", ["0x" + envelope.hash.hex()]),
        ("?round=3", ["0x" + envelope.hash.hex()]),
        ("?round=4", []),
    ):
        async with session.get(f"{url}/swarm/envelopes{query}") as response:
            assert await response.json() == {"hashes": expected}
    for name in (envelope.hash.hex(), "0x" + envelope.hash.hex()):
        async with session.get(f"{url}/swarm/envelopes/{name}") as response:
            assert (response.status, await response.read()) == (200, envelope.encoded)
    assert mailbox.of_round(3) == (envelope,)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"expiry": 999}, 410), ({"sequence": 0}, 409), ({"body": bytes(3000)}, 202)],
)
async def test_says_why_an_envelope_is_refused(
    session: aiohttp.ClientSession, url: str, mailbox: Mailbox, changes: dict[str, object], status: int
) -> None:
    held = seal(DOMAIN, KEY, kind="k", round=3, sequence=1, expiry=2000, body=b"")
    mailbox.offer(held.encoded)
    fields = {"kind": "k", "round": 3, "sequence": 2, "expiry": 2000, "body": b""} | changes
    envelope = seal(DOMAIN, KEY, **fields)  # type: ignore[arg-type]
    async with session.post(f"{url}/swarm/envelopes", data=envelope.encoded) as response:
        assert response.status == status


async def test_reads_no_body_above_its_limit(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(f"{url}/swarm/envelopes", data=bytes(4097)) as response:
        assert response.status == 413
        await problem(response)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1024)

    try:
        async with session.post(f"{url}/swarm/envelopes", data=endless()) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # it hung up while we were still sending
    async with session.get(f"{url}/swarm/health") as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/swarm/envelopes?round=x", "/swarm/envelopes?round=-1", "/swarm/envelopes/zz"])
async def test_refuses_a_nonsense_question(session: aiohttp.ClientSession, url: str, path: str) -> None:
    async with session.get(url + path) as response:
        assert response.status == 400
        await problem(response)


async def test_gives_the_records_of_rounds(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/swarm/rounds") as response:
        assert await response.json() == {"latest": 2}
    async with session.get(f"{url}/swarm/rounds/1") as response:
        assert (response.content_type, await response.read()) == ("application/json", b'{"round":1}')
    for path, status in (("3", 404), ("x", 400), ("9" * 30, 400), ("-1", 400)):
        async with session.get(f"{url}/swarm/rounds/{path}") as response:
            assert response.status == status
            await problem(response)


async def test_is_alive(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/swarm/health") as response:
        assert await response.json() == {"status": "ok", "envelopes": 0}


# Limits


async def test_a_client_above_its_rate_is_told_when_to_come_back(
    session: aiohttp.ClientSession, store: LocalStore
) -> None:
    limits = GatewayLimits(requests_per_second=0.5, burst_seconds=10)
    async with make_gateway(store, limits=limits).serve("127.0.0.1", 0) as url:
        statuses = []
        for _ in range(7):
            async with session.get(f"{url}/swarm/health") as response:
                statuses.append(response.status)
        assert statuses == [200] * 5 + [429] * 2
        async with session.get(f"{url}/swarm/health") as response:
            assert response.headers["Retry-After"] in ("2", "3")
            await problem(response)


async def test_a_client_above_its_bytes_waits_for_them(session: aiohttp.ClientSession, store: LocalStore) -> None:
    limits = GatewayLimits(bytes_per_second=1000, burst_seconds=1)
    async with make_gateway(store, limits=limits).serve("127.0.0.1", 0) as url:
        async with session.get(f"{url}/ipfs/{root_of(LARGE)}") as response:
            assert await response.read() == LARGE
        async with session.get(f"{url}/swarm/health") as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 1000


async def test_idle_and_half_asked_connections_are_cut(session: aiohttp.ClientSession, store: LocalStore) -> None:
    """More of them than there are places, then an honest client gets in."""
    limits = GatewayLimits(connections=8, idle_seconds=0.1)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(make_gateway(store, limits=limits).serve("127.0.0.1", 0))
        port = int(url.rsplit(":", 1)[1])
        idlers = []
        for index in range(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write([b"", b"GET /swarm/health HTTP/1.1\r\nHost", b"POST /swarm/envelopes HTTP/1.1\r\n"][index % 3])
            idlers.append(reader)
        async with asyncio.timeout(20):
            for reader in idlers:
                with suppress(ConnectionResetError):
                    await reader.read()
            async with session.get(f"{url}/swarm/health") as response:
                assert response.status == 200


async def test_a_body_that_never_ends_is_answered_in_time(store: LocalStore) -> None:
    limits = GatewayLimits(idle_seconds=0.2)
    async with make_gateway(store, limits=limits).serve("127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"POST /swarm/envelopes HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        async with asyncio.timeout(20):
            assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_does_not_read_is_cut(store: LocalStore) -> None:
    cid = store.add(bytes(64 * MEBIBYTE))
    async with make_gateway(store, limits=GatewayLimits(idle_seconds=0.1)).serve("127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]), limit=1 << 10)
        writer.write(f"GET /ipfs/{cid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readline()
        async with asyncio.timeout(20):
            while True:  # a second request that fails shows the cut, without reading the first one's answer
                try:
                    writer.write(b"x")
                    await writer.drain()
                except ConnectionError:
                    break
                await asyncio.sleep(0.01)
        writer.close()

"""The small questions a peer asks another one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from node.exchange.errors import PeerAnswered, PeerBusy, PeerLied, PeerTooSlow, PeerUnreachable
from node.exchange.pace import Pace
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.storage.local import LocalStore
from tests.support.bad_peers import Behaviour, answers, bad_peer, hangs_up, says_nothing, trickles
from tests.support.gateways import BookOfRecords, make_gateway


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as opened:
        yield opened


@pytest.fixture
def client(session: aiohttp.ClientSession) -> PeerClient:
    return PeerClient(session, "0xme", Pace(minimum_seconds=0.02))


async def test_asks_for_records(client: PeerClient, tmp_path: Path) -> None:
    book = BookOfRecords()
    with LocalStore(tmp_path) as store:
        async with make_gateway(store, records=book).serve("127.0.0.1", 0) as url:
            peer = Source("0xa", url + "/")
            assert await client.latest_round(peer) is None
            book.rounds |= {1: b"{}", 7: b'{"round": 7}'}
            assert await client.latest_round(peer) == 7
            assert await client.record(peer, 7) == b'{"round": 7}'
            with pytest.raises(PeerAnswered, match="does not have it") as caught:
                await client.record(peer, 2)
            assert caught.value.status == 404


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"latest": "7"}', b'{"latest": 7.5}', b'{"latest": true}', b"7", b"\xff", b"[" * 4000]
)
async def test_a_nonsense_answer_is_a_named_lie(client: PeerClient, body: bytes) -> None:
    async with bad_peer("0xbad", answers(body)) as bad:
        with pytest.raises(PeerLied, match="0xbad at http://127"):
            await client.latest_round(bad)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 1.0), ("Retry-After: 0\r\n", 0.0), ("Retry-After: 3\r\n", 3.0), ("Retry-After: 99999\r\n", 5.0)]
    + [(f"Retry-After: {value}\r\n", 1.0) for value in ("-1", "soon", "1e9", "nan", "Wed, 21 Oct 2026 07:28:00 GMT")],
)
async def test_a_busy_peer_cannot_send_us_away_for_long(client: PeerClient, header: str, seconds: float) -> None:
    async with bad_peer("0xbusy", answers(b"", status="429 Too Many Requests", headers=header)) as busy:
        with pytest.raises(PeerBusy) as caught:
            await client.latest_round(busy)
        assert caught.value.retry_after_seconds == seconds


@pytest.mark.parametrize(("behaviour", "kind"), [(hangs_up, PeerUnreachable), (says_nothing, PeerTooSlow)])
async def test_handing_over_an_envelope_fails_clearly(
    client: PeerClient, behaviour: Behaviour, kind: type[Exception]
) -> None:
    async with bad_peer("0xbad", behaviour) as bad:
        with pytest.raises(kind, match="0xbad"):
            await client.post_envelope(bad, b"envelope")


@pytest.mark.parametrize("behaviour", [says_nothing, trickles])
async def test_a_question_ends_by_itself(client: PeerClient, behaviour: Behaviour) -> None:
    async with bad_peer("0xslow", behaviour) as slow:
        with pytest.raises(PeerTooSlow, match="bytes in"):
            await client.latest_round(slow)

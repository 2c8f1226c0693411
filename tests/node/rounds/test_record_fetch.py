"""Getting a record from peers that lie, stall or trickle; whose signatures a record shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from contracts.abi import contract_abi
from contracts.attestation import Domain, Result, checksum_address, result_digest
from node.aggregation.reasons import Reason
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.merkle import PositionTree, StandardTree
from node.rounds.history import Acceptance, Place, RoundHistory, Seat, SwarmHistory
from node.rounds.outcome import Contribution, InputLeaf, RewardLeaf, contribution_leaf, input_leaf, reward_leaf
from node.rounds.record import RecordError, RoundRecord, check_record
from node.rounds.record_fetch import RecordUnavailable, fetch_record
from node.rounds.settlement import signatures_of
from node.storage.cid import RAW, Cid
from tests.support.bad_peers import Behaviour, answers, bad_peer, says_nothing, sends_for_ever, trickles

OWNER = checksum_address(b"o" * 20)
DOMAIN = Domain(31337, checksum_address(b"p" * 20))
SEED = b"s" * 32
PLACE = Place(1, 0, bytes(32))


def record() -> RoundRecord:
    leaf = InputLeaf(1, b"d" * 32, b"r" * 32)
    contribution = Contribution(1, OWNER, leaf.digest, 1 << 16, 5, Reason.NONE, 100)
    reward = RewardLeaf(OWNER, 100)
    result = Result(
        prev_cid=b"b" * 32,
        input_root=PositionTree([input_leaf(leaf)]).root,
        cid=b"c" * 32,
        data_root=b"t" * 32,
        weight_root=PositionTree([contribution_leaf(contribution)]).root,
        reward_root=StandardTree([reward_leaf(reward)]).root,
        cumulative_total=100,
    )
    digest = result_digest(DOMAIN, 1, result)
    checkpoint = Cid(RAW, result.cid)
    return RoundRecord(
        1,
        SEED,
        "mean",
        result,
        digest,
        checkpoint,
        99,
        (leaf,),
        (contribution,),
        (reward,),
        {},
        {},
        None,
        0.5,
        1.0,
        (b"a have-list",),
    )


RECORD = record()
ACCEPTANCE = Acceptance(RECORD.result, RECORD.result_hash, 100, 4, PLACE)
ROUND = RoundHistory(1, b"b" * 32, SEED, 1, 100, 4, 10, 20, 20, 20, 30, PLACE, acceptance=ACCEPTANCE)
HISTORY = replace(
    SwarmHistory.start(seat_stake_wei=4, genesis_digest=b"b" * 32),
    seats=MappingProxyType({1: Seat(1, OWNER, 1)}),
    rounds=(ROUND,),
)


@pytest.fixture
async def client() -> AsyncIterator[PeerClient]:
    async with new_session() as session:
        yield PeerClient(session, OWNER)


async def fetch(client: PeerClient, *behaviours: Behaviour, give_up_seconds: float = 20.0) -> RoundRecord:
    async with AsyncExitStack() as stack:
        sources = [
            await stack.enter_async_context(bad_peer(f"peer {index}", behaviour))
            for index, behaviour in enumerate(behaviours)
        ]
        return await fetch_record(
            client, sources, HISTORY, ROUND, DOMAIN, next_after_seconds=0.1, give_up_seconds=give_up_seconds
        )


async def trickles_fast_enough(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A slow loris that stays just above the slowest rate anybody waits for: 16 MiB take hours."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 16000000\r\n\r\n")
    while True:
        writer.write(bytes(200))
        await writer.drain()
        await asyncio.sleep(0.05)


def lie(**changes: object) -> Behaviour:
    return answers(json.dumps({**json.loads(RECORD.to_json()), **changes}).encode())


LIES = [
    answers(b"[" * 100_000),
    answers(b'{"round": 1}'),
    answers(b"\xff" * 1000),
    answers(b"", status="302 Found", headers="Location: http://127.0.0.1:9/\r\n"),
    answers(b"", status="500 No"),
    sends_for_ever,
    lie(rewards=[]),
    lie(inputs=[], contributions=[]),
    lie(seed="0x" + "00" * 32),
    lie(round=2),
    lie(rewards=[{"account": OWNER, "cumulative_wei": "999"}]),
    lie(contributions=[{**json.loads(RECORD.to_json())["contributions"][0], "reason": []}]),
    lie(accuracy="0.9"),
]


async def test_one_honest_peer_among_liars_is_enough(client: PeerClient) -> None:
    assert await fetch(client, *LIES, answers(RECORD.to_json())) == RECORD


@pytest.mark.parametrize("behaviour", [trickles, trickles_fast_enough, says_nothing])
async def test_a_peer_that_stalls_holds_nobody_up(client: PeerClient, behaviour: Behaviour) -> None:
    async with asyncio.timeout(10):
        assert await fetch(client, behaviour, behaviour, answers(RECORD.to_json())) == RECORD


async def test_liars_alone_are_named_with_what_they_did(client: PeerClient) -> None:
    with pytest.raises(RecordUnavailable) as failure:
        await fetch(client, *LIES)
    assert set(failure.value.causes) == {f"peer {index}" for index in range(len(LIES))}


async def test_stalling_peers_alone_are_given_up(client: PeerClient) -> None:
    with pytest.raises(RecordUnavailable, match="peer 0: not done after 0 s"):
        await fetch(client, trickles_fast_enough, give_up_seconds=0.3)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://[", "http://127.0.0.1:99999", "gopher://x", "", "http://\udcff", "//", "http:///"],
)
async def test_no_url_a_peer_can_announce_does_harm(client: PeerClient, url: str) -> None:
    with pytest.raises(RecordUnavailable):
        await fetch_record(client, [Source("peer", url)], HISTORY, ROUND, DOMAIN)


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ({"result_hash": bytes(32)}, "result hash"),
        ({"seed": bytes(32)}, "seed"),
        ({"rewards": (RewardLeaf(OWNER, 101),)}, "reward root"),
        ({"contributions": (replace(RECORD.contributions[0], weight=1),)}, "weight root"),
        ({"contributions": (replace(RECORD.contributions[0], owner=DOMAIN.project),)}, "seats and their owners"),
        ({"contributions": (replace(RECORD.contributions[0], digest=bytes(32)),)}, "digest of seat 1"),
        ({"inputs": (InputLeaf(1, bytes(32), b"r" * 32),)}, "input root"),
        ({"checkpoint": Cid(RAW, bytes(32))}, "checkpoint"),
        ({"signatures": {OWNER: bytes(65)}}, "signer of a signature"),
    ],
)
def test_a_record_that_differs_from_the_chain_is_refused_and_says_where(lie: dict[str, Any], what: str) -> None:
    check_record(RECORD, HISTORY, ROUND, DOMAIN)
    with pytest.raises(RecordError) as caught:
        check_record(replace(RECORD, **lie), HISTORY, ROUND, DOMAIN)
    assert caught.value.what == what


def test_a_result_that_came_through_another_contract_shows_no_signatures() -> None:
    assert signatures_of(b"", 1, ACCEPTANCE) == {}
    assert signatures_of(b"\x12\x34\x56\x78" + bytes(100), 1, ACCEPTANCE) == {}
    encode = contract_abi("TrainingProject").encode_call
    garbage = encode("acceptSigned", 1, RECORD.result, b"", [(b"\xff" * 32, b"\xff" * 32)], [])
    assert signatures_of(garbage, 1, ACCEPTANCE) == {}
    assert signatures_of(encode("acceptSigned", 2, RECORD.result, b"", [], []), 1, ACCEPTANCE) == {}

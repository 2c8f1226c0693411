"""Openings over HTTP: shown when they may be, believed when they fit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from contracts.court import is_signed_by, sign_entry
from contracts.court_values import Entry, Opening
from node.exchange.errors import PeerAnswered
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.storage.local import LocalStore
from node.storage.memory import MemoryStore
from verifier.court.exchange import (
    Board,
    CourtGateway,
    ask_commitment,
    ask_opening,
    commitment_document,
    opening_document,
    read_commitment,
    read_opening,
)
from verifier.court.layered_store import LayeredStore

JOB = b"\x0a" * 32
OPENING = Opening(2, 2**255 + 1, b"\x0b" * 32, b"\x0c" * 32)
ASKER = "0x" + "00" * 20
KEY = b"\x01" * 32


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
async def source(board: Board, tmp_path: Path) -> AsyncIterator[Source]:
    """A party whose store looks into another one."""
    with LocalStore(tmp_path / "behind") as behind:
        behind.add(b"a checkpoint")
    with LayeredStore(tmp_path / "own", LocalStore(tmp_path / "behind")) as store:
        store.add(b"an output")
        async with CourtGateway(store, board).serve("127.0.0.1", 0) as url:
            yield Source("0x1", url)


async def test_an_opening_is_served_from_the_moment_it_may_be(board: Board, source: Source) -> None:
    async with new_session() as session:
        client = PeerClient(session, ASKER)
        with pytest.raises(PeerAnswered, match="404"):
            await ask_opening(client, source, JOB, 0)
        board.show(JOB, 0, OPENING)
        assert await ask_opening(client, source, JOB, 0) == OPENING
        with pytest.raises(PeerAnswered, match="404"):
            await ask_opening(client, source, JOB, 1)


async def test_a_commitment_is_served_for_anybody_to_send(board: Board, source: Source) -> None:
    signed = sign_entry(KEY, JOB, 0, Entry(2, b"\x0d" * 32))
    async with new_session() as session:
        client = PeerClient(session, ASKER)
        with pytest.raises(PeerAnswered, match="404"):
            await ask_commitment(client, source, JOB, 0)
        board.offer(JOB, 0, signed)
        assert await ask_commitment(client, source, JOB, 0) == signed


def test_a_signature_counts_for_its_account_job_round_and_commitment_alone() -> None:
    signed, me = sign_entry(KEY, JOB, 0, Entry(2, b"\x0d" * 32)), Account.from_key(KEY).address
    assert is_signed_by(me, JOB, 0, signed)
    assert not is_signed_by(Account.from_key(b"\x02" * 32).address, JOB, 0, signed)
    assert not is_signed_by(me, b"\x0e" * 32, 0, signed)
    assert not is_signed_by(me, JOB, 1, signed)
    assert not is_signed_by(me, JOB, 0, replace(signed, entry=Entry(2, b"\x0f" * 32)))
    assert not is_signed_by(me, JOB, 0, replace(signed, vs=b"\xff" * 32))
    assert not is_signed_by(me, JOB, 0, sign_entry(KEY, JOB, 0, Entry(2, bytes(32))))


@pytest.mark.parametrize(
    ("job", "number"),
    [
        ("nonsense", "0"),
        ("0x", "0"),
        ("ff" * 32, "0"),
        ("0x" + "ff" * 31, "0"),
        ("0x" + "f" * 60_000, "0"),
        ("0x" + "ff" * 31 + "%20%20", "0"),
        ("0x" + "ff" * 32 + "%0A", "0"),
        *(("0x" + "ff" * 32, number) for number in ("first", "-1", "4", "1_0", "00", "+1", "%D9%A1", "1%0A")),
    ],
)
@pytest.mark.parametrize("kind", ["openings", "commitments"])
async def test_what_is_no_job_and_round_is_refused(source: Source, kind: str, job: str, number: str) -> None:
    url = URL(f"{source.url}/court/{kind}/{job}/{number}", encoded=True)
    async with new_session() as session, session.get(url) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"
        assert len(await response.read()) < 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", f"/court/openings/0x{'ff' * 32}/0", 405), ("GET", f"/court//openings/0x{'ff' * 32}/0", 404)],
)
async def test_what_is_not_served_is_a_problem_too(source: Source, method: str, path: str, status: int) -> None:
    async with new_session() as session, session.request(method, source.url + path) as response:
        assert response.status == status
        assert response.content_type == "application/problem+json"
        assert (await response.json())["status"] == status


async def test_outputs_and_what_lies_behind_are_served_by_identifier(source: Source, tmp_path: Path) -> None:
    async with new_session() as session:
        fetcher = Fetcher(session, MemoryStore(), self_address=ASKER)
        for data in (b"an output", b"a checkpoint"):
            digest = MemoryStore().add(data).digest
            assert await fetcher.fetch(digest, [source], maximum_bytes=100) == data


def test_documents_are_read_as_they_were_written() -> None:
    assert read_opening(json.dumps(opening_document(OPENING)).encode()) == OPENING
    signed = sign_entry(KEY, JOB, 0, Entry(2, b"\x0d" * 32))
    assert read_commitment(json.dumps(commitment_document(signed)).encode()) == signed


@pytest.mark.parametrize(
    "change",
    [
        {"index": True},
        {"index": "2"},
        {"index": 32},
        {"digest": "0x12"},
        {"digest": 7},
        {"salt": "ff" * 33},
        {"salt": "0x" + "zz" * 32},
        {"salt": "0x" + "ff" * 31 + "  "},
        {"more": 1},
    ],
)
def test_anything_else_is_no_opening(change: dict[str, object]) -> None:
    assert read_opening(json.dumps(opening_document(OPENING) | change).encode()) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert read_opening(data) is None
    assert read_commitment(data) is None

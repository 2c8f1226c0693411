"""Openings over HTTP: shown when they may be, believed when they fit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.court_values import Opening
from node.exchange.errors import PeerAnswered
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.storage.local import LocalStore
from verifier.court.exchange import CourtGateway, OpeningBook, ask_opening, opening_document, read_opening
from verifier.court.layered_store import LayeredStore
from verifier.memory_store import MemoryStore

JOB = b"\x0a" * 32
OPENING = Opening(2, 2**255 + 1, b"\x0b" * 32, b"\x0c" * 32)
ASKER = "0x" + "00" * 20


@pytest.fixture
def book() -> OpeningBook:
    return OpeningBook()


@pytest.fixture
async def source(book: OpeningBook, tmp_path: Path) -> AsyncIterator[Source]:
    """A party whose store looks into another one."""
    with LocalStore(tmp_path / "behind") as behind:
        behind.add(b"a checkpoint")
    with LayeredStore(tmp_path / "own", LocalStore(tmp_path / "behind")) as store:
        store.add(b"an output")
        async with CourtGateway(store, book).serve("127.0.0.1", 0) as url:
            yield Source("0x1", url)


async def test_an_opening_is_served_from_the_moment_it_may_be(book: OpeningBook, source: Source) -> None:
    async with new_session() as session:
        client = PeerClient(session, ASKER)
        with pytest.raises(PeerAnswered, match="404"):
            await ask_opening(client, source, JOB, 0)
        book.show(JOB, 0, OPENING)
        assert await ask_opening(client, source, JOB, 0) == OPENING
        with pytest.raises(PeerAnswered, match="404"):
            await ask_opening(client, source, JOB, 1)


@pytest.mark.parametrize("path", ["/court/openings/nonsense/0", "/court/openings/0x00/first"])
async def test_what_is_no_job_and_round_is_refused(source: Source, path: str) -> None:
    async with new_session() as session, session.get(source.url + path) as response:
        assert response.status == 400
        assert response.content_type == "application/problem+json"


async def test_outputs_and_what_lies_behind_are_served_by_identifier(source: Source, tmp_path: Path) -> None:
    async with new_session() as session:
        fetcher = Fetcher(session, MemoryStore(), self_address=ASKER)
        for data in (b"an output", b"a checkpoint"):
            digest = MemoryStore().add(data).digest
            assert await fetcher.fetch(digest, [source], maximum_bytes=100) == data


def test_an_opening_is_read_as_it_was_written() -> None:
    assert read_opening(json.dumps(opening_document(OPENING)).encode()) == OPENING


@pytest.mark.parametrize(
    "change",
    [
        {"index": True},
        {"index": "2"},
        {"digest": "0x12"},
        {"digest": 7},
        {"salt": "ff" * 33},
        {"salt": "0x" + "zz" * 32},
        {"more": 1},
    ],
)
def test_anything_else_is_no_opening(change: dict[str, object]) -> None:
    assert read_opening(json.dumps(opening_document(OPENING) | change).encode()) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert read_opening(data) is None

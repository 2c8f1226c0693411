"""Starting a peer: what it refuses, where it goes on."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from node.checkpoint import Checkpoint, genesis
from node.errors import ConfigurationError, StateError
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.neighbourhood.config import NeighbourhoodSettings, NeighbourSettings
from node.neighbourhood.peer import Position
from node.neighbourhood.service import _catch_up, _last_position, _neighbours, data_attack
from node.state_directory import StateDirectory
from node.storage.local import LocalStore
from node.tasks.digits import DigitsTask
from tests.node.neighbourhood.keys import address
from tests.support.gateways import BookOfRecords, make_gateway

MANIFEST = DigitsTask(data_dir=None, options={"width": 4}).default_manifest(rule="sybilwall", history_buckets=64)


async def joined(folder: Path, latest: list[int | None], *, at: int) -> int:
    """The round a peer joins whose neighbours say this of their last round; None: it is down."""
    async with AsyncExitStack() as stack:
        store = stack.enter_context(LocalStore(folder))
        sources = {}
        for number, last in enumerate(latest):
            url = "http://127.0.0.1:9"
            if last is not None:
                book = BookOfRecords({last: b"{}"} if last else {})
                url = await stack.enter_async_context(make_gateway(store, records=book).serve("127.0.0.1", 0))
            sources[str(number)] = Source(str(number), url)
        session = await stack.enter_async_context(new_session())
        start = Position(at, np.zeros(1, dtype=np.int32))
        return (await _catch_up(start, sources, PeerClient(session, "me"))).round


@pytest.mark.parametrize(
    ("latest", "at", "expected"),
    [
        ([], 3, 3),
        ([None, None], 3, 3),
        ([0, 0, None], 1, 1),
        ([7, 7, 6], 3, 8),
        ([10**9, 4, 4], 2, 5),  # a few liars cannot send us ahead
        ([10**9, 4], 2, 5),
        ([1, 1, 1], 6, 6),
    ],
)
async def test_a_peer_joins_the_round_its_neighbours_are_in(
    tmp_path: Path, latest: list[int | None], at: int, expected: int
) -> None:
    assert await joined(tmp_path, latest, at=at) == expected


def test_a_peer_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state", identity={})
    with LocalStore(state.blocks) as store:
        fresh = _last_position(state, store, MANIFEST)
        assert (fresh.round, fresh.previous) == (1, bytes(32))
        assert np.array_equal(fresh.theta, genesis(MANIFEST).theta)
        last = Checkpoint(MANIFEST.digest, 5, b"\x09" * 32, genesis(MANIFEST).theta + np.int32(1))
        cid = store.add(last.to_bytes())
        state.save_record(5, json.dumps({"checkpoint": str(cid)}).encode())
        found = _last_position(state, store, MANIFEST)
        assert (found.round, found.previous) == (6, b"\x09" * 32)
        assert np.array_equal(found.theta, last.theta)
        state.save_record(6, b'{"checkpoint": "nonsense"}')
        with pytest.raises(StateError, match="round 6"):
            _last_position(state, store, MANIFEST)
    state.close()


def test_attacks_on_messages_are_refused() -> None:
    assert data_attack(None).name == "honest"
    assert data_attack("backdoor").name == "backdoor"
    with pytest.raises(ConfigurationError, match="does not poison data"):
        data_attack("noise")


@pytest.mark.parametrize("numbers", [(2, 2), (1,)])
def test_a_neighbour_is_named_once_and_is_not_the_peer_itself(numbers: tuple[int, ...]) -> None:
    settings = NeighbourhoodSettings(
        manifest=Path("m"),
        chain_id=1,
        project=address(9),
        key_file=Path("k"),
        state_dir=Path("s"),
        neighbours=tuple(NeighbourSettings(address=address(n), url="http://x") for n in numbers),
    )
    with pytest.raises(ConfigurationError, match="each once"):
        _neighbours(settings, address(1))

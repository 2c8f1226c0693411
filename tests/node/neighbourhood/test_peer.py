"""One peer over real HTTP: what it believes, whom it refuses, and that nobody can stop it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from node.aggregation.history import Histories
from node.checkpoint import Checkpoint, genesis
from node.exchange.fetch import Fetcher
from node.exchange.gateway import Gateway
from node.exchange.mailbox import Mailbox, Verdict
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.neighbourhood.delivery import Delivery
from node.neighbourhood.intake import Intake, Refusal
from node.neighbourhood.peer import NeighbourhoodPeer, PeerParts, Position
from node.neighbourhood.statements import read_model
from node.state_directory import StateDirectory
from node.storage.local import LocalStore
from node.tasks.digits import DigitsTask
from node.tasks.splits import Split
from node.training import Trainer
from tests.node.neighbourhood.keys import BUCKETS, NOW, address, history, key, model, relay
from tests.support.gateways import DOMAIN, make_gateway

ME, NEIGHBOUR, STRANGER = 1, 2, 3
TASK = DigitsTask(data_dir=None, options={"width": 4})
MANIFEST = TASK.default_manifest(rule="sybilwall", history_buckets=BUCKETS, byzantine=0, shard_count=40)
NOWHERE = "http://127.0.0.1:9"


@asynccontextmanager
async def a_peer(folder: Path, neighbours: dict[int, str]) -> AsyncIterator[NeighbourhoodPeer]:
    """A peer with account ME, its gateway up, and neighbours by number and URL."""
    sources = {address(number): Source(address(number), url) for number, url in neighbours.items()}
    async with AsyncExitStack() as stack:
        state = StateDirectory(folder / "state", identity={"account": address(ME)})
        stack.callback(state.close)
        store = stack.enter_context(LocalStore(state.blocks))
        mailbox = Mailbox(DOMAIN, clock=lambda: NOW, is_member=lambda it: it == address(ME) or it in sources)
        await stack.enter_async_context(Gateway(store, mailbox, state).serve("127.0.0.1", 0))
        session = await stack.enter_async_context(new_session())
        delivery = Delivery(PeerClient(session, address(ME)))
        stack.push_async_callback(delivery.close)
        shard = TASK.shards(MANIFEST.shard_count, Split(), 0)[0]
        parts = PeerParts(
            me=address(ME),
            key=key(ME),
            domain=DOMAIN,
            manifest=MANIFEST,
            trainer=Trainer(TASK, MANIFEST, shard, seat=1, seed=0),
            neighbours=sources,
            mailbox=mailbox,
            store=store,
            state=state,
            intake=Intake(MANIFEST, Fetcher(session, store, self_address=address(ME)), sources),
            delivery=delivery,
            clock=lambda: NOW,
            evaluate=lambda theta: 0.5,
            wait_seconds=0.3,
            epoch_rounds=2,
        )
        yield NeighbourhoodPeer(parts, Position(1, genesis(MANIFEST).theta))


def records_of(peer: NeighbourhoodPeer, rounds: int) -> list[dict[str, object]]:
    found = [peer._parts.state.get(number) for number in range(1, rounds + 1)]
    return [json.loads(item) for item in found if item is not None]


async def test_a_record_is_taken_from_a_neighbour_only_in_its_authors_own_words(tmp_path: Path) -> None:
    async with a_peer(tmp_path, {NEIGHBOUR: NOWHERE}) as peer:
        mailbox = peer._parts.mailbox
        honest = model(STRANGER)
        spoofed = honest.encoded.replace(bytes.fromhex(address(STRANGER)[2:]), bytes.fromhex(address(4)[2:]))
        assert mailbox.offer(relay(NEIGHBOUR, spoofed, round=1).encoded) is Verdict.ADDED
        assert dict(peer.records) == {}
        assert mailbox.offer(relay(NEIGHBOUR, honest.encoded, round=2).encoded) is Verdict.ADDED
        assert list(peer.records) == [address(STRANGER)]
        assert mailbox.offer(relay(STRANGER, model(4).encoded).encoded) is Verdict.STRANGER


async def test_a_peer_goes_on_without_its_neighbours(tmp_path: Path) -> None:
    async with a_peer(tmp_path, {NEIGHBOUR: NOWHERE}) as peer:
        await peer.run(2)
        records = records_of(peer, 2)
        assert [item["neighbours"] for item in records] == [
            [{"address": address(NEIGHBOUR), "weight_q16": 0, "refused": "late"}]
        ] * 2
        assert records[0]["epoch"] is None
        assert isinstance(records[1]["epoch"], dict)


async def test_only_the_last_models_are_kept(tmp_path: Path) -> None:
    async with a_peer(tmp_path, {}) as peer:
        await peer.run(6)
        assert len(peer._parts.store.pins()) == 4


def checkpoint(round: int = 1, seed: int = 5) -> Checkpoint:
    moved = np.random.default_rng(seed).integers(-1000, 1000, MANIFEST.layout.parameter_count)
    return Checkpoint(MANIFEST.digest, round, b"\0" * 32, (genesis(MANIFEST).theta + moved).astype(np.int32))


def with_memories(seats: int) -> bytes:
    """A checkpoint that is one, but of the coordinated mode."""
    sketches = np.zeros((seats, 2, BUCKETS), dtype=np.int64)
    remembered = Histories(tuple(range(1, seats + 1)), (1,) * seats, sketches, (0,) * seats)
    return replace(checkpoint(), histories=remembered).to_bytes()


@pytest.mark.parametrize(
    ("served", "told", "expected"),
    [
        (checkpoint().to_bytes(), None, None),
        (checkpoint().to_bytes(), history(9), Refusal.FORGED_HISTORY),
        (checkpoint(round=2).to_bytes(), None, Refusal.MALFORMED),
        (b"no checkpoint", None, Refusal.MALFORMED),
        (checkpoint().to_bytes() + b"\0" * 512, None, Refusal.MALFORMED),
        (with_memories(40), None, Refusal.MALFORMED),
        (None, None, Refusal.NOT_AVAILABLE),
    ],
    ids=["honest", "forged history", "another round", "garbage", "too long", "with memories", "not served"],
)
async def test_a_neighbours_model_is_taken_only_if_everything_fits(
    tmp_path: Path,
    served: bytes | None,
    told: np.ndarray[tuple[int], np.dtype[np.int16]] | None,
    expected: Refusal | None,
) -> None:
    async with AsyncExitStack() as stack:
        store = stack.enter_context(LocalStore(tmp_path / "theirs"))
        digest = store.add(served).digest if served is not None else b"\x01" * 32
        url = await stack.enter_async_context(make_gateway(store).serve("127.0.0.1", 0))
        peer = await stack.enter_async_context(a_peer(tmp_path / "mine", {NEIGHBOUR: url}))
        intake = peer._parts.intake
        history_told = intake.history(checkpoint().theta) if told is None else told
        statement = read_model(model(NEIGHBOUR, digest=digest, told=history_told), BUCKETS)
        outcome = await intake.model(statement, within_seconds=5)
        if expected is not None:
            assert outcome is expected
        else:
            assert isinstance(outcome, np.ndarray)
            assert np.array_equal(outcome, checkpoint().theta)


async def test_a_forged_history_costs_the_round_and_leaves_no_record(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = stack.enter_context(LocalStore(tmp_path / "theirs"))
        digest = store.add(checkpoint().to_bytes()).digest
        url = await stack.enter_async_context(make_gateway(store).serve("127.0.0.1", 0))
        peer = await stack.enter_async_context(a_peer(tmp_path / "mine", {NEIGHBOUR: url}))
        peer._parts.mailbox.offer(model(NEIGHBOUR, digest=digest, told=history(9)).encoded)
        await peer.run(1)
        assert records_of(peer, 1)[0]["neighbours"] == [
            {"address": address(NEIGHBOUR), "weight_q16": 0, "refused": "forged-history"}
        ]
        assert dict(peer.records) == {}


async def test_an_honest_neighbour_is_averaged(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        store = stack.enter_context(LocalStore(tmp_path / "theirs"))
        digest = store.add(checkpoint().to_bytes()).digest
        url = await stack.enter_async_context(make_gateway(store).serve("127.0.0.1", 0))
        peer = await stack.enter_async_context(a_peer(tmp_path / "mine", {NEIGHBOUR: url}))
        told = peer._parts.intake.history(checkpoint().theta)
        peer._parts.mailbox.offer(model(NEIGHBOUR, digest=digest, told=told).encoded)
        await peer.run(1)
        assert records_of(peer, 1)[0]["neighbours"] == [
            {"address": address(NEIGHBOUR), "weight_q16": 1 << 15, "refused": None}
        ]
        assert peer.records[address(NEIGHBOUR)].distance == 1

"""The index follows the chain, whatever happens to either of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.chain import Chain
from contracts.client import Factory, Project, Registry
from contracts.deploy import Deployment
from contracts.values import ProjectConfiguration
from frontend_api.errors import IndexDamaged, IndexMismatch
from frontend_api.indexing import indexer as indexer_module
from frontend_api.indexing.database import VIEWS, AccountView, Base, Block, EventFact, Position, open_engine
from frontend_api.indexing.indexer import Indexer
from node.errors import HistoryError
from tests.support.devnet import Devnet, running_devnet
from tests.support.rpc import Rpc
from tests.support.synthetic import SEAT_TERMS, SyntheticProject, configuration, create_project, synthetic_project


@pytest.fixture(scope="module")
def quiet_devnet() -> Iterator[Devnet]:
    """A devnet without a heartbeat: blocks only when a test makes them, so that it can be reverted."""
    with running_devnet(heartbeat_seconds=0) as devnet:
        yield devnet


@asynccontextmanager
async def engine_at(path: Path) -> AsyncIterator[AsyncEngine]:
    """An index database in a file."""
    engine = open_engine(f"sqlite+aiosqlite:///{path}")
    try:
        yield engine
    finally:
        await engine.dispose()


async def rows_of(engine: AsyncEngine, *tables: type[Base]) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in these tables, in order."""
    found = {}
    async with AsyncSession(engine) as session:
        for table in tables or (*VIEWS, EventFact):
            rows = (await session.execute(select(*table.__table__.columns))).all()
            found[table.__name__] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def position_of(engine: AsyncEngine) -> tuple[int, str]:
    async with AsyncSession(engine) as session:
        row = (await session.scalars(select(Position))).one()
        return row.block_number, row.block_hash


async def indexed(chain: Chain, deployment: Deployment, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What an index built in one go says."""
    async with engine_at(path) as engine:
        await (await Indexer.open(chain, deployment, engine)).catch_up()
        return await rows_of(engine)


async def test_steps_windows_and_restarts_give_what_one_go_gives(
    quiet_devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with synthetic_project(quiet_devnet, owners=[1, 2]) as swarm:
        async with engine_at(tmp_path / "steps.db") as engine:
            indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
            record = await swarm.play()
            await indexer.catch_up()
            await swarm.claim(swarm.accounts[0])
        monkeypatch.setattr(indexer_module, "WINDOW_BLOCKS", 2)
        await swarm.skip()
        await create_project(swarm.chain, swarm.deployment)
        async with engine_at(tmp_path / "steps.db") as engine:
            indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
            assert indexer.state.projects[swarm.project.address].history.rounds[0].finalized is not None
            await indexer.catch_up()
            assert not await indexer.step()
            number, block_hash = await position_of(engine)
            head = await swarm.chain.head()
            assert (number, block_hash) == (head.number, "0x" + head.hash.hex())
            steps = await rows_of(engine)
        monkeypatch.undo()
        assert steps == await indexed(swarm.chain, swarm.deployment, tmp_path / "once.db")
        assert len(steps["ProjectView"]) == 2
        assert len(steps["RoundView"]) == 2
        assert record.round == 1


async def test_a_reorganisation_leaves_what_the_new_chain_says(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1, 2]) as swarm, engine_at(tmp_path / "index.db") as engine:
        indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
        await indexer.catch_up()
        snapshot = swarm.rpc("evm_snapshot")
        number = await swarm.open()
        await indexer.catch_up()
        await swarm.commit(number, [1])
        await indexer.catch_up()
        before = await rows_of(engine)
        swarm.rpc("evm_revert", snapshot)
        await _other_history(quiet_devnet, swarm)
        await indexer.catch_up()
        after = await rows_of(engine)
        assert (len(before["UpdateView"]), len(after["UpdateView"])) == (1, 0)
        assert after == await indexed(swarm.chain, swarm.deployment, tmp_path / "once.db")
        async with AsyncSession(engine) as session:
            for block in await session.scalars(select(Block)):
                assert await swarm.chain.block_hash(block.number) == bytes.fromhex(block.hash[2:])


async def _other_history(devnet: Devnet, swarm: SyntheticProject) -> None:
    """Other blocks than those abandoned: fresh connections, since the old ones count nonces of their own."""
    rpc = Rpc(devnet.rpc_url)
    rpc("evm_increaseTime", 50)
    rpc.close()
    account = Account.from_key(devnet.accounts[0].private_key)
    async with await Chain.connect(devnet.rpc_url, account=account) as chain:
        project = Project(chain, swarm.project.address)
        await project.open_round()
        await project.request_close()


async def test_a_shorter_chain_is_noticed(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(tmp_path / "index.db") as engine:
        indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
        await indexer.catch_up()
        before = await rows_of(engine)
        snapshot = swarm.rpc("evm_snapshot")
        await swarm.open()
        await indexer.catch_up()
        assert (await rows_of(engine)) != before
        swarm.rpc("evm_revert", snapshot)
        await indexer.catch_up()
        assert await rows_of(engine) == before
        assert (await position_of(engine))[0] == (await swarm.chain.head()).number


async def test_another_chain_under_the_same_addresses_is_read_from_the_start(tmp_path: Path) -> None:
    """A devnet started anew has the same chain id and puts the contracts at the same addresses."""
    path = tmp_path / "index.db"
    for owners in ([1, 2, 3], [1]):
        with running_devnet(heartbeat_seconds=0) as devnet:
            async with synthetic_project(devnet, owners=owners) as swarm, engine_at(path) as engine:
                indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
                await indexer.catch_up()
                found = await rows_of(engine)
                assert len(found["SeatView"]) == len(owners)
                assert found == await indexed(swarm.chain, swarm.deployment, tmp_path / f"{len(owners)}.db")


async def test_a_stranger_s_manifest_stops_nobody(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(tmp_path / "index.db") as engine:
        manifest = b"\x81" * 1000
        settings: ProjectConfiguration = replace(
            configuration(swarm.deployment, swarm.accounts[0]), manifest_digest=hashlib.sha256(manifest).digest()
        )
        await Factory(swarm.chain, swarm.deployment.factory).create_project(settings, SEAT_TERMS, manifest)
        indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
        await indexer.catch_up()
        assert [item.manifest is None for item in indexer.state.projects.values()] == [False, True]


async def test_a_stranger_s_endpoint_stops_nobody(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(tmp_path / "index.db") as engine:
        stranger = swarm.seatings[0].chain
        registry = Registry(stranger, swarm.registry)
        for raw in (b"\xff\xfe", b"a\x00b"):
            call = registry.abi.functions["setEndpoint"].selector + encode(["bytes", "bytes32"], [raw, bytes(32)])
            await stranger.send(registry.address, call)
        await (await Indexer.open(swarm.chain, swarm.deployment, engine)).catch_up()
        async with AsyncSession(engine) as session:
            assert (await session.scalars(select(AccountView.endpoint))).one() == "ab"


async def test_a_database_of_another_deployment_is_refused(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with (
        synthetic_project(quiet_devnet, owners=[1]) as first,
        synthetic_project(quiet_devnet, owners=[1]) as second,
    ):
        async with engine_at(tmp_path / "index.db") as engine:
            await (await Indexer.open(first.chain, first.deployment, engine)).catch_up()
        async with engine_at(tmp_path / "index.db") as engine:
            with pytest.raises(IndexMismatch, match="choose another or remove it"):
                await Indexer.open(second.chain, second.deployment, engine)


async def test_a_damaged_database_is_told_and_left_alone(quiet_devnet: Devnet, tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"this is no database" * 100)
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(path) as engine:
        with pytest.raises(IndexDamaged, match=r"index database .*index.db cannot be used"):
            await Indexer.open(swarm.chain, swarm.deployment, engine)
    assert path.read_bytes() == b"this is no database" * 100


async def test_a_damaged_event_is_told(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(tmp_path / "index.db") as engine:
        await (await Indexer.open(swarm.chain, swarm.deployment, engine)).catch_up()
        async with AsyncSession(engine) as session, session.begin():
            row = (await session.scalars(select(EventFact).where(EventFact.name == "SeatsStaked"))).first()
            assert row is not None
            row.document = {**row.document, "fields": {**row.document["fields"], "count": 7}}
        with pytest.raises(IndexDamaged, match="SeatsStaked"):
            await Indexer.open(swarm.chain, swarm.deployment, engine)


async def test_an_impossible_history_changes_nothing(
    quiet_devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that leaves out events is found out by what follows from them."""
    async with synthetic_project(quiet_devnet, owners=[1]) as swarm, engine_at(tmp_path / "index.db") as engine:
        indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
        await indexer.catch_up()
        before = await rows_of(engine), await position_of(engine)
        number = await swarm.open()
        await swarm.commit(number)
        honest = Chain.logs

        async def forgetful(self: Chain, *arguments: Any) -> Any:
            return [event for event in await honest(self, *arguments) if type(event).__name__ != "RoundOpened"]

        monkeypatch.setattr(Chain, "logs", forgetful)
        with pytest.raises(HistoryError, match=r"no such round|current_round"):
            await indexer.catch_up()
        assert (await rows_of(engine), await position_of(engine)) == before
        monkeypatch.undo()
        await indexer.catch_up()
        assert len((await rows_of(engine))["UpdateView"]) == 1


async def test_two_processes_on_one_database_do_not_disturb_each_other(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with (
        synthetic_project(quiet_devnet, owners=[1, 2]) as swarm,
        engine_at(tmp_path / "index.db") as first_engine,
        engine_at(tmp_path / "index.db") as second_engine,
    ):
        first = await Indexer.open(swarm.chain, swarm.deployment, first_engine)
        second = await Indexer.open(swarm.chain, swarm.deployment, second_engine)
        for action in (swarm.play, swarm.skip, swarm.play):
            await action()
            await first.catch_up()
            await second.catch_up()
            await swarm.announce(1, "http://127.0.0.1:1")
            await second.catch_up()
            await first.catch_up()
            assert first.state.projects[swarm.project.address].history.rounds
        assert first.state == second.state
        assert await rows_of(first_engine) == await indexed(swarm.chain, swarm.deployment, tmp_path / "once.db")


async def test_readers_are_not_disturbed_while_the_index_grows(quiet_devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(quiet_devnet, owners=[1, 2]) as swarm, engine_at(tmp_path / "index.db") as engine:
        indexer = await Indexer.open(swarm.chain, swarm.deployment, engine)
        await indexer.catch_up()
        async with AsyncSession(engine) as session, session.begin():
            seen = (await session.scalars(select(Position.block_number))).one()
            await swarm.open()
            await asyncio.wait_for(indexer.catch_up(), 30)
            assert (await session.scalars(select(Position.block_number))).one() == seen
        assert (await position_of(engine))[0] > seen

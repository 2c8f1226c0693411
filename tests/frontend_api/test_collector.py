"""Records come from anybody and are believed only as far as the chain goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from frontend_api.indexing.database import ContributionRow, RecordRow, RewardRow
from frontend_api.indexing.service import IndexService
from frontend_api.opening import open_index
from frontend_api.settings import Settings
from node.aggregation.reasons import Reason
from tests.support.devnet import Devnet
from tests.support.gateways import BookOfRecords
from tests.support.synthetic import SyntheticProject, synthetic_project

Record = dict[str, Any]


@asynccontextmanager
async def following(swarm: SyntheticProject, folder: Path) -> AsyncIterator[tuple[IndexService, AsyncEngine]]:
    """An index that has read the chain."""
    swarm.deployment.save(folder / "deployment.json")
    settings = Settings(rpc_url=swarm.chain.rpc_url, deployment=folder / "deployment.json")
    async with open_index(settings, f"sqlite+aiosqlite:///{folder / 'index.db'}") as index:
        await index.service.indexer.catch_up()
        yield index.service, index.engine


async def stored(engine: AsyncEngine) -> int:
    async with AsyncSession(engine) as session:
        return len((await session.scalars(select(RecordRow))).all())


def raise_reward(record: Record) -> None:
    record["contributions"][0]["reward_wei"] = str(int(record["contributions"][0]["reward_wei"]) + 1)


def move_reward(record: Record) -> None:
    record["rewards"][0]["cumulative_wei"] = str(int(record["rewards"][0]["cumulative_wei"]) + 1)


def hide_reason(record: Record) -> None:
    record["contributions"][2]["reason"] = "filtered"


def rename_absent_owner(record: Record) -> None:
    record["contributions"][2]["owner"] = record["contributions"][0]["owner"]


def drop_seat(record: Record) -> None:
    record["contributions"].pop()


def swap_message(record: Record) -> None:
    record["contributions"][0]["cid"] = record["contributions"][1]["cid"]


def change_rule(record: Record) -> None:
    record["rule"] = "multi-krum(f=1,keep=1)"


def forge_signature(record: Record) -> None:
    record["signatures"][0]["signature"] = record["signatures"][1]["signature"]


def break_signature(record: Record) -> None:
    record["signatures"][0]["signature"] = "0x" + "00" * 65


def claim_absurd_size(record: Record) -> None:
    record["contributions"][0]["message_bytes"] = (1 << 64) - 1


def change_seed(record: Record) -> None:
    record["seed"] = "0x" + "11" * 32


def change_round(record: Record) -> None:
    record["round"] = 2


def forget_result(record: Record) -> None:
    del record["result"]


LIES: list[Callable[[Record], None]] = [
    raise_reward,
    move_reward,
    hide_reason,
    rename_absent_owner,
    drop_seat,
    swap_message,
    change_rule,
    forge_signature,
    break_signature,
    claim_absurd_size,
    change_seed,
    change_round,
    forget_result,
]


async def test_no_lie_about_a_round_is_stored_and_the_truth_is(devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(devnet, owners=[1, 2, 3]) as swarm:
        book = BookOfRecords()
        async with swarm.gateway(tmp_path / "store", book) as url:
            await swarm.announce(1, url)
            await swarm.play({3: Reason.NO_COMMIT})
            async with following(swarm, tmp_path) as (service, engine):
                for lie in LIES:
                    record = json.loads(swarm.records.rounds[1])
                    lie(record)
                    book.rounds[1] = json.dumps(record).encode()
                    assert await service.collector.collect(service.indexer.state) == 0, lie.__name__
                    (missing,) = service.collector.missing
                    assert (missing.project, missing.round) == (swarm.project.address, 1)
                    assert missing.cause.startswith("record of round 1: "), lie.__name__
                assert await stored(engine) == 0
                for garbage in (b"", b"[]", b"null", b'{"round": 1}', b"[" * 100_000, b"\xff\xfe"):
                    book.rounds[1] = garbage
                    assert await service.collector.collect(service.indexer.state) == 0
                book.rounds[1] = swarm.records.rounds[1]
                assert await service.collector.collect(service.indexer.state) == 1
                assert service.collector.missing == ()
                assert await service.collector.collect(service.indexer.state) == 0
                assert await stored(engine) == 1


async def test_each_peer_is_asked_and_each_cause_told(devnet: Devnet, tmp_path: Path) -> None:
    async with (
        synthetic_project(devnet, owners=[1, 2, 3]) as swarm,
        swarm.gateway(tmp_path / "store", BookOfRecords()) as empty,
    ):
        await swarm.announce(1, empty)
        await swarm.announce(2, "http://127.0.0.1:1")
        await swarm.announce(3, "no address at all")
        await swarm.play()
        async with following(swarm, tmp_path) as (service, _):
            await service.collector.collect(service.indexer.state)
            (missing,) = service.collector.missing
            assert "does not have it" in missing.cause
            for account in swarm.accounts:
                assert account in missing.cause


async def test_without_any_endpoint_it_says_so(devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(devnet, owners=[1]) as swarm:
        await swarm.play()
        async with following(swarm, tmp_path) as (service, _):
            await service.collector.collect(service.indexer.state)
            assert service.collector.missing[0].cause == "no peer has announced an endpoint"


async def test_a_running_service_finds_the_record_once_somebody_has_it(devnet: Devnet, tmp_path: Path) -> None:
    async with synthetic_project(devnet, owners=[1, 2]) as swarm:
        book = BookOfRecords()
        async with swarm.gateway(tmp_path / "store", book) as url, following(swarm, tmp_path) as (service, engine):
            running = asyncio.create_task(service.run())
            await swarm.announce(1, url)
            await swarm.play()

            async def told_missing() -> bool:
                return bool(service.collector.missing)

            async def has_one() -> bool:
                return await stored(engine) == 1

            await until(told_missing)
            book.rounds.update(swarm.records.rounds)
            await until(has_one)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_records_of_a_reorganised_result_do_not_show(devnet: Devnet, tmp_path: Path) -> None:
    """Rows are named by the result's hash, so those of a result the chain dropped belong to no round."""
    async with synthetic_project(devnet, owners=[1]) as swarm, swarm.gateway(tmp_path / "store") as url:
        await swarm.announce(1, url)
        await swarm.play()
        async with following(swarm, tmp_path) as (service, engine):
            await service.collector.collect(service.indexer.state)
            async with AsyncSession(engine) as session:
                hashes = {
                    row.result_hash
                    for table in (RecordRow, ContributionRow, RewardRow)
                    for row in await session.scalars(select(table))
                }
            assert hashes == {json.loads(swarm.records.rounds[1])["result_hash"]}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in a database or another process
            await asyncio.sleep(0.02)


async def test_the_only_honest_peer_of_many_is_found(devnet: Devnet, tmp_path: Path) -> None:
    async with (
        synthetic_project(devnet, owners=list(range(1, 10))) as swarm,
        swarm.gateway(tmp_path / "empty", BookOfRecords()) as empty,
        swarm.gateway(tmp_path / "full") as full,
    ):
        for seat in range(1, 10):
            await swarm.announce(seat, full if seat == 5 else empty)
        await swarm.play()
        async with following(swarm, tmp_path) as (service, engine):
            assert await service.collector.collect(service.indexer.state) == 1
            async with AsyncSession(engine) as session:
                row = (await session.scalars(select(RecordRow))).one()
            assert row.served_by == swarm.accounts[4]

"""The index follows the output court, whatever happens to it or to the chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontend_api.indexing import indexer as indexer_module
from frontend_api.indexing.indexer import Indexer
from tests.frontend_api.test_indexer import engine_at, indexed, rows_of
from tests.support.devnet import running_devnet
from tests.support.scripted_court import FALSE, TRUE, scripted_court


async def test_steps_restarts_and_reorganisations_give_what_one_go_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_devnet(heartbeat_seconds=0) as devnet:
        async with scripted_court(devnet, verifiers=3) as court:
            chain, deployment = court.curator.chain, court.deployment
            job = await court.submit("kept")
            await court.settle()
            async with engine_at(tmp_path / "steps.db") as engine:
                indexer = await Indexer.open(chain, deployment, engine)
                await indexer.catch_up()
                before = await rows_of(engine)
                snapshot = court.rpc("evm_snapshot")
                await court.work(job, FALSE)
                await indexer.catch_up()
                abandoned = await rows_of(engine)
                assert (len(before["JobRoundView"]), len(abandoned["JobRoundView"])) == (0, 1)
                court.rpc("evm_revert", snapshot)
                court.rpc("evm_mine")
                await indexer.catch_up()
                assert (await rows_of(engine))["JobView"] == before["JobView"]
                monkeypatch.setattr(indexer_module, "WINDOW_BLOCKS", 1)
                await court.work(job, TRUE)
                await court.settle()
                await indexer.catch_up()
                await court.commit(job, [TRUE, TRUE, FALSE])
                await court.settle()
            async with engine_at(tmp_path / "steps.db") as engine:
                indexer = await Indexer.open(chain, deployment, engine)
                assert indexer.state.court.job(job).current is not None
                await court.decide(job)
                await indexer.catch_up()
                steps = await rows_of(engine)
            monkeypatch.undo()
            assert steps == await indexed(chain, deployment, tmp_path / "once.db")
            assert len(steps["VerifierSeatView"]) == 3
            assert indexer.state.court == await court.settle()

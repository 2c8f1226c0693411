"""The output court as people run it: every party a command of its own."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.court_world import FIRST_VERIFIER, WORKER, CourtWorld, open_court_world
from tests.support.devnet import Devnet
from verifier.classes import OutputClass

pytestmark = pytest.mark.slow

CHEATING_WORKER = 5


@pytest.fixture
async def world(start_devnet: Callable[..., Devnet], tmp_path: Path) -> AsyncIterator[CourtWorld]:
    """A court with stake for four parties."""
    async with open_court_world(start_devnet(heartbeat_seconds=0.5), tmp_path, verifiers=4) as opened:
        yield opened


async def test_commands_submit_work_verify_and_tell_right_from_wrong(world: CourtWorld, tmp_path: Path) -> None:
    registered = world.around.observer.history.classes[world.class_id]
    (tmp_path / "class.json").write_text(OutputClass.from_bytes(registered.description).to_json())
    register = ["class", "register", tmp_path / "class.json", "--verifier-fee", "0.5", "--appeal-seconds", 2, "--json"]
    async with AsyncExitStack() as stack:
        parties = [(WORKER, "worker", ()), (CHEATING_WORKER, "worker", ("--cheat", "other-seed"))]
        parties += [(index, "verifier", ()) for index in range(FIRST_VERIFIER, FIRST_VERIFIER + 3)]
        running = []
        for index, role, options in parties:
            folders = ["--state-dir", tmp_path / f"state-{index}", "--store", tmp_path / "checkpoints"]
            process = await world.run_command(f"{role}-{index}", index, role, *folders, *options)
            stack.push_async_callback(_end, process)
            running.append(process)
        assert await (await world.run_command("register", 0, *register)).wait() == 0
        class_id = json.loads((tmp_path / "register.log").read_text().splitlines()[-1])["class"]
        await world.seated(3, timeout_seconds=180)
        outcomes = {}
        for name, index in (("honest", WORKER), ("cheating", CHEATING_WORKER)):
            asked = ["submit-job", "--class", class_id, "--worker", world.address(index), "--prompt", 4, "--json"]
            process = await world.run_command(name, 0, *asked, "--output", tmp_path / f"{name}.png")
            outcomes[name] = await process.wait()
        assert outcomes == {"honest": 0, "cheating": 3}
        assert (tmp_path / "honest.png").read_bytes().startswith(b"\x89PNG")
        assert not (tmp_path / "cheating.png").exists()
        for process in running:
            process.send_signal(signal.SIGTERM)
        assert [await process.wait() for process in running] == [0] * len(running)
    logs = [(tmp_path / f"{role}-{index}.log").read_text() for index, role, _ in parties]
    assert not any("Traceback" in log for log in logs)
    assert sum("job ended" in log for log in logs) == len(parties)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()

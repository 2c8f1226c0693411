"""Commands as processes of their own, and what is common to all commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.command_line import Command
from tests.support.rpc import Rpc, wait_for
from tests.support.world import World

COMMANDS = (
    ("devnet",),
    ("deploy",),
    ("project", "create"),
    ("project", "fund"),
    ("project", "close"),
    ("project", "show"),
    ("node",),
    ("audit",),
    ("status",),
    ("contributions",),
    ("rewards",),
    ("claim",),
    ("why",),
    ("class", "register"),
    ("class", "show"),
    ("worker",),
    ("verifier",),
    ("submit-job",),
    ("withdraw",),
    ("api",),
    ("demo",),
)


@contextmanager
def running(arguments: Sequence[object], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A command as a process; it is ended with the block."""
    command = [sys.executable, "-m", "frontend_api", *map(str, arguments)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> dict[str, object]:
    """The JSON line a server prints once it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr.read() if process.stderr else ""
    document: dict[str, object] = json.loads(line)
    return document


def test_api_serves_until_it_is_told_to_end_and_goes_on_where_it_was(world: World, tmp_path: Path) -> None:
    options = ["--rpc-url", world.devnet.rpc_url, "--deployment", world.deployment_file, "--port", 0, "--json"]
    for _ in range(2):
        with running(["api", *options], tmp_path) as process:
            url = str(told(process)["api_url"])
            with httpx.Client(base_url=url, timeout=30, trust_env=False) as api:

                def complete(client: httpx.Client = api) -> bool:
                    answer = client.get("/api/v1/status")
                    return answer.status_code == 200 and answer.json()["index"]["records"] == 4

                wait_for(complete)
                assert [item["number"] for item in api.get("/api/v1/rounds").json()["items"]] == [6, 5, 4, 3, 2, 1]
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
            assert "Traceback" not in errors, errors
            assert process.returncode in (0, -signal.SIGTERM)
    assert (tmp_path / "swarmproof-index.db").exists()


def test_devnet_is_the_devnet_and_keeps_its_chain_in_a_folder(tmp_path: Path) -> None:
    head: object = None
    for _ in range(2):
        options = ["--port", 0, "--accounts", 2, "--chain-id", 77, "--data-dir", "chain", "--json"]
        with running(["devnet", *options], tmp_path) as process:
            found = told(process)
            rpc = Rpc(str(found["rpc_url"]))
            assert rpc.integer("eth_chainId") == found["chain_id"] == 77
            assert head is None or rpc("eth_getBlockByHash", head, False) is not None
            rpc("evm_mine")
            head = rpc("eth_getBlockByNumber", "latest", False)["hash"]
            rpc.close()
            process.kill()
            process.communicate(timeout=60)


def test_output_that_nobody_reads_is_no_failure_to_shout_about(world: World, tmp_path: Path) -> None:
    with running(["contributions", "--api-url", world.url], tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(60) in (0, 1)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_helps_with_a_sentence_and_an_example(swarmproof: Command, command: tuple[str, ...]) -> None:
    found = swarmproof(*command, "--help")
    assert found.exit_code == 0
    assert f"Usage: swarmproof {' '.join(command)}" in found.stdout
    assert re.search(rf"Example:\s+swarmproof\s+{command[0]}", found.stdout)
    assert "--json" in found.stdout


def test_all_commands_are_listed(swarmproof: Command) -> None:
    listed = swarmproof("--help").stdout
    assert all(re.search(rf"^.{{0,4}}{name}\b", listed, re.MULTILINE) for name in {command[0] for command in COMMANDS})


def test_global_options_stand_before_or_after_the_command(swarmproof: Command, world: World) -> None:
    before = swarmproof("--api-url", world.url, "--json", "project", "show")
    after = swarmproof("project", "show", "--json", "--api-url", world.url)
    assert before.document == after.document
    assert swarmproof("--api-url", "http://127.0.0.1:1", "project", "show", "--api-url", world.url).exit_code == 0


def test_settings_come_from_environment_and_file(
    swarmproof: Command, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("swarmproof.toml").write_text(f'api_url = "{world.url}"\n', encoding="utf-8")
    assert swarmproof("project", "show").exit_code == 0
    monkeypatch.setenv("SWARMPROOF_API_URL", "http://127.0.0.1:1")
    assert swarmproof("project", "show").exit_code == 4


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "FORCE_COLOR": ""}, {}])
def test_no_escape_codes_where_nobody_wants_them(world: World, tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "frontend_api", "contributions", "--api-url", world.url]
    found = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert "\x1b" not in found.stdout + found.stderr


def test_on_a_terminal_a_table_is_drawn_and_whole(world: World, tmp_path: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "frontend_api", "contributions", "--round", "2", "--api-url", world.url]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160", "NO_COLOR": "1"}
    with subprocess.Popen(command, cwd=tmp_path, stdout=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # how a pseudo-terminal says that the other side is gone
                break
            if not piece:
                break
            shown += piece
        process.wait(60)
    os.close(leader)
    assert "│" in shown.decode()
    assert world.swarm.accounts[0] in shown.decode()

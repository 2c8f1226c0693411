"""From an empty chain to claimed rewards with the command alone, every long-running part a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Command
from tests.support.devnet import Devnet

ROUNDS = 2


@pytest.mark.slow
def test_two_peers_train_are_audited_and_paid(
    swarmproof: Command, fresh_devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWARMPROOF_RPC_URL", fresh_devnet.rpc_url)
    owner, *peers = fresh_devnet.accounts[:3]
    keys = [key_file(tmp_path / f"{index}.key", account.private_key) for index, account in enumerate([owner, *peers])]
    grants = [part for peer in peers for part in ("--grant", f"{peer.address}=1000")]
    assert swarmproof("deploy", *grants, "--key-file", keys[0]).exit_code == 0
    create = ["project", "create", "--task", "digits", "--rounds", ROUNDS, "--minimum-seats", 2, "--rule", "mean"]
    windows = ["--commit-seconds", 120, "--availability-seconds", 2, "--attest-seconds", 120]
    windows += ["--challenge-seconds", 4, "--epoch-seconds", 5]
    options = ["--byzantine", 0, "--shards", 2, *windows, "--key-file", keys[0]]
    assert swarmproof(*create, *options).exit_code == 0

    nodes = [start_node(tmp_path / f"peer-{index}", key) for index, key in enumerate(keys[1:])]
    try:
        _, log = nodes[0].communicate(timeout=300)
        assert nodes[0].returncode == 0, log
        check_what_is_told(swarmproof, [peer.address for peer in peers])
        claimed = swarmproof("claim", "--key-file", keys[2])
        assert claimed.exit_code == 0, claimed.stderr
        assert "claimed 1" in claimed.stderr or "claimed 9" in claimed.stderr
        assert swarmproof("audit", "--json").document["audited"] == [1, 2]
    finally:
        for node in nodes:
            node.terminate()
            node.communicate(timeout=60)
    assert nodes[1].returncode == 0


def key_file(path: Path, private_key: str) -> Path:
    """A key file that only we can read."""
    path.touch(mode=0o600)
    path.write_text(private_key + "\n", encoding="utf-8")
    return path


def start_node(state_dir: Path, key: Path) -> subprocess.Popen[str]:
    """A peer; the first ends with the project and claims, the second goes on and does not."""
    mode = ["--exit-when-complete"] if state_dir.name == "peer-0" else ["--no-claim"]
    command = [
        sys.executable,
        "-m",
        "frontend_api",
        "node",
        "--key-file",
        str(key),
        "--state-dir",
        str(state_dir),
        *mode,
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def check_what_is_told(swarmproof: Command, accounts: list[str]) -> None:
    """Every command that asks tells of the same two rounds."""
    status = swarmproof("status", "--json").document
    assert (status["project"]["status"], status["project"]["finalized_rounds"]) == ("complete", ROUNDS)
    assert status["checkpoint"]["accuracy"] > 0.3
    items = swarmproof("contributions", "--json").document["items"]
    assert [(item["round"], item["owner"] in accounts) for item in items] == [
        (2, True),
        (2, True),
        (1, True),
        (1, True),
    ]
    rewards = [json.loads(swarmproof("rewards", account, "--json").stdout) for account in accounts]
    assert sum(int(reward["earned_wei"]) for reward in rewards) == int(status["project"]["earned_wei"])
    assert rewards[0]["claimable_wei"] == "0"
    assert rewards[1]["claimed_wei"] == "0"
    assert swarmproof("why", accounts[0], 2).rows[0][1].startswith("earned ")

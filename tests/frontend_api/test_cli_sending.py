"""Commands that send: the owner's whole way, and a claim."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.deploy import Deployment
from node.manifest import Manifest
from tests.support.command_line import Command
from tests.support.devnet import Devnet
from tests.support.loop_thread import LoopThread
from tests.support.synthetic import POOL_WEI, SyntheticProject, synthetic_project

TOKEN = 10**18


def key_file(folder: Path, private_key: str) -> Path:
    """A key file that only we can read."""
    path = folder / f"{private_key[2:8]}.key"
    path.touch(mode=0o600)
    path.write_text(private_key + "\n", encoding="utf-8")
    return path


def test_the_owner_s_way_from_deployment_to_refund(swarmproof: Command, devnet: Devnet, tmp_path: Path) -> None:
    owner, peer = devnet.accounts[10], devnet.accounts[11]
    options = ["--rpc-url", devnet.rpc_url, "--key-file", key_file(tmp_path, owner.private_key)]

    deployed = swarmproof("deploy", "--verifier-stake", "2.5", "--grant", f"{peer.address}=40", "--json", *options)
    assert deployed.exit_code == 0, deployed.stderr
    assert deployed.document["gas"] > 1_000_000
    record = Deployment.load(Path("swarmproof-deployment.json"))
    assert record.factory == deployed.document["factory"]
    assert "deployment record written to swarmproof-deployment.json" in deployed.stderr

    create = ["project", "create", "--task", "digits", "--rounds", 3, "--pool", "7", "--budget", "10", "--seed", 5]
    created = swarmproof(*create, "--json", *options)
    assert created.exit_code == 0, created.stderr
    project = created.document["project"]
    assert created.document["funded_wei"] == str(10 * TOKEN)
    assert f"project {project} created" in created.stderr

    shown = swarmproof("project", "show", "--json", *options).document
    assert (shown["address"], shown["owner"], shown["status"]) == (project, owner.address, "open")
    assert (shown["task"], shown["rule"]) == ("digits", created.document["rule"])
    assert shown["parameter_count"] == created.document["parameter_count"]
    assert shown["configuration"]["round_pool"] == str(7 * TOKEN)
    assert (shown["configuration"]["rounds"], shown["configuration"]["minimum_seats"]) == (3, 8)

    funded = swarmproof("project", "fund", "11", *options)
    assert funded.facts["funded_wei"] == str(11 * TOKEN)
    assert swarmproof("status", "--json", *options).document["project"]["funded_wei"] == str(21 * TOKEN)

    closing = swarmproof("project", "close", "--json", *options).document
    assert closing["state"] == "closing"
    assert swarmproof("project", "close", "--json", *options).document["closable_at"] == closing["closable_at"]
    move_time(devnet, closing["closable_at"])
    closed = swarmproof("project", "close", "--json", *options).document
    assert closed == {"project": project, "state": "closed", "refund_wei": str(21 * TOKEN)}
    assert swarmproof("project", "close", "--json", *options).document == closed
    assert swarmproof("project", "show", *options).facts["status"] == "closed"


def move_time(devnet: Devnet, chain_time: int) -> None:
    """Mine a block of this time."""
    from tests.support.rpc import Rpc

    rpc = Rpc(devnet.rpc_url)
    rpc("evm_mine", hex(chain_time))
    rpc.close()


def test_the_published_manifest_is_the_one_described(swarmproof: Command, devnet: Devnet, tmp_path: Path) -> None:
    from contracts.chain import Chain
    from contracts.events import ProjectCreated

    options = ["--rpc-url", devnet.rpc_url, "--key-file", key_file(tmp_path, devnet.accounts[12].private_key)]
    assert swarmproof("deploy", *options).exit_code == 0
    create = ["project", "create", "--task", "digits", "--byzantine", 1, "--rule", "mean", "--shards", 3, "--seed", 9]
    created = swarmproof(*create, "--budget", 0, "--json", *options).document
    record = Deployment.load(Path("swarmproof-deployment.json"))
    with contextlib.closing(LoopThread()) as thread:

        async def manifest() -> bytes:
            async with await Chain.connect(devnet.rpc_url) as chain:
                events = await chain.logs([record.factory], record.block_number, (await chain.head()).number)
                return next(event.manifest for event in events if isinstance(event, ProjectCreated))

        found = Manifest.from_bytes(thread.run(manifest()))
    assert (found.task, found.rule, found.byzantine, found.shard_count, found.seed) == ("digits", "mean", 1, 3, 9)
    assert created["manifest_digest"] == "0x" + found.digest.hex()


@dataclass(frozen=True)
class Earned:
    """A project with one final round, whose seats belong to accounts 13 and 14."""

    swarm: SyntheticProject
    thread: LoopThread
    options: list[object]


@pytest.fixture
def earned(devnet: Devnet, tmp_path: Path) -> Iterator[Earned]:
    """Each account earned half a pool."""
    with contextlib.closing(LoopThread()) as thread:
        swarm = thread.enter(synthetic_project(devnet, owners=[13, 14]))
        url = thread.enter(swarm.gateway(tmp_path / "store"))
        thread.run(swarm.announce(1, url))
        thread.run(swarm.play())
        swarm.deployment.save(tmp_path / "deployment.json")
        yield Earned(swarm, thread, ["--rpc-url", devnet.rpc_url, "--deployment", tmp_path / "deployment.json"])


def test_claim_pays_once_and_then_says_that_there_is_nothing(
    swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path
) -> None:
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[13].private_key)]
    account = earned.swarm.accounts[0]
    first = swarmproof("claim", "--json", *options)
    assert (first.exit_code, first.stderr) == (0, f"claimed 50 tokens for {account}\n")
    assert first.document["claimed_wei"] == str(POOL_WEI // 2)
    assert first.document["transaction"].startswith("0x")
    again = swarmproof("claim", "--json", *options)
    assert (again.exit_code, again.stderr) == (0, f"nothing to claim for {account}\n")
    assert again.document == {**first.document, "claimed_wei": "0", "transaction": None}


def test_anybody_may_claim_for_an_account(swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path) -> None:
    account = earned.swarm.accounts[1]
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[15].private_key)]
    assert swarmproof("claim", "--account", account, *options).stderr == f"claimed 50 tokens for {account}\n"
    assert earned.thread.run(earned.swarm.project.claimed(account)) == POOL_WEI // 2


def test_claim_tells_what_is_earned_but_not_final(
    swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path
) -> None:
    async def another_round() -> None:
        number = await earned.swarm.open()
        await earned.swarm.commit(number)
        await earned.swarm.reveal(number)
        await earned.swarm.accept(number)

    earned.thread.run(another_round())
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[13].private_key)]
    assert swarmproof("claim", *options).exit_code == 0
    assert swarmproof("claim", *options).stderr.endswith("; 50 tokens are earned but not final yet\n")


def test_a_stranger_has_nothing_to_claim(swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path) -> None:
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[16].private_key)]
    found = swarmproof("claim", *options)
    assert (found.exit_code, found.stderr) == (0, f"nothing to claim for {devnet.accounts[16].address}\n")


def test_without_a_record_nothing_can_be_proven(
    swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path
) -> None:
    earned.swarm.records.rounds.clear()
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[13].private_key)]
    found = swarmproof("claim", *options)
    assert found.exit_code == 4
    assert found.stderr.startswith("error: no peer showed a valid record of round 1: ")
    shown = swarmproof("rewards", earned.swarm.accounts[0], *options)
    assert shown.facts["claimable"] == "unknown: no peer showed the record of round 1"


def test_with_several_projects_one_must_be_named(
    swarmproof: Command, devnet: Devnet, earned: Earned, tmp_path: Path
) -> None:
    from tests.support.synthetic import create_project

    second = earned.thread.run(create_project(earned.swarm.chain, earned.swarm.deployment))
    options = [*earned.options, "--key-file", key_file(tmp_path, devnet.accounts[13].private_key)]
    found = swarmproof("claim", *options)
    assert found.exit_code == 2
    assert second.address in found.stderr
    named = swarmproof("claim", "--project", earned.swarm.project.address, *options)
    assert named.stderr.startswith("claimed 50 tokens")

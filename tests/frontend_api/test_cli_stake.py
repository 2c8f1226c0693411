"""Commands that get money back from a registry, and the guardian's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from contracts import client
from contracts.attestation import Domain, Result, result_digest, sign_digest
from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, Token
from contracts.disputes import Disputes
from contracts.events import ProjectCreated
from contracts.reverts.registry import Registry_Paused
from contracts.values import Address
from tests.support.command_line import Command, Outcome
from tests.support.devnet import Devnet, running_devnet
from tests.support.loop_thread import LoopThread
from tests.support.synthetic import (
    MANIFEST,
    SEAT_STAKE_WEI,
    SEAT_TERMS,
    SyntheticProject,
    configuration,
    synthetic_project,
)

LEAVER, OTHER, LIAR, REPORTER, GUARDIAN = 1, 2, 3, 4, 5
SOME_RESULT = Result(bytes(32), bytes(32), bytes(32), bytes(32), bytes(32), bytes(32), 0)


@dataclass(frozen=True)
class Swarm:
    """A project on a devnet of its own: seats 1 and 2 are the leaver's, 3 the other's, 4 the liar's."""

    devnet: Devnet
    project: SyntheticProject
    thread: LoopThread
    folder: Path

    def address(self, index: int) -> Address:
        """Of a development account."""
        return to_checksum_address(self.devnet.accounts[index].address)

    def arguments(self, index: int, project: str | None = None) -> list[object]:
        """The project, or another one of the deployment, and the account's key."""
        key = self.folder / f"{index}.key"
        key.touch(mode=0o600)
        key.write_text(self.devnet.accounts[index].private_key, encoding="utf-8")
        files = ["--deployment", self.folder / "deployment.json", "--key-file", key]
        return ["--rpc-url", self.devnet.rpc_url, "--project", project or self.project.project.address, *files]

    def held(self, index: int) -> int:
        """Tokens of an account, in wei."""
        token = Token(self.project.chain, self.project.deployment.token)
        return self.thread.run(token.balance_of(self.address(index)))

    def move_time(self, chain_time: int) -> None:
        """Let the chain reach this time."""
        self.thread.run(self.project.wait_until(chain_time))


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """Built once; tests move its time, and each uses other seats."""
    folder = tmp_path_factory.mktemp("stake")
    with running_devnet() as devnet, contextlib.closing(LoopThread()) as thread:
        project = thread.enter(synthetic_project(devnet, owners=[LEAVER, LEAVER, OTHER, LIAR]))
        project.deployment.save(folder / "deployment.json")
        yield Swarm(devnet, project, thread, folder)


@pytest.fixture
def run(swarm: Swarm, swarmproof: Command) -> Callable[..., Outcome]:
    """A command as one of the accounts."""
    return lambda index, *words, project=None: swarmproof(*words, *swarm.arguments(index, project))


def steps(document: dict[str, Any]) -> dict[int, str]:
    """What was done with each seat."""
    return {row["seat"]: row["did"] for row in document["seats"]}


def test_unstake_begins_the_exit_then_waits_then_pays_back(
    swarm: Swarm, run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = swarm.held(LEAVER)
    one = run(LEAVER, "unstake", "--seats", "2", "--json")
    assert one.exit_code == 0, one.stderr
    assert (one.stderr, steps(one.document), one.document["paid_wei"]) == ("", {2: "begun"}, "0")
    assert one.document["project"] == swarm.project.project.address
    assert one.document["registry"] == swarm.project.registry
    [row] = one.document["seats"]
    assert row["thaw_end"] == row["inactive_epoch"] + SEAT_TERMS.thaw_seconds == row["thaw_epoch"]
    assert row["thaw_end"] > one.document["chain_time"] + SEAT_TERMS.thaw_seconds

    rest = run(LEAVER, "unstake")
    assert rest.exit_code == 0, rest.stderr
    assert rest.rows[0] == ["seat", "did", "inactive epoch", "thaw end", "thaw epoch", "slashed"]
    assert [line[:2] for line in rest.rows[1:]] == [["1", "begun"], ["2", "waits"]]
    thaw_end = int(rest.rows[1][3])
    assert f"the stake thaws at chain time {thaw_end} (epoch {thaw_end})" in rest.stderr

    early = run(LEAVER, "unstake")
    assert (early.exit_code, early.stdout) == (1, "")
    told = f"error: no stake has thawed yet: the next does at chain time {row['thaw_end']} (epoch {row['thaw_end']};"
    assert early.stderr.startswith(f"{told} seats: 2), now it is ")
    assert run(LEAVER, "unstake", "--seats", "1").stderr.startswith(told.replace(str(row["thaw_end"]), str(thaw_end)))
    assert swarm.held(LEAVER) == before

    swarm.move_time(thaw_end)
    monkeypatch.setattr(client, "SEATS_A_TRANSACTION", 1)  # each seat in one of its own
    paid = run(LEAVER, "unstake", "--json").document
    assert (steps(paid), paid["paid_wei"]) == ({1: "paid", 2: "paid"}, str(2 * SEAT_STAKE_WEI))
    assert swarm.held(LEAVER) == before + 2 * SEAT_STAKE_WEI
    again = run(LEAVER, "unstake")
    assert (again.exit_code, again.stderr) == (
        1,
        f"error: account {swarm.address(LEAVER)} was paid back before (seats: 1, 2)\n",
    )


def test_unstake_leaves_the_seats_of_others_alone(swarm: Swarm, run: Callable[..., Outcome]) -> None:
    foreign = run(OTHER, "unstake", "--seats", "3,4")
    owners = f"seat 4 belongs to {swarm.address(LIAR)}, not to account {swarm.address(OTHER)}"
    assert (foreign.exit_code, foreign.stderr) == (1, f"error: {owners}\n")
    unknown = run(OTHER, "unstake", "--seats", "3,99")
    assert (unknown.exit_code, unknown.stderr) == (1, "error: seat 99 was never staked\n")
    registry = Registry(swarm.project.chain, swarm.project.registry)
    assert swarm.thread.run(registry.thaw_end(3)) == 0, "nothing was sent"
    without = run(GUARDIAN, "unstake")
    assert (without.exit_code, without.stderr) == (1, f"error: account {swarm.address(GUARDIAN)} has no seats\n")
    for words in ("3;4", "", "-1", "3,"):
        assert run(OTHER, "unstake", "--seats", words).exit_code == 2


def test_a_reporter_withdraws_its_half_and_the_liar_gets_nothing_back(
    swarm: Swarm, run: Callable[..., Outcome]
) -> None:
    nothing = run(REPORTER, "withdraw", "--reward", "--json")
    assert (nothing.exit_code, nothing.document["withdrawn_wei"]) == (0, "0")
    assert nothing.stderr == f"{swarm.address(REPORTER)} has no reward to withdraw\n"
    swarm.thread.run(_prove_equivocation(swarm))
    before = swarm.held(REPORTER)
    found = run(REPORTER, "withdraw", "--reward", "--json")
    assert found.exit_code == 0, found.stderr
    assert found.document == {
        "account": swarm.address(REPORTER),
        "project": swarm.project.project.address,
        "withdrawn_wei": str(SEAT_STAKE_WEI // 2),
    }
    assert swarm.held(REPORTER) == before + SEAT_STAKE_WEI // 2
    assert run(REPORTER, "withdraw", "--reward").facts["withdrawn_wei"] == "0"
    assert run(REPORTER, "withdraw", "--reward", "--amount", "1").exit_code == 2

    registry = Registry(swarm.project.chain, swarm.project.registry)
    swarm.move_time(swarm.thread.run(registry.thaw_end(4)))
    paid = run(LIAR, "unstake")
    assert paid.exit_code == 0, paid.stderr
    assert (paid.rows[1][:2], paid.rows[1][5]) == (["4", "paid"], "300")
    assert paid.stderr == "0 tokens were paid back\n"


async def _prove_equivocation(swarm: Swarm) -> None:
    """The liar signs two results of a round, the reporter shows both."""
    project, liar = swarm.project.project.address, swarm.devnet.accounts[LIAR].private_key
    domain = Domain(swarm.project.chain.chain_id, project)
    results = [SOME_RESULT, replace(SOME_RESULT, cumulative_total=1)]
    first, second = (
        (item, sign_digest(bytes.fromhex(liar.removeprefix("0x")), result_digest(domain, 1, item))) for item in results
    )
    account = Account.from_key(swarm.devnet.accounts[REPORTER].private_key)
    async with await Chain.connect(swarm.devnet.rpc_url, account=account) as chain:
        disputes = Disputes(chain, await Project(chain, project).disputes())
        await disputes.prove_equivocation(project, 1, first, second, [4])


def test_a_verifier_takes_its_stake_out_of_the_court(swarm: Swarm, run: Callable[..., Outcome]) -> None:
    registry = swarm.project.deployment.verifier_registry
    swarm.thread.run(_stake(swarm, REPORTER, registry))
    begun = run(REPORTER, "unstake", "--court", "--json").document
    assert (begun["project"], begun["registry"], steps(begun)) == (None, registry, {1: "begun"})
    swarm.move_time(begun["seats"][0]["thaw_end"])
    paid = run(REPORTER, "unstake", "--court")
    assert (paid.exit_code, paid.stderr) == (0, "300 tokens were paid back\n")


async def _stake(swarm: Swarm, index: int, registry: Any) -> None:
    account = Account.from_key(swarm.devnet.accounts[index].private_key)
    token = swarm.project.deployment.token
    await Token(swarm.project.chain, token).transfer(account.address, SEAT_STAKE_WEI)
    async with await Chain.connect(swarm.devnet.rpc_url, account=account) as chain:
        await Token(chain, token).approve(registry, SEAT_STAKE_WEI)
        await Registry(chain, registry).stake(1)


def test_the_guardian_pauses_a_project_and_ends_the_pause(swarm: Swarm, run: Callable[..., Outcome]) -> None:
    project, registry = swarm.thread.run(_guarded_project(swarm))

    stranger = run(OTHER, "project", "pause", 60, project=project)
    assert (stranger.exit_code, stranger.stdout) == (1, "")
    assert f"{swarm.address(OTHER)} cannot pause, {swarm.address(GUARDIAN)} can" in stranger.stderr
    too_long = run(GUARDIAN, "project", "pause", 7 * 86400 + 1, project=project)
    assert (too_long.exit_code, "at most 604800 are allowed" in too_long.stderr) == (1, True)

    paused = run(GUARDIAN, "project", "pause", 3600, "--json", project=project)
    assert paused.exit_code == 0, paused.stderr
    assert paused.document["project"] == project
    assert swarm.thread.run(registry.paused_until()) == paused.document["paused_until"]
    now = swarm.thread.run(swarm.project.chain.head()).timestamp
    assert now < paused.document["paused_until"] <= now + 3600
    with pytest.raises(Registry_Paused):
        swarm.thread.run(_stake(swarm, OTHER, registry.address))
    ended = run(GUARDIAN, "project", "unpause", project=project)
    assert ended.exit_code == 0, ended.stderr
    assert int(ended.facts["paused_until"]) <= swarm.thread.run(swarm.project.chain.head()).timestamp
    swarm.thread.run(_stake(swarm, OTHER, registry.address))


async def _guarded_project(swarm: Swarm) -> tuple[Address, Registry]:
    chain, deployment = swarm.project.chain, swarm.project.deployment
    settings = configuration(deployment, swarm.address(0))
    guarded = replace(settings, guardian=swarm.address(GUARDIAN))
    factory = Factory(chain, deployment.factory)
    created = (await factory.create_project(guarded, SEAT_TERMS, MANIFEST.to_bytes())).event(ProjectCreated)
    return created.project, Registry(chain, created.registry)

"""Gas of everything that peers pay for, by receipts of a devnet; the same figures in every run.

    python -m scripts.bench_gas              print the table and the goals
    python -m scripts.bench_gas --write      and record it for the test that compares

A round of N seats with S signatures is to cost at most 233k + 94k N + 9.3k S, within a fifth (prototype's receipts).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_hash.auto import keccak

from contracts.attestation import Domain, Result, commitment_hash, result_digest, sign_digest
from contracts.chain import Chain
from contracts.client import Factory, Project, ProjectConfiguration, Registry, Token
from contracts.deploy import Deployment, deploy_system
from contracts.events import ProjectCreated, SeatsStaked
from contracts.rpc import Rpc
from node.merkle import StandardTree

SNAPSHOT = Path(__file__).parents[1] / "tests" / "contracts" / "gas_snapshot.json"
SIZES = (8, 16)
SEAT_STAKE, ROUND_POOL, EPOCH_SECONDS = 10**18, 10**18, 1_000
TOLERANCE = 1.2
CLAIM_FIRST_GOAL, CLAIM_LATER_GOAL = 75_000, 57_000

Figures = dict[str, int]


def round_goal(seats: int, signatures: int) -> int:
    """What a direct round with collected signatures may cost, before tolerance."""
    return 233_000 + 94_000 * seats + 9_300 * signatures


def quorum(seats: int) -> int:
    """The fewest signatures of one seat each that carry more than two thirds."""
    return seats * 2 // 3 + 1


class Meter:
    """Plays rounds on one project, one transaction after the other, and writes down what each took."""

    def __init__(self, control: Rpc, owner: Chain, peers: Sequence[Chain]) -> None:
        self.control, self.owner = control, owner
        self.peers = sorted(peers, key=lambda peer: int(_address(peer), 16))
        self.figures: Figures = {}
        self.seats: list[int] = []

    async def prepare(self) -> None:
        """Deploy, stake a seat each, create a project and fund it."""
        count = len(self.peers)
        deployment = await deploy_system(
            self.owner, seat_stake_wei=SEAT_STAKE, epoch_seconds=EPOCH_SECONDS, thaw_seconds=EPOCH_SECONDS
        )
        self.figures["deploy"] = deployment.gas
        token = Token(self.owner, deployment.token)
        for peer in self.peers:
            await token.transfer(_address(peer), SEAT_STAKE)
            await Token(peer, deployment.token).approve(deployment.registry, SEAT_STAKE)
            receipt = await Registry(peer, deployment.registry).stake(1)
            self.seats.append(receipt.event(SeatsStaked).first_seat)
            self.figures.setdefault("stake", receipt.gas_used)
        configuration = _configuration(deployment, _address(self.owner), count)
        created = await Factory(self.owner, deployment.factory).create_project(configuration, b"manifest")
        self.figures["create project"] = created.gas_used
        self.project = Project(self.owner, created.event(ProjectCreated).project)
        self.domain = Domain(self.owner.chain_id, self.project.address)
        await token.transfer(_address(self.peers[0]), 1)
        await token.approve(self.project.address, 10 * ROUND_POOL)
        self.figures["fund"] = (await self.project.fund(10 * ROUND_POOL)).gas_used
        epoch = (await self.owner.head()).timestamp // EPOCH_SECONDS + 1
        await self._mine(epoch * EPOCH_SECONDS)

    async def play(self, name: str, rewards: StandardTree, total: int) -> None:
        """One round with everybody in it, up to finalization."""
        opened = await self.project.open_round()
        number = (await self.project.status()).last_round
        commits = [await self._commit(peer, seat, number) for peer, seat in zip(self.peers, self.seats, strict=True)]
        reveals = [await self._reveal(peer, seat, number) for peer, seat in zip(self.peers, self.seats, strict=True)]
        base = (await self.project.status()).head_digest
        result = Result(base, *_words(number), rewards.root, total)
        digest = result_digest(self.domain, number, result)
        signers = self.peers[: quorum(len(self.peers))]
        accepted = await self.project.accept_signed(
            number, result, [sign_digest(_key(peer), digest) for peer in signers]
        )
        await self._mine((await self.project.round(number)).challenge_end)
        finalized = await self.project.finalize(number, result)
        self.figures |= {
            f"{name}: open": opened.gas_used,
            f"{name}: commit": commits[0],
            f"{name}: last commit": commits[-1],
            f"{name}: reveal": reveals[0],
            f"{name}: last reveal": reveals[-1],
            f"{name}: accept": accepted.gas_used,
            f"{name}: finalize": finalized.gas_used,
            f"{name}: whole": sum(commits) + sum(reveals) + sum(r.gas_used for r in (opened, accepted, finalized)),
        }

    async def claim(self, name: str, rewards: StandardTree, cumulative: int) -> None:
        """Two accounts claim: one that holds some of the token besides its stake, and one that holds none."""
        for index, holder in enumerate(("holder", "empty account")):
            account = _address(self.peers[index])
            receipt = await self.project.claim(account, cumulative, rewards.proof(index))
            self.figures[f"{name}: claim, {holder}"] = receipt.gas_used

    def rewards(self, each: int) -> StandardTree:
        """A tree in which everybody earned the same."""
        return StandardTree([encode(["address", "uint256"], [_address(peer), each]) for peer in self.peers])

    async def _mine(self, timestamp: int) -> None:
        await self.control.request("evm_mine", hex(timestamp))

    async def _commit(self, peer: Chain, seat: int, number: int) -> int:
        commitment = commitment_hash(self.domain, number, seat, _address(peer), *_update(seat, number))
        return (await Project(peer, self.project.address).commit(number, seat, commitment)).gas_used

    async def _reveal(self, peer: Chain, seat: int, number: int) -> int:
        return (await Project(peer, self.project.address).reveal(number, seat, *_update(seat, number))).gas_used


async def measure(rpc_url: str, keys: Sequence[str], seats: int) -> Figures:
    """Two rounds and two claims of a swarm of `seats` on a fresh devnet; the first round writes words never used."""
    async with contextlib.AsyncExitStack() as stack:
        chains = []
        for key in keys[: seats + 1]:
            chain = await Chain.connect(rpc_url, account=Account.from_key(key))
            chains.append(await stack.enter_async_context(chain))
        control = await Rpc.open(rpc_url, timeout_seconds=20)
        stack.push_async_callback(control.close)
        meter = Meter(control, chains[0], chains[1:])
        await meter.prepare()
        each = ROUND_POOL // 100
        for name, rounds in (("first round", 1), ("later round", 2)):
            rewards = meter.rewards(rounds * each)
            await meter.play(name, rewards, rounds * each * seats)
            await meter.claim(name, rewards, rounds * each)
        return meter.figures


@contextlib.contextmanager
def running_devnet() -> Iterator[dict[str, Any]]:
    """A devnet without heartbeat on a free port; yields what it tells about itself."""
    options = ("--port", "0", "--heartbeat-seconds", "0", "--blocks-per-second", "200", "--json")
    with subprocess.Popen([sys.executable, "-m", "devnet", *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def measure_all() -> dict[str, Figures]:
    """Figures for every size, each on a devnet of its own."""
    found = {}
    for seats in SIZES:
        with running_devnet() as devnet:
            keys = [account["private_key"] for account in devnet["accounts"]]
            found[f"{seats} seats"] = asyncio.run(measure(devnet["rpc_url"], keys, seats))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_gas", description="Measure gas.")
    parser.add_argument("--write", action="store_true", help=f"record the figures in {SNAPSHOT.name}")
    options = parser.parse_args(arguments)
    found = measure_all()
    if options.write:
        SNAPSHOT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    for (size, figures), seats in zip(found.items(), SIZES, strict=True):
        goal = round_goal(seats, quorum(seats))
        print(f"{size}, {quorum(seats)} signatures; goal for a whole round {goal:,}")
        for name, gas in figures.items():
            share = f"  {gas / goal:.2f} of the goal" if name.endswith("whole") else ""
            print(f"  {name:34}{gas:>11,}{share}")
    return 0


def _configuration(deployment: Deployment, owner: Any, seats: int) -> ProjectConfiguration:
    return ProjectConfiguration(
        token=deployment.token,
        registry=deployment.registry,
        owner=owner,
        manifest_digest=hashlib.sha256(b"manifest").digest(),
        genesis_digest=keccak(b"genesis"),
        rule_hash=keccak(b"mean"),
        round_pool=ROUND_POOL,
        rounds=10,
        minimum_seats=seats,
        commit_seconds=200,
        reveal_seconds=200,
        attest_seconds=200,
        challenge_seconds=10,
        close_thaw_seconds=EPOCH_SECONDS,
    )


def _update(seat: int, number: int) -> tuple[bytes, bytes, bytes]:
    digest, data_root, salt = (keccak(f"{part} {seat} {number}".encode()) for part in ("digest", "root", "salt"))
    return digest, data_root, salt


def _words(number: int) -> tuple[bytes, bytes, bytes, bytes]:
    first, second, third, fourth = (keccak(f"{part} {number}".encode()) for part in ("input", "cid", "data", "weight"))
    return first, second, third, fourth


def _address(chain: Chain) -> Any:
    assert chain.account is not None
    return chain.account.address


def _key(chain: Chain) -> bytes:
    assert chain.account is not None
    return bytes(chain.account.key)


if __name__ == "__main__":
    sys.exit(main())

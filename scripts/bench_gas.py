"""Gas of everything that peers pay for, by receipts of a devnet; the same figures in every run.

    python -m scripts.bench_gas              print the table and the goals
    python -m scripts.bench_gas --write      and record it for the test that compares

A direct round of N seats with S signatures is to cost at most 233k + 94k N + 9.3k S. A batched one, where a collector
brings all commitments and all reveals, 20k a seat with 64 of them. A round is finalized in the transaction that opens
a later one, as peers do it.
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
from contracts.batches import BatchOpening, batch_entry, batch_hash, sign_commitment
from contracts.chain import Chain
from contracts.client import Factory, Project, ProjectConfiguration, Registry, SeatTerms, Token
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import ProjectCreated, SeatsStaked
from contracts.rpc import Rpc
from contracts.values import ZERO_ADDRESS
from node.merkle import PositionTree, StandardTree
from node.rounds.outcome import PackedContribution, contribution_leaf, pack_contributions

SNAPSHOT = Path(__file__).parents[1] / "tests" / "contracts" / "gas_snapshot.json"
SIZES = (8, 16, 64)
SEAT_STAKE, ROUND_POOL, EPOCH_SECONDS = 10**18, 10**18, 1_000
CLAIM_FIRST_GOAL, CLAIM_LATER_GOAL = 75_000, 57_000
BATCHED_GOAL, BATCHED_SIZE = 20_000, 64  # a seat and round; from so many seats on

Figures = dict[str, int]


def round_goal(seats: int, signatures: int) -> int:
    """What a direct round with collected signatures may cost."""
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
        self.waiting: tuple[tuple[int, Result], ...] = ()
        self.seats: list[int] = []

    async def prepare(self) -> None:
        """Deploy, stake a seat each, create a project and fund it."""
        count = len(self.peers)
        deployment = await deploy_system(self.owner, court=CourtParameters(SEAT_STAKE, EPOCH_SECONDS, EPOCH_SECONDS))
        self.figures["deploy"] = deployment.gas
        configuration = _configuration(deployment, _address(self.owner), count)
        seats = SeatTerms(SEAT_STAKE, EPOCH_SECONDS, EPOCH_SECONDS)
        created = await Factory(self.owner, deployment.factory).create_project(configuration, seats, b"manifest")
        self.figures["create project"] = created.gas_used
        self.project = Project(self.owner, created.event(ProjectCreated).project)
        token, registry = Token(self.owner, deployment.token), created.event(ProjectCreated).registry
        for peer in self.peers:
            await token.transfer(_address(peer), SEAT_STAKE)
            await Token(peer, deployment.token).approve(registry, SEAT_STAKE)
            receipt = await Registry(peer, registry).stake(1)
            self.seats.append(receipt.event(SeatsStaked).first_seat)
            self.figures.setdefault("stake", receipt.gas_used)
        self.domain = Domain(self.owner.chain_id, self.project.address)
        await token.transfer(_address(self.peers[0]), 1)
        await token.approve(self.project.address, 10 * ROUND_POOL)
        self.figures["fund"] = (await self.project.fund(10 * ROUND_POOL)).gas_used
        epoch = (await self.owner.head()).timestamp // EPOCH_SECONDS + 1
        await self._mine(epoch * EPOCH_SECONDS)

    async def play(self, name: str, rewards: StandardTree, each: int) -> None:
        """One round in which everybody acts for itself."""
        opened, number = await self._open()
        commits = [await self._commit(peer, seat, number) for peer, seat in self._seated]
        reveals = [await self._reveal(peer, seat, number) for peer, seat in self._seated]
        accepted = await self._accept(number, rewards, each)
        whole = sum(commits) + sum(reveals) + opened + accepted
        self.figures |= {
            f"{name}: open": opened,
            f"{name}: commit": commits[0],
            f"{name}: last commit": commits[-1],
            f"{name}: first reveal": reveals[0],
            f"{name}: reveal": reveals[1],
            f"{name}: last reveal": reveals[-1],
            f"{name}: accept": accepted,
            f"{name}: whole": whole,
        }

    async def finalize(self, name: str) -> None:
        """Finalize the last round alone, as where no other one follows. Otherwise it is done as the next one opens."""
        (finalizing,), self.waiting = self.waiting, ()
        self.figures[f"{name}: finalize"] = (await self.project.finalize(*finalizing)).gas_used

    async def play_batched(self, name: str, rewards: StandardTree, each: int) -> None:
        """One round in which a collector brings everybody's commitments, and everybody's reveals."""
        opened, number = await self._open()
        commitments = [self._commitment(peer, seat, number) for peer, seat in self._seated]
        signatures = [
            sign_commitment(self.domain, _key(peer), number, seat, commitment)
            for (peer, seat), commitment in zip(self._seated, commitments, strict=True)
        ]
        entries = [batch_entry(*pair) for pair in zip(commitments, signatures, strict=True)]
        collector = Project(self.peers[0], self.project.address)
        posted = (await collector.post_commits(number, batch_hash(entries), len(entries))).gas_used
        await self._mine((await self.project.round(number)).commit_end)
        openings = [
            BatchOpening(index, seat, _address(peer), *_update(seat, number), signatures[index])
            for index, (peer, seat) in enumerate(self._seated)
        ]
        revealed = (await collector.reveal_batch(number, 0, openings, entries)).gas_used
        await self._mine((await self.project.round(number)).reveal_end)
        accepted = await self._accept(number, rewards, each)
        whole = opened + posted + revealed + accepted
        self.figures |= {
            f"{name}: post commits": posted,
            f"{name}: reveal batch": revealed,
            f"{name}: whole": whole,
            f"{name}: each": whole // len(self.peers),
        }

    async def _open(self) -> tuple[int, int]:
        pinned = (await self.project.status()).pinned_block
        while (await self.owner.head()).number <= pinned != 0:
            await self.control.request("evm_mine")
        finalizing, self.waiting = self.waiting, ()
        return (await self.project.open_round(finalizing)).gas_used, (await self.project.status()).last_round

    async def _accept(self, number: int, rewards: StandardTree, each: int) -> int:
        """Accept a result in which every seat earns `each`, and wait until it can be finalized."""
        status = await self.project.status()
        paid = [PackedContribution(seat, 1 << 10, 1 << 46, 0, each) for seat in sorted(self.seats)]
        root = PositionTree(map(contribution_leaf, paid)).root
        words = _words(number)
        total = status.accepted_total + each * len(paid)
        result = Result(status.head_digest, *words, root, rewards.root, total)
        digest = result_digest(self.domain, number, result)
        signers = self.peers[: quorum(len(self.peers))]
        accepted = await self.project.accept_signed(
            number, result, pack_contributions(paid), [sign_digest(_key(peer), digest) for peer in signers]
        )
        await self._mine((await self.project.round(number)).challenge_end)
        self.waiting = ((number, result),)
        return accepted.gas_used

    @property
    def _seated(self) -> list[tuple[Chain, int]]:
        return list(zip(self.peers, self.seats, strict=True))

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

    def _commitment(self, peer: Chain, seat: int, number: int) -> bytes:
        return commitment_hash(self.domain, number, seat, _address(peer), *_update(seat, number))

    async def _commit(self, peer: Chain, seat: int, number: int) -> int:
        commitment = self._commitment(peer, seat, number)
        return (await Project(peer, self.project.address).commit(number, seat, commitment)).gas_used

    async def _reveal(self, peer: Chain, seat: int, number: int) -> int:
        return (await Project(peer, self.project.address).reveal(number, seat, *_update(seat, number))).gas_used


async def measure(rpc_url: str, keys: Sequence[str], seats: int) -> Figures:
    """Rounds and claims of a swarm of `seats` on a fresh devnet; the first ones write words never used."""
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
        rewards = meter.rewards(each)
        await meter.play("first round", rewards, each)
        await meter.finalize("first round")
        await meter.claim("first round", rewards, each)
        await meter.play("round after a pause", meter.rewards(2 * each), each)
        rewards = meter.rewards(3 * each)
        await meter.play("later round", rewards, each)
        await meter.finalize("later round")
        await meter.claim("later round", rewards, 3 * each)
        for name, rounds in (("first batched round", 4), ("second batched round", 5), ("batched round", 6)):
            await meter.play_batched(name, meter.rewards(rounds * each), each)
        return meter.figures


@contextlib.contextmanager
def running_devnet(accounts: int = 10) -> Iterator[dict[str, Any]]:
    """A devnet without heartbeat on a free port; yields what it tells about itself."""
    pace = ("--heartbeat-seconds", "0", "--blocks-per-second", "200")
    options = ("--port", "0", "--json", "--accounts", str(accounts), *pace)
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
        with running_devnet(seats + 1) as devnet:
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
            share = (
                f"  {gas / goal:.2f} of the goal" if name.endswith(("first round: whole", "later round: whole")) else ""
            )
            print(f"  {name:34}{gas:>11,}{share}")
    return 0


def _configuration(deployment: Deployment, owner: Any, seats: int) -> ProjectConfiguration:
    return ProjectConfiguration(
        token=deployment.token,
        registry=ZERO_ADDRESS,
        owner=owner,
        guardian=ZERO_ADDRESS,
        manifest_digest=hashlib.sha256(b"manifest").digest(),
        genesis_digest=keccak(b"genesis"),
        genesis_data_root=keccak(b"genesis data"),
        arithmetic_hash=bytes(32),
        rule_hash=keccak(b"mean"),
        round_pool=ROUND_POOL,
        rounds=10,
        minimum_seats=seats,
        trainers_per_round=0,
        attesters_per_round=0,
        commit_seconds=200,
        reveal_seconds=200,
        availability_seconds=0,
        attest_commit_seconds=0,
        attest_seconds=200,
        challenge_seconds=10,
        close_thaw_seconds=EPOCH_SECONDS,
        silence_bond_bps=100,
    )


def _update(seat: int, number: int) -> tuple[bytes, bytes, bytes]:
    digest, data_root, salt = (keccak(f"{part} {seat} {number}".encode()) for part in ("digest", "root", "salt"))
    return digest, data_root, salt


def _words(number: int) -> tuple[bytes, bytes, bytes]:
    first, second, third = (keccak(f"{part} {number}".encode()) for part in ("input", "cid", "data"))
    return first, second, third


def _address(chain: Chain) -> Any:
    assert chain.account is not None
    return chain.account.address


def _key(chain: Chain) -> bytes:
    assert chain.account is not None
    return bytes(chain.account.key)


if __name__ == "__main__":
    sys.exit(main())

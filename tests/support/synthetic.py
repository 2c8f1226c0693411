"""A project driven round by round through the real contracts, with outcomes written by hand instead of trained.

Commitments, reveals, roots, signatures and records are real, so everything that checks them is exercised; only the
numbers of the contributions are the test's own.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from eth_account import Account
from eth_account.signers.local import LocalAccount

from contracts.attestation import Domain, Result, commitment_hash, result_digest, sign_digest
from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, Token
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import ProjectCreated, RoundOpened
from contracts.values import Address, ProjectConfiguration, SeatTerms
from node.aggregation.reasons import Reason
from node.checkpoint import Checkpoint, genesis
from node.manifest import Manifest, TensorSpec
from node.merkle import PositionTree, StandardTree
from node.projects import configuration_of
from node.rounds.outcome import (
    Contribution,
    InputLeaf,
    RewardLeaf,
    contribution_leaf,
    input_leaf,
    pack_contributions,
    reward_leaf,
)
from node.rounds.record import MessageFile, RoundRecord
from node.storage.cid import RAW, Cid
from node.storage.local import LocalStore
from node.storage.unixfs import root_of
from tests.support.devnet import Devnet
from tests.support.gateways import BookOfRecords, make_gateway
from tests.support.rpc import Rpc

TOKEN = 10**18
SEAT_STAKE_WEI = 300 * TOKEN
POOL_WEI = 100 * TOKEN
RULE = "mean"
MANIFEST = Manifest(
    task="digits", tensors=(TensorSpec("weight", (10, 8), 0),), rule=RULE, byzantine=0, alpha_q16=1 << 16
)
UNIT_WEIGHT = 1 << 14
SEAT_TERMS = SeatTerms(SEAT_STAKE_WEI, 1, 1000)


@dataclass(frozen=True)
class Seating:
    """A seat and the account that holds it."""

    seat: int
    account: LocalAccount
    chain: Chain


@dataclass
class SyntheticProject:
    """One project on a devnet, its seats, and the records of its rounds."""

    chain: Chain
    deployment: Deployment
    project: Project
    registry: Address
    seatings: list[Seating]
    rpc: Rpc
    earned: dict[Address, int] = field(default_factory=dict)
    records: BookOfRecords = field(default_factory=BookOfRecords)
    head: Checkpoint = field(default_factory=lambda: genesis(MANIFEST))

    @property
    def domain(self) -> Domain:
        """Where its signatures count."""
        return Domain(self.chain.chain_id, self.project.address)

    @property
    def accounts(self) -> list[Address]:
        """Owners of the seats, in seat order."""
        return [seating.account.address for seating in self.seatings]

    async def open(self) -> int:
        """Open a round; returns its number."""
        pinned = (await self.project.status()).pinned_block
        while (await self.chain.head()).number <= pinned != 0:
            self.rpc("evm_mine")
        receipt = await self.project.open_round()
        return receipt.event(RoundOpened).round

    async def commit(self, number: int, seats: Sequence[int] | None = None) -> None:
        """Commit these seats, all by default."""
        for seating in self._chosen(seats):
            digest, root, salt = update_of(number, seating.seat)
            commitment = commitment_hash(self.domain, number, seating.seat, seating.account.address, digest, root, salt)
            await Project(seating.chain, self.project.address).commit(number, seating.seat, commitment)

    async def reveal(self, number: int, seats: Sequence[int] | None = None) -> None:
        """Reveal these seats, all by default."""
        for seating in self._chosen(seats):
            await Project(seating.chain, self.project.address).reveal(
                number, seating.seat, *update_of(number, seating.seat)
            )

    async def accept(self, number: int, judged: Mapping[int, Reason] | None = None) -> RoundRecord:
        """Post a result signed by every account and keep its record. `judged`: seats that earn nothing, and why."""
        record = await self._record(number, judged or {})
        signatures = dict(sorted(record.signatures.items(), key=lambda item: int(item[0], 16)))
        packed = pack_contributions(record.contributions)
        await self.project.accept_signed(number, record.result, packed, list(signatures.values()))
        self.earned = {leaf.account: leaf.cumulative_wei for leaf in record.rewards}
        self.records.rounds[number] = record.to_json()
        return record

    async def finalize(self, number: int, result: Result) -> None:
        """Let the challenge window end and finalize."""
        await self.wait_until((await self.project.round(number)).challenge_end)
        await self.project.finalize(number, result)

    async def play(self, judged: Mapping[int, Reason] | None = None) -> RoundRecord:
        """A whole round: opened, trained, accepted, finalized. Seats judged NO_COMMIT or NO_REVEAL behave so."""
        judged = judged or {}
        silent = {seat for seat, reason in judged.items() if reason is Reason.NO_COMMIT}
        hidden = {seat for seat, reason in judged.items() if reason is Reason.NO_REVEAL}
        seats = {seating.seat for seating in self.seatings}
        number = await self.open()
        await self.commit(number, sorted(seats - silent))
        if silent:
            await self.wait_until((await self.project.round(number)).commit_end)
        await self.reveal(number, sorted(seats - silent - hidden))
        if hidden:
            await self.wait_until((await self.project.round(number)).reveal_end)
        record = await self.accept(number, judged)
        await self.finalize(number, record.result)
        return record

    async def skip(self) -> int:
        """A round nobody takes part in; returns its number."""
        number = await self.open()
        await self.wait_until((await self.project.round(number)).commit_end)
        await self.project.skip_round(number)
        return number

    async def claim(self, account: Address) -> int:
        """Claim everything for an account, in wei as of the last finalized round."""
        final = (await self.project.status()).last_finalized
        rewards = RoundRecord.from_json(self.records.rounds[final], final).rewards
        index = [leaf.account for leaf in rewards].index(account)
        tree = StandardTree([reward_leaf(leaf) for leaf in rewards])
        await self.project.claim(account, rewards[index].cumulative_wei, tree.proof(index))
        return rewards[index].cumulative_wei

    async def wait_until(self, chain_time: int) -> None:
        """Mine a block of this time, unless the head's is as late."""
        if (await self.chain.head()).timestamp < chain_time:
            self.rpc("evm_mine", hex(chain_time))

    @contextlib.asynccontextmanager
    async def gateway(self, folder: Path, records: BookOfRecords | None = None) -> AsyncIterator[str]:
        """A peer's real gateway that serves these records, the project's own by default; gives its URL."""
        async with make_gateway(LocalStore(folder), records=records or self.records).serve("127.0.0.1", 0) as url:
            yield url

    async def announce(self, seat: int, url: str) -> None:
        """Announce an endpoint for the owner of a seat."""
        (seating,) = self._chosen([seat])
        await Registry(seating.chain, self.registry).set_endpoint(url, bytes(32))

    def _chosen(self, seats: Sequence[int] | None) -> list[Seating]:
        return [seating for seating in self.seatings if seats is None or seating.seat in seats]

    async def _record(self, number: int, judged: Mapping[int, Reason]) -> RoundRecord:
        opened = await self._opened(number)
        absent = {Reason.NO_COMMIT, Reason.NO_REVEAL, Reason.NOT_AVAILABLE, Reason.MALFORMED}
        inputs = tuple(
            InputLeaf(seating.seat, *update_of(number, seating.seat)[:2])
            for seating in self.seatings
            if judged.get(seating.seat) not in absent
        )
        digests = {leaf.seat: leaf.digest for leaf in inputs}
        counted = [seating.seat for seating in self.seatings if seating.seat not in judged]
        contributions = tuple(
            Contribution(
                seat=seating.seat,
                owner=seating.account.address,
                digest=digests.get(seating.seat),
                weight=UNIT_WEIGHT if seating.seat in counted else 0,
                score=seating.seat << 46 if seating.seat in counted else 0,
                reason=judged.get(seating.seat, Reason.NONE),
                reward_wei=POOL_WEI // len(counted) if seating.seat in counted else 0,
            )
            for seating in self.seatings
        )
        totals = dict(self.earned)
        for item in contributions:
            totals[item.owner] = totals.get(item.owner, 0) + item.reward_wei
        rewards = tuple(
            RewardLeaf(account, total)
            for account, total in sorted(totals.items(), key=lambda item: bytes.fromhex(item[0][2:]))
        )
        checkpoint = Checkpoint(MANIFEST.digest, number, self.head.digest, (self.head.theta + 1).astype(np.int32))
        data = checkpoint.to_bytes()
        result = Result(
            prev_cid=self.head.digest,
            input_root=PositionTree(map(input_leaf, inputs)).root,
            cid=checkpoint.digest,
            data_root=checkpoint.data_root,
            weight_root=PositionTree(map(contribution_leaf, contributions)).root,
            reward_root=StandardTree([reward_leaf(leaf) for leaf in rewards]).root,
            cumulative_total=sum(totals.values()),
        )
        digest = result_digest(self.domain, number, result)
        signers = {seating.account.address: seating.account for seating in self.seatings}
        self.head = checkpoint
        return RoundRecord(
            round=number,
            seed=opened.seed,
            rule=RULE,
            result=result,
            result_hash=digest,
            checkpoint=root_of(data),
            checkpoint_bytes=len(data),
            inputs=inputs,
            contributions=contributions,
            rewards=rewards,
            signatures={address: sign_digest(bytes(key.key), digest) for address, key in signers.items()},
            messages={leaf.seat: MessageFile(Cid(RAW, leaf.digest), 100 + leaf.seat) for leaf in inputs},
            computed_hash=digest,
            accuracy=0.5 + number / 100,
            loss=1.0 / number,
        )

    async def _opened(self, number: int) -> RoundOpened:
        head = await self.chain.head()
        events = await self.chain.logs([self.project.address], self.deployment.block_number, head.number)
        return next(event for event in events if isinstance(event, RoundOpened) and event.round == number)


def update_of(number: int, seat: int) -> tuple[bytes, bytes, bytes]:
    """Digest, data root and salt of the update a seat makes in a round."""
    digest, root, salt = (hashlib.sha256(f"{part} {number} {seat}".encode()).digest() for part in ("a", "b", "c"))
    return digest, root, salt


def configuration(deployment: Deployment, owner: Address, **overrides: int) -> ProjectConfiguration:
    """A configuration with windows of seconds; a devnet's time moves a second a block."""
    defaults: dict[str, int] = {
        "round_pool": POOL_WEI,
        "rounds": 50,
        "minimum_seats": 1,
        "commit_seconds": 20,
        "reveal_seconds": 20,
        "attest_seconds": 60,
        "challenge_seconds": 1,
    }
    return configuration_of(MANIFEST, token=deployment.token, owner=owner, **{**defaults, **overrides})


async def create_project(chain: Chain, deployment: Deployment, **overrides: int) -> Project:
    """Create a project and fund it for twenty rounds."""
    if chain.account is None:
        raise ValueError("creating a project needs an account")
    settings = configuration(deployment, chain.account.address, **overrides)
    receipt = await Factory(chain, deployment.factory).create_project(settings, SEAT_TERMS, MANIFEST.to_bytes())
    project = Project(chain, receipt.event(ProjectCreated).project)
    await Token(chain, deployment.token).approve(project.address, 20 * POOL_WEI)
    await project.fund(20 * POOL_WEI)
    return project


@contextlib.asynccontextmanager
async def synthetic_project(
    devnet: Devnet, *, owners: Sequence[int], **overrides: int
) -> AsyncIterator[SyntheticProject]:
    """Deploy, create and fund a project; `owners`: which dev account (from 1) holds each seat, from seat 1 on."""
    async with contextlib.AsyncExitStack() as stack:

        async def connect(index: int) -> Chain:
            account = Account.from_key(devnet.accounts[index].private_key)
            return await stack.enter_async_context(await Chain.connect(devnet.rpc_url, account=account))

        chain = await connect(0)
        deployment = await deploy_system(chain, court=CourtParameters(SEAT_STAKE_WEI, 1, 1000))
        token = Token(chain, deployment.token)
        project = await create_project(chain, deployment, **overrides)
        registry = (await project.configuration()).registry
        peers = {index: await connect(index) for index in dict.fromkeys(owners)}
        for index, peer in peers.items():
            if peer.account is None:
                raise ValueError(f"account {index} has no key")
            await token.transfer(peer.account.address, owners.count(index) * SEAT_STAKE_WEI)
            await Token(peer, deployment.token).approve(registry, owners.count(index) * SEAT_STAKE_WEI)
        seatings = []
        for seat, index in enumerate(owners, start=1):
            peer = peers[index]
            await Registry(peer, registry).stake(1)
            if peer.account is not None:
                seatings.append(Seating(seat, peer.account, peer))
        rpc = Rpc(devnet.rpc_url)
        stack.callback(rpc.close)
        rpc("evm_mine")  # the last seat counts from the next epoch on
        yield SyntheticProject(chain, deployment, project, registry, seatings, rpc)

"""A finished project with everything real but the training: chain, contracts, messages, outcomes, store, records."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from eth_account import Account

from contracts.attestation import Domain, commitment_hash, result_digest, sign_digest
from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, Token
from contracts.deploy import Deployment, deploy_system
from contracts.events import ProjectCreated, RoundOpened
from contracts.values import Address, SeatTerms
from node.checkpoint import Checkpoint, genesis
from node.codec import MessageHeader, data_leaves, encode, parse
from node.exchange.content_routes import Policy
from node.exchange.limits import GatewayLimits
from node.manifest import Manifest, TensorSpec
from node.merkle import PositionTree
from node.projects import configuration_of
from node.rounds.folding import fold_all
from node.rounds.history import SwarmHistory
from node.rounds.inputs import absent_from, inputs_of, open_update
from node.rounds.outcome import RoundOutcome, compute_outcome, pack_contributions
from node.rounds.record import MessageFile, RoundRecord
from node.storage.local import LocalStore
from node.storage.unixfs import root_of
from tests.support.devnet import Devnet
from tests.support.gateways import BookOfRecords, make_gateway
from tests.support.rpc import Rpc

MANIFEST = Manifest(
    task="digits",
    tensors=(TensorSpec("weight", (40, 30), 512), TensorSpec("bias", (30,), 0)),
    rule="multi-krum(f=0,keep=3)",
    byzantine=1,
    alpha_q16=1 << 15,
)
SEAT_STAKE_WEI = 600
POOL_WEI = 1000
# The account of each seat, from seat 1 on: the first account holds two.
OWNERS = (1, 1, 2, 3, 4)
SEATS = tuple(range(1, len(OWNERS) + 1))

Falsify = Callable[[RoundOutcome], RoundOutcome]


@dataclass(frozen=True)
class RoundPlan:
    """What happens in a round. `copiers` send what seat 1 sends. `falsify`: what the quorum signs instead."""

    silent: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()
    copiers: tuple[int, ...] = ()
    falsify: Falsify | None = None
    finalize: bool = True


@dataclass
class Swarm:
    """One deployment and accounts with tokens; projects with staked seats are created on it."""

    rpc_url: str
    rpc: Rpc
    deployment: Deployment
    deployment_file: Path
    owner: Chain
    peers: dict[int, Chain]

    def peer_of(self, seat: int) -> Chain:
        """The connection of the account that holds a seat."""
        return self.peers[OWNERS[seat - 1]]

    async def wait_until(self, chain_time: int) -> None:
        """Mine a block of this time, unless the head's is as late."""
        if (await self.owner.head()).timestamp < chain_time:
            self.rpc("evm_mine", hex(chain_time))


@dataclass
class FinishedProject:
    """A project whose rounds are over, with the store and records of the one peer that serves it."""

    swarm: Swarm
    address: Address
    store: LocalStore
    records: BookOfRecords = field(default_factory=BookOfRecords)
    outcomes: dict[int, RoundOutcome] = field(default_factory=dict)
    messages: dict[tuple[int, int], bytes] = field(default_factory=dict)

    @property
    def domain(self) -> Domain:
        """Where signatures of the project count."""
        return Domain(self.swarm.deployment.chain_id, self.address)

    @asynccontextmanager
    async def gateway(
        self,
        *,
        policy: Policy | None = None,
        records: BookOfRecords | None = None,
        limits: GatewayLimits | None = None,
    ) -> AsyncIterator[str]:
        """The peer's real gateway on a socket; gives its URL."""
        gateway = make_gateway(self.store, records=records or self.records, policy=policy, limits=limits)
        async with gateway.serve("127.0.0.1", 0) as url:
            yield url


@asynccontextmanager
async def running_swarm(devnet: Devnet, folder: Path) -> AsyncIterator[Swarm]:
    """Deploy the system and hand out tokens."""
    async with AsyncExitStack() as stack:

        async def connect(index: int) -> Chain:
            account = Account.from_key(devnet.accounts[index].private_key)
            return await stack.enter_async_context(await Chain.connect(devnet.rpc_url, account=account))

        owner = await connect(0)
        deployment = await deploy_system(owner)
        deployment.save(folder / "deployment.json")
        peers = {index: await connect(index) for index in dict.fromkeys(OWNERS)}
        for peer in peers.values():
            assert peer.account is not None
            await Token(owner, deployment.token).transfer(peer.account.address, 100 * SEAT_STAKE_WEI)
        rpc = Rpc(devnet.rpc_url)
        stack.callback(rpc.close)
        yield Swarm(devnet.rpc_url, rpc, deployment, folder / "deployment.json", owner, peers)


async def play(swarm: Swarm, folder: Path, plans: Sequence[RoundPlan | None]) -> FinishedProject:
    """Create a project and play its rounds; None: a round nobody commits to, which is skipped."""
    start = genesis(MANIFEST)
    project = await _create_project(swarm, len([plan for plan in plans if plan is not None]))
    finished = FinishedProject(swarm, project.address, LocalStore(folder))
    finished.store.add(start.to_bytes())
    checkpoints = [start]
    for plan in plans:
        pinned = (await project.status()).pinned_block
        while (await swarm.owner.head()).number <= pinned != 0:
            swarm.rpc("evm_mine")
        number = (await project.open_round()).event(RoundOpened).round
        if plan is None:
            await swarm.wait_until((await project.round(number)).commit_end)
            await project.skip_round(number)
        else:
            checkpoints.append(await _play_round(finished, project, number, plan, checkpoints))
    return finished


async def _play_round(
    finished: FinishedProject, project: Project, number: int, plan: RoundPlan, checkpoints: list[Checkpoint]
) -> Checkpoint:
    swarm = finished.swarm
    opened = (await history_of(finished)).round(number)
    committed = [seat for seat in SEATS if seat not in plan.silent]
    reveals = {}
    for seat in committed:
        vector = _vector(number, 1 if seat in plan.copiers else seat)
        header = MessageHeader(finished.domain.run_id, number, seat, opened.base_digest, MANIFEST.digest)
        message = encode(vector, MANIFEST, header)
        root = PositionTree(data_leaves(parse(message, MANIFEST), MANIFEST.layout)).root
        salt = hashlib.sha256(f"salt {number} {seat}".encode()).digest()
        peer = swarm.peer_of(seat)
        assert peer.account is not None
        digest = root_of(message).digest
        promise = commitment_hash(finished.domain, number, seat, peer.account.address, digest, root, salt)
        await Project(peer, finished.address).commit(number, seat, promise)
        reveals[seat] = (message, digest, root, salt)
    await swarm.wait_until((await project.round(number)).commit_end)
    for seat in committed:
        if seat not in plan.hidden:
            message, digest, root, salt = reveals[seat]
            await Project(swarm.peer_of(seat), finished.address).reveal(number, seat, digest, root, salt)
            finished.store.add(message)
            finished.messages[number, seat] = message
    await swarm.wait_until((await project.round(number)).reveal_end)
    outcome = await _outcome(finished, number, checkpoints)
    if plan.falsify is not None:
        outcome = plan.falsify(outcome)
    await _accept(finished, project, number, outcome)
    if plan.finalize:
        await swarm.wait_until((await project.round(number)).challenge_end)
        await project.finalize(number, outcome.result)
    return outcome.checkpoint


async def _outcome(finished: FinishedProject, number: int, checkpoints: list[Checkpoint]) -> RoundOutcome:
    history = await history_of(finished)
    round_ = history.round(number)
    updates = {
        seat: open_update(finished.messages[number, seat], MANIFEST, finished.domain, round_, reveal)
        for seat, reveal in round_.reveal_by_seat.items()
    }
    before = [outcome for _, outcome in sorted(finished.outcomes.items())]
    return compute_outcome(
        manifest=MANIFEST,
        round=number,
        seed=round_.seed,
        base=checkpoints[-1],
        previous=checkpoints[-2] if len(checkpoints) > 1 else None,
        inputs=inputs_of(round_, updates),
        absent=absent_from(history, round_, frozenset(updates)),
        pool_wei=round_.pool_wei,
        earned={leaf.account: leaf.cumulative_wei for leaf in before[-1].rewards} if before else {},
    )


async def _accept(finished: FinishedProject, project: Project, number: int, outcome: RoundOutcome) -> None:
    """Sign, submit, and keep the record as a peer does."""
    digest = result_digest(finished.domain, number, outcome.result)
    accounts = [peer.account for peer in finished.swarm.peers.values()]
    keys = {account.address: bytes(account.key) for account in accounts if account is not None}
    signers = sorted(keys, key=lambda account: bytes.fromhex(account[2:]))
    signatures = {account: sign_digest(keys[account], digest) for account in signers}
    packed = pack_contributions(outcome.contributions)
    await project.accept_signed(number, outcome.result, packed, list(signatures.values()))
    finished.store.add(outcome.checkpoint_bytes)
    finished.outcomes[number] = outcome
    round_ = (await history_of(finished)).round(number)
    record = RoundRecord(
        round=number,
        seed=round_.seed,
        rule=MANIFEST.rule,
        result=outcome.result,
        result_hash=digest,
        checkpoint=root_of(outcome.checkpoint_bytes),
        checkpoint_bytes=len(outcome.checkpoint_bytes),
        inputs=outcome.inputs,
        contributions=outcome.contributions,
        rewards=outcome.rewards,
        signatures=signatures,
        messages={leaf.seat: _file(finished.messages[number, leaf.seat]) for leaf in outcome.inputs},
        accuracy=0.5,
        loss=1.25,
    )
    finished.records.rounds[number] = record.to_json()


async def history_of(finished: FinishedProject) -> SwarmHistory:
    """The history of the project as the chain tells it."""
    deployment, chain = finished.swarm.deployment, finished.swarm.owner
    head = await chain.head()
    configuration = await Project(chain, finished.address).configuration()
    events = await chain.logs([configuration.registry, finished.address], deployment.block_number, head.number)
    return fold_all(SwarmHistory.of_project(finished.domain, configuration, SEAT_STAKE_WEI), events)


async def _create_project(swarm: Swarm, rounds: int) -> Project:
    assert swarm.owner.account is not None
    configuration = configuration_of(
        MANIFEST,
        token=swarm.deployment.token,
        owner=swarm.owner.account.address,
        round_pool=POOL_WEI,
        rounds=rounds,
        minimum_seats=1,
        commit_seconds=60,
        reveal_seconds=60,
        attest_seconds=600,
        challenge_seconds=1,
    )
    factory, seats = Factory(swarm.owner, swarm.deployment.factory), SeatTerms(SEAT_STAKE_WEI, 1, 10_000)
    created = (await factory.create_project(configuration, seats, MANIFEST.to_bytes())).event(ProjectCreated)
    project = Project(swarm.owner, created.project)
    for index, peer in swarm.peers.items():
        count = OWNERS.count(index)
        await Token(peer, swarm.deployment.token).approve(created.registry, count * SEAT_STAKE_WEI)
        await Registry(peer, created.registry).stake(count)
    await Token(swarm.owner, swarm.deployment.token).approve(project.address, 10 * POOL_WEI)
    await project.fund(10 * POOL_WEI)
    return project


def _file(message: bytes) -> MessageFile:
    return MessageFile(root_of(message), len(message))


def _vector(number: int, seat: int) -> npt.NDArray[np.float32]:
    """A direction all seats share, and noise of each one's own."""
    shared = np.random.default_rng(number).normal(size=MANIFEST.layout.parameter_count)
    own = np.random.default_rng((number, seat)).normal(size=MANIFEST.layout.parameter_count)
    return ((shared + own / 2) / 100).astype(np.float32)

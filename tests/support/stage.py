"""The contracts on a devnet of their own, with six peers who hold a seat each and a funded project of five rounds.

Time stands still between blocks unless a test moves it: the devnet has no heartbeat, windows are long, and `Stage.at`
fixes the time of the next block.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from typing import Any

from eth_account import Account
from eth_hash.auto import keccak

from contracts.attestation import Domain, Result, commitment_hash, result_digest, sign_digest
from contracts.chain import Chain, Receipt
from contracts.client import Contract, Factory, Project, ProjectConfiguration, Registry, Token
from contracts.deploy import CourtParameters, Deployment, deploy_system
from contracts.events import ProjectCreated, ResultAccepted, RoundOpened, SeatsStaked
from contracts.values import ZERO_ADDRESS, Address, SeatTerms
from node.merkle import PositionTree
from node.rounds.outcome import PackedContribution, contribution_leaf, pack_contributions
from tests.support.devnet import Devnet
from tests.support.rpc import Rpc

SEAT_STAKE = 10**18
EPOCH_SECONDS = 1_000
THAW_SECONDS = 5_000
PEERS = 6
ROUND_POOL = 6 * 10**17
ROUNDS = 5
COMMIT_SECONDS, REVEAL_SECONDS, ATTEST_SECONDS, CHALLENGE_SECONDS, CLOSE_SECONDS = 100, 90, 80, 70, 400
MANIFEST = b"a manifest"
GENESIS = keccak(b"genesis")
SILENCE_BOND_BPS = 100
SEAT_TERMS = SeatTerms(SEAT_STAKE, EPOCH_SECONDS, THAW_SECONDS)
PLENTY_OF_GAS = 3_000_000


@dataclass(frozen=True)
class Prepared:
    """What the stage of every test starts from."""

    deployment: Deployment
    project: Address
    registry: Address
    seats: tuple[int, ...]


@dataclass(frozen=True)
class Update:
    """What a seat commits to and reveals."""

    digest: bytes
    data_root: bytes
    salt: bytes


@dataclass(frozen=True)
class Peer:
    """An account with one seat."""

    chain: Chain
    seat: int
    project: Project

    @property
    def address(self) -> Address:
        """Its account."""
        return address_of(self.chain)

    @property
    def key(self) -> bytes:
        """Its private key."""
        assert self.chain.account is not None
        return bytes(self.chain.account.key)


@dataclass(frozen=True)
class Stage:
    """Faces of the contracts for the owner, the peers, and an outsider who has ether and nothing else."""

    control: Rpc
    owner: Chain
    outsider: Chain
    peers: tuple[Peer, ...]
    deployment: Deployment
    token: Token
    registry: Registry
    factory: Factory
    project: Project

    @property
    def domain(self) -> Domain:
        """Where signatures for the project count."""
        return Domain(self.owner.chain_id, self.project.address)

    def on(self, project: Address) -> Stage:
        """The same people in front of another project."""
        peers = tuple(replace(peer, project=Project(peer.chain, project)) for peer in self.peers)
        return replace(self, project=Project(self.owner, project), peers=peers)

    async def another(self, **changes: Any) -> Stage:
        """The same people with a seat each in a new project, which has no budget; seats count from the newest block."""
        configuration = configuration_of(self.deployment, address_of(self.owner), **changes)
        other = self.on(await create_project(self.factory, configuration))
        registry = (await other.project.configuration()).registry
        seats = [await join(peer.chain, self.deployment, registry, 1) for peer in self.peers]
        peers = tuple(replace(peer, seat=seat) for peer, seat in zip(other.peers, seats, strict=True))
        await self.next_epoch()
        return replace(other, peers=peers, registry=Registry(self.owner, registry))

    async def now(self) -> int:
        """Time of the newest block."""
        return (await self.owner.head()).timestamp

    def at(self, timestamp: int) -> None:
        """Fix the time of the next block."""
        self.control("evm_setNextBlockTimestamp", hex(timestamp))

    def mine(self, timestamp: int) -> None:
        """Build a block of that time."""
        self.control("evm_mine", hex(timestamp))

    async def next_epoch(self) -> int:
        """Go to the start of the next epoch; return its number."""
        epoch = await self.now() // EPOCH_SECONDS + 1
        self.mine(epoch * EPOCH_SECONDS)
        return epoch

    async def send(self, contract: Contract, name: str, *arguments: object) -> Receipt:
        """A transaction that is mined whether it can succeed or not: nothing is tried out before."""
        data = contract.abi.encode_call(name, *arguments)
        return await contract.chain.send(contract.address, data, gas=PLENTY_OF_GAS)

    async def in_one_block(self, *sending: Coroutine[Any, Any, Receipt]) -> list[Receipt]:
        """Let transactions wait for each other and mine them together."""
        people = [address_of(chain) for chain in (self.owner, self.outsider, *(peer.chain for peer in self.peers))]

        def waiting() -> int:
            count = self.control.integer
            nonces = "eth_getTransactionCount"
            return sum(count(nonces, each, "pending") - count(nonces, each, "latest") for each in people)

        self.control("evm_setAutomine", False)
        try:
            tasks = [asyncio.create_task(each) for each in sending]
            await until(lambda: waiting() == len(tasks))
            self.control("evm_mine")
            return await asyncio.gather(*tasks)
        finally:
            self.control("evm_setAutomine", True)

    async def open_round(self) -> RoundOpened:
        """Open the next round, on a block whose hash the seed can take."""
        pinned = (await self.project.status()).pinned_block
        while (await self.owner.head()).number <= pinned != 0:
            self.control("evm_mine")
        return (await self.project.open_round()).event(RoundOpened)

    def commitment(self, peer: Peer, number: int) -> bytes:
        """What the peer commits to in a round."""
        update = update_of(peer.seat, number)
        return commitment_hash(
            self.domain, number, peer.seat, peer.address, update.digest, update.data_root, update.salt
        )

    async def commit(self, peer: Peer, number: int) -> Receipt:
        """Commit the peer's update of a round."""
        return await self.send(peer.project, "commit", number, peer.seat, self.commitment(peer, number))

    async def reveal(self, peer: Peer, number: int) -> Receipt:
        """Reveal the peer's update of a round."""
        update = update_of(peer.seat, number)
        return await self.send(peer.project, "reveal", number, peer.seat, update.digest, update.data_root, update.salt)

    async def gather_updates(self) -> RoundOpened:
        """Open a round in which everybody commits and reveals: its attest window has begun."""
        opened = await self.open_round()
        await asyncio.gather(*(self.commit(peer, opened.round) for peer in self.peers))
        await asyncio.gather(*(self.reveal(peer, opened.round) for peer in self.peers))
        return opened

    def sign(self, number: int, result: Result, peers: Iterable[Peer]) -> list[bytes]:
        """Signatures of a result in ascending order of signers."""
        digest = result_digest(self.domain, number, result)
        ordered = sorted(peers, key=lambda peer: int(peer.address, 16))
        return [sign_digest(peer.key, digest) for peer in ordered]

    async def accept(self, number: int, result: Result) -> ResultAccepted:
        """Submit a result that everybody signed."""
        return (await self.submit(number, result, self.sign(number, result, self.peers))).event(ResultAccepted)

    async def submit(self, number: int, result: Result, signatures: Sequence[bytes]) -> Receipt:
        """Submit a result with the contributions that pay what it allocates."""
        return await self.project.accept_signed(number, result, await self.contributions(result), signatures)

    async def contributions(self, result: Result) -> bytes:
        """What a result is accepted with now."""
        return contributions_of(result.cumulative_total - (await self.project.status()).cumulative_total)

    async def play_round(self, *, total: int | None = None, reward_root: bytes | None = None) -> tuple[int, Result]:
        """A whole round up to acceptance; `total` None: it allocates its whole pool."""
        opened = await self.gather_updates()
        status = await self.project.status()
        result = make_result(
            opened.round,
            opened.base_digest,
            status.cumulative_total + ROUND_POOL if total is None else total,
            reward_root,
            before=status.cumulative_total,
        )
        await self.accept(opened.round, result)
        return opened.round, result

    async def finish_round(self, **options: Any) -> tuple[int, Result]:
        """A whole round up to finalization."""
        number, result = await self.play_round(**options)
        self.at((await self.project.round(number)).challenge_end)
        await self.send(self.project, "finalize", number, result)
        return number, result


async def until(condition: Callable[[], bool], *, timeout_seconds: float = 30) -> None:
    """Wait for a condition while everything else goes on."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def address_of(chain: Chain) -> Address:
    """The account a connection acts for."""
    assert chain.account is not None
    address: Address = chain.account.address
    return address


def update_of(seat: int, number: int) -> Update:
    """A seat's update of a round, made up."""
    return Update(*(keccak(f"{part} of seat {seat} in round {number}".encode()) for part in ("digest", "root", "salt")))


def contributions_of(paid: int) -> bytes:
    """One contribution that pays so much, packed: what a made-up result is accepted with."""
    return pack_contributions([PackedContribution(1, 1 << 16, 1 << 46, 0, max(0, paid))])


def make_result(number: int, base: bytes, total: int, reward_root: bytes | None = None, *, before: int = 0) -> Result:
    """A result, made up apart from what the contract checks. `before`: what was allocated up to its base."""
    names = ("input_root", "cid", "data_root", "reward_root")
    parts = {name: keccak(f"{name} of round {number}".encode()) for name in names}
    paid = PackedContribution(1, 1 << 16, 1 << 46, 0, max(0, total - before))
    parts["weight_root"] = PositionTree([contribution_leaf(paid)]).root
    if reward_root is not None:
        parts["reward_root"] = reward_root
    return Result(prev_cid=base, cumulative_total=total, **parts)


def configuration_of(deployment: Deployment, owner: Address, **changes: Any) -> ProjectConfiguration:
    """The configuration of the stage's project, with changes."""
    standard = ProjectConfiguration(
        token=deployment.token,
        registry=ZERO_ADDRESS,
        owner=owner,
        guardian=ZERO_ADDRESS,
        manifest_digest=hashlib.sha256(MANIFEST).digest(),
        genesis_digest=GENESIS,
        genesis_data_root=keccak(b"genesis data"),
        arithmetic_hash=bytes(32),
        rule_hash=keccak(b"mean"),
        round_pool=ROUND_POOL,
        rounds=ROUNDS,
        minimum_seats=3,
        trainers_per_round=0,
        attesters_per_round=0,
        commit_seconds=COMMIT_SECONDS,
        reveal_seconds=REVEAL_SECONDS,
        availability_seconds=0,
        attest_commit_seconds=0,
        attest_seconds=ATTEST_SECONDS,
        challenge_seconds=CHALLENGE_SECONDS,
        close_thaw_seconds=CLOSE_SECONDS,
        silence_bond_bps=SILENCE_BOND_BPS,
    )
    return replace(standard, **changes)


async def create_project(
    stage_factory: Factory, configuration: ProjectConfiguration, seat_terms: SeatTerms = SEAT_TERMS
) -> Address:
    """Create a project and return its address."""
    receipt = await stage_factory.create_project(configuration, seat_terms, MANIFEST)
    return receipt.event(ProjectCreated).project


async def fund(token: Token, project: Address, amount: int) -> None:
    """Pay into a project's budget from the token face's account."""
    await token.approve(project, amount)
    await Project(token.chain, project).fund(amount)


async def join(chain: Chain, deployment: Deployment, registry: Address, count: int) -> int:
    """Stake seats for a connection's account; return the first seat's id."""
    await Token(chain, deployment.token).approve(registry, count * SEAT_STAKE)
    receipt = await Registry(chain, registry).stake(count)
    return receipt.event(SeatsStaked).first_seat


async def prepare(devnet: Devnet) -> Prepared:
    """Deploy, stake, create and fund; the seats count from the newest block on."""
    async with connected(devnet) as chains:
        owner, peers = chains[0], chains[1 : PEERS + 1]
        deployment = await deploy_system(owner, court=CourtParameters(SEAT_STAKE, EPOCH_SECONDS, THAW_SECONDS))
        token = Token(owner, deployment.token)
        await asyncio.gather(*(token.transfer(address_of(peer), 10 * SEAT_STAKE) for peer in peers))
        configuration = configuration_of(deployment, address_of(owner))
        project = await create_project(Factory(owner, deployment.factory), configuration)
        registry = (await Project(owner, project).configuration()).registry
        seats = [await join(peer, deployment, registry, 1) for peer in peers]
        await fund(token, project, ROUNDS * ROUND_POOL)
        with closing(Rpc(devnet.rpc_url)) as control:
            epoch = (await owner.head()).timestamp // EPOCH_SECONDS + 1
            control("evm_mine", hex(epoch * EPOCH_SECONDS))
    return Prepared(deployment, project, registry, tuple(seats))


@asynccontextmanager
async def connected(devnet: Devnet) -> AsyncIterator[list[Chain]]:
    """A connection for the owner, every peer and the outsider."""
    async with AsyncExitStack() as stack:
        chains = []
        for account in devnet.accounts[: PEERS + 2]:
            chain = await Chain.connect(devnet.rpc_url, account=Account.from_key(account.private_key))
            chains.append(await stack.enter_async_context(chain))
        yield chains


@asynccontextmanager
async def on_stage(devnet: Devnet, prepared: Prepared) -> AsyncIterator[Stage]:
    """The stage for one test; whatever the test does to the chain is undone."""
    with closing(Rpc(devnet.rpc_url)) as control:
        snapshot = control("evm_snapshot")
        try:
            async with connected(devnet) as chains:
                owner, *peers, outsider = chains
                deployment = prepared.deployment
                yield Stage(
                    control=control,
                    owner=owner,
                    outsider=outsider,
                    peers=tuple(
                        Peer(chain, seat, Project(chain, prepared.project))
                        for chain, seat in zip(peers, prepared.seats, strict=True)
                    ),
                    deployment=deployment,
                    token=Token(owner, deployment.token),
                    registry=Registry(owner, prepared.registry),
                    factory=Factory(owner, deployment.factory),
                    project=Project(owner, prepared.project),
                )
        finally:
            assert control("evm_revert", snapshot)

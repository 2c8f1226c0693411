"""Tokens that keep a fee or call back while they are moved: refused, and nothing is lost or paid twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_abi.abi import encode

from contracts.abi import ContractAbi, Function, contract_abi, selector
from contracts.build import ROOT, compile_sources
from contracts.chain import Receipt
from contracts.client import Contract, Factory, Project, Registry, Token
from contracts.deploy import deploy_system
from contracts.events import CloseRequested, RewardClaimed
from contracts.reverts.library import ReentrancyGuardReentrantCall
from contracts.reverts.project import Project_Closing
from contracts.reverts.project_money import Project_InexactTransfer, Project_NothingToClaim
from contracts.reverts.registry import Registry_InexactTransfer
from node.merkle import StandardTree
from tests.support.stage import (
    PEERS,
    ROUND_POOL,
    SEAT_STAKE,
    Peer,
    Stage,
    address_of,
    configuration_of,
    create_project,
    fund,
    join,
)

SOURCE = ROOT / "test" / "support" / "HostileToken.sol"


@pytest.fixture(scope="module")
def hostile_abi() -> ContractAbi:
    """The token, compiled here: it is no contract of ours."""
    output = compile_sources({"tests/HostileToken.sol": SOURCE.read_text("utf-8")})["HostileToken"]
    functions = [entry for entry in output["abi"] if entry["type"] == "function"]
    return replace(
        contract_abi("SwarmToken"),
        name="HostileToken",
        bytecode=bytes.fromhex(output["evm"]["bytecode"]["object"]),
        constructor_inputs=next(entry["inputs"] for entry in output["abi"] if entry["type"] == "constructor"),
        functions={
            entry["name"]: Function(entry["name"], selector(entry), tuple(entry["inputs"]), tuple(entry["outputs"]))
            for entry in functions
        },
    )


@dataclass(frozen=True)
class Hostile:
    """A stage whose token obeys the test."""

    stage: Stage
    abi: ContractAbi

    async def tell(self, name: str, *arguments: object) -> Receipt:
        """Change what the token does."""
        return await self.stage.owner.send(self.stage.token.address, self.abi.encode_call(name, *arguments))

    async def call_back(self, contract: Contract, name: str, *arguments: object) -> None:
        """Let the token call a contract within the next transfer."""
        await self.tell("setCallback", contract.address, contract.abi.encode_call(name, *arguments))


@pytest.fixture
async def hostile(stage: Stage, hostile_abi: ContractAbi) -> Hostile:
    """The whole system on the hostile token, which behaves at first."""
    owner = stage.owner
    receipt = await owner.send(None, hostile_abi.encode_deployment(10**27))
    assert receipt.contract_address is not None
    deployment = await deploy_system(owner, token=receipt.contract_address)
    token = Token(owner, deployment.token)
    factory = Factory(owner, deployment.factory)
    project = await create_project(factory, configuration_of(deployment, address_of(owner)))
    registry = (await Project(owner, project).configuration()).registry
    peers = []
    for peer in stage.peers:
        await token.transfer(peer.address, 2 * SEAT_STAKE)
        peers.append(Peer(peer.chain, await join(peer.chain, deployment, registry, 1), Project(peer.chain, project)))
    await fund(token, project, 2 * ROUND_POOL)
    ready = replace(
        stage,
        deployment=deployment,
        token=token,
        registry=Registry(owner, registry),
        factory=factory,
        project=Project(owner, project),
        peers=tuple(peers),
    )
    await ready.next_epoch()
    return Hostile(ready, hostile_abi)


async def test_a_token_that_keeps_a_fee_is_neither_staked_nor_funded_with(hostile: Hostile) -> None:
    stage, peer = hostile.stage, hostile.stage.peers[0]
    await Token(peer.chain, stage.token.address).approve(stage.registry.address, SEAT_STAKE)
    await stage.token.approve(stage.project.address, 100)
    await hostile.tell("setFee", 1)
    with pytest.raises(Registry_InexactTransfer) as staking:
        await Registry(peer.chain, stage.registry.address).stake(1)
    assert (staking.value.expected, staking.value.received) == (SEAT_STAKE, SEAT_STAKE - 1)
    with pytest.raises(Project_InexactTransfer) as funding:
        await stage.project.fund(100)
    assert (funding.value.expected, funding.value.received) == (100, 99)
    assert await stage.registry.seat_count() == PEERS


async def test_stake_is_not_paid_back_twice_from_within_a_transfer(hostile: Hostile) -> None:
    stage, peer = hostile.stage, hostile.stage.peers[0]
    registry = Registry(peer.chain, stage.registry.address)
    await registry.begin_unstake([peer.seat])
    stage.mine(await registry.thaw_end(peer.seat))
    await hostile.call_back(registry, "unstake", [peer.seat])
    with pytest.raises(ReentrancyGuardReentrantCall):
        await registry.unstake([peer.seat])
    await Token(peer.chain, stage.token.address).approve(stage.registry.address, SEAT_STAKE)
    await hostile.call_back(registry, "stake", 1)
    with pytest.raises(ReentrancyGuardReentrantCall):
        await registry.stake(1)


@pytest.mark.parametrize("inner", ["claim", "close", "fund"])
async def test_money_of_a_project_is_not_moved_from_within_a_deposit(hostile: Hostile, inner: str) -> None:
    stage, peer = hostile.stage, hostile.stage.peers[0]
    arguments: dict[str, tuple[Any, ...]] = {"claim": (peer.address, 5, []), "close": (), "fund": (1,)}
    await stage.token.approve(stage.project.address, 1)
    await hostile.call_back(stage.project, inner, *arguments[inner])
    with pytest.raises(ReentrancyGuardReentrantCall):
        await stage.project.fund(1)


async def test_a_claim_is_not_paid_twice_from_within_a_transfer(hostile: Hostile) -> None:
    stage, peer = hostile.stage, hostile.stage.peers[0]
    tree = StandardTree([encode(["address", "uint256"], [peer.address, 5])])
    await stage.finish_round(total=5, reward_root=tree.root)
    await hostile.call_back(stage.project, "claim", peer.address, 5, [])
    with pytest.raises(Project_NothingToClaim):
        await stage.project.claim(peer.address, 5, [])
    assert await stage.project.claimed(peer.address) == 0
    await hostile.tell("setCallback", "0x" + "00" * 20, b"")
    assert (await stage.project.claim(peer.address, 5, [])).event(RewardClaimed).amount == 5


async def test_a_failure_within_a_transfer_undoes_everything(hostile: Hostile) -> None:
    stage = hostile.stage
    requested = (await stage.project.request_close()).event(CloseRequested)
    stage.mine(requested.closable_at)
    await hostile.call_back(stage.project, "openRound")
    with pytest.raises(Project_Closing):
        await stage.project.close()
    status = await stage.project.status()
    assert (status.closed, status.refunded, status.available) == (False, 0, 2 * ROUND_POOL)

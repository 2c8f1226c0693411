"""Deploying the system, and the record that leads back to it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from contracts.attestation import checksum_address
from contracts.chain import Chain
from contracts.client import Factory, Project, Registry, Token
from contracts.deploy import BURNING, SUPPLY_WEI, CourtParameters, Deployment, deploy_system
from contracts.errors import DeploymentError, MissingAccount, MissingContract
from contracts.reverts.registry import Registry_BadParameter
from tests.support.stage import Stage, address_of


async def test_a_deployed_system_is_wired_together(stage: Stage) -> None:
    before = await stage.owner.head()
    deployment = await deploy_system(stage.owner, court=CourtParameters(5, 6, 7))
    assert (deployment.chain_id, deployment.block_number) == (stage.owner.chain_id, before.number)
    assert deployment.gas > 5_000_000
    registry = Registry(stage.owner, deployment.verifier_registry)
    assert await registry.token() == deployment.token
    assert (await registry.seat_stake(), await registry.epoch_seconds(), await registry.thaw_seconds()) == (5, 6, 7)
    factory = Factory(stage.owner, deployment.factory)
    assert await factory.implementation() == deployment.implementation
    assert deployment.insurance == BURNING
    token = Token(stage.owner, deployment.token)
    assert await token.balance_of(address_of(stage.owner)) == SUPPLY_WEI == await token.total_supply()
    assert (await token.symbol(), await token.decimals()) == ("SWARM", 18)


async def test_a_token_that_exists_is_used(stage: Stage) -> None:
    insurance = address_of(stage.outsider)
    deployment = await deploy_system(stage.owner, token=stage.token.address, insurance=insurance)
    assert deployment.token == stage.token.address == await Registry(stage.owner, deployment.verifier_registry).token()
    assert deployment.insurance == await Project(stage.owner, deployment.implementation).insurance() == insurance


async def test_bad_parameters_and_missing_accounts_deploy_nothing(stage: Stage) -> None:
    with pytest.raises(Registry_BadParameter, match="epochSeconds"):
        await deploy_system(stage.owner, court=CourtParameters(1, 0, 1))
    async with await Chain.connect(stage.owner.rpc_url) as reader:
        with pytest.raises(MissingAccount):
            await deploy_system(reader)


async def test_a_record_leads_back_to_the_system(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    stage.deployment.save(path)
    loaded = Deployment.load(path)
    assert loaded == stage.deployment
    await loaded.check(stage.owner, path)
    with pytest.raises(DeploymentError, match=f"is of chain 1, the node serves chain {stage.owner.chain_id}"):
        await replace(loaded, chain_id=1).check(stage.owner, path)
    with pytest.raises(MissingContract):
        await replace(loaded, factory=address_of(stage.outsider)).check(stage.owner, path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chain_id": "1"}, "chain_id is '1', expected a number"),
        ({"chain_id": True}, "chain_id is True, expected a number"),
        ({"block_number": -1}, "block_number is -1, expected a number"),
        ({"token": 5}, "token is 5, expected an address"),
        ({"token": "0x12"}, "token is '0x12', expected an address"),
        ({"disputes": "0x" + "zz" * 20}, "expected an address"),
        ({"unknown": 1}, "expected"),
        ({"factory": ...}, "expected"),
    ],
)
def test_a_damaged_record_is_named(record: Deployment, tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    document = {name: value for name, value in (asdict(record) | change).items() if value is not ...}
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DeploymentError, match=reason) as refusal:
        Deployment.load(path)
    assert refusal.value.exit_code == 2


def test_a_mistyped_address_is_noticed(record: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    swapped = record.token.swapcase().replace("0X", "0x")
    path.write_text(json.dumps(asdict(record) | {"token": swapped}), "utf-8")
    with pytest.raises(DeploymentError, match="whose checksum is wrong"):
        Deployment.load(path)
    path.write_text(json.dumps(asdict(record) | {"token": record.token.lower()}), "utf-8")
    assert Deployment.load(path) == record


@pytest.mark.parametrize(
    ("text", "reason"), [("", "is not JSON"), ("[]", "is not a JSON object"), ("\x00", "is not JSON")]
)
def test_what_is_no_record_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "deployment.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DeploymentError, match=reason):
        Deployment.load(path)
    with pytest.raises(DeploymentError, match="No such file or directory"):
        Deployment.load(tmp_path / "missing.json")


@pytest.fixture
def record() -> Deployment:
    """A record that could be."""
    addresses = [checksum_address(bytes([0xA0 + i]) * 20) for i in range(8)]
    return Deployment(31337, *addresses, block_number=5, gas=8_000_000)

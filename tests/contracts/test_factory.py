"""Creating projects: everything is checked at birth, fixed for good, and published with the project."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from contracts.abi import contract_abi
from contracts.client import Factory, Project, Registry
from contracts.events import ProjectCreated
from contracts.reverts.base import RevertedWithData
from contracts.reverts.factory import (
    Factory_BondTooLarge,
    Factory_CloseThawTooShort,
    Factory_ManifestMismatch,
    Factory_RegistryGiven,
    Factory_RoundOutlastsThaw,
    Factory_RoundTooLong,
    Factory_ZeroParameter,
)
from contracts.reverts.project import Project_Closed
from contracts.values import ZERO_ADDRESS, ProjectConfiguration, SeatTerms
from tests.support.stage import (
    ATTEST_SECONDS,
    CHALLENGE_SECONDS,
    COMMIT_SECONDS,
    GENESIS,
    MANIFEST,
    REVEAL_SECONDS,
    ROUND_POOL,
    SEAT_TERMS,
    THAW_SECONDS,
    Stage,
    address_of,
    configuration_of,
    create_project,
    fund,
)

ROUND_SECONDS = COMMIT_SECONDS + REVEAL_SECONDS + ATTEST_SECONDS + CHALLENGE_SECONDS


async def test_a_project_holds_its_configuration_and_publishes_its_manifest(stage: Stage) -> None:
    configuration = configuration_of(stage.deployment, address_of(stage.peers[2].chain))
    receipt = await Factory(stage.outsider, stage.factory.address).create_project(configuration, SEAT_TERMS, MANIFEST)
    created = receipt.event(ProjectCreated)
    assert (created.owner, created.manifest) == (configuration.owner, MANIFEST)
    project = Project(stage.owner, created.project)
    assert await project.configuration() == replace(configuration, registry=created.registry)
    registry = Registry(stage.owner, created.registry)
    assert await registry.slasher() == created.project
    assert await registry.guardian() == configuration.guardian
    terms = await registry.seat_stake(), await registry.epoch_seconds(), await registry.thaw_seconds()
    assert SeatTerms(*terms) == SEAT_TERMS
    assert await registry.token() == stage.token.address
    named = await project.disputes(), await project.attendance(), await project.insurance()
    assert named == (stage.deployment.disputes, stage.deployment.attendance, stage.deployment.insurance)
    assert hashlib.sha256(created.manifest).digest() == configuration.manifest_digest
    assert await stage.factory.is_project(created.project)
    assert not await stage.factory.is_project(stage.token.address)
    assert await stage.factory.implementation() == stage.deployment.implementation


async def test_a_new_project_is_empty_and_starts_from_genesis(stage: Stage) -> None:
    project = Project(stage.owner, await create_project(stage.factory, standard(stage)))
    status = await project.status()
    assert status.head_digest == GENESIS
    assert (status.last_round, status.funded, status.available, status.reserved) == (0, 0, 0, 0)
    assert (status.complete, status.closing, status.closed) == (False, False, False)


async def test_projects_keep_their_money_apart(stage: Stage) -> None:
    other = await create_project(stage.factory, standard(stage))
    before = await stage.project.status()
    await fund(stage.token, other, ROUND_POOL)
    assert await stage.project.status() == before
    assert await stage.token.balance_of(other) == ROUND_POOL


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"owner": ZERO_ADDRESS}, "owner"),
        ({"genesis_digest": bytes(32)}, "genesisDigest"),
        ({"genesis_data_root": bytes(32)}, "genesisDataRoot"),
        ({"attesters_per_round": 3}, "attestCommitSeconds"),
        ({"rule_hash": bytes(32)}, "ruleHash"),
        ({"round_pool": 0}, "roundPool"),
        ({"rounds": 0}, "rounds"),
        ({"minimum_seats": 0}, "minimumSeats"),
        ({"commit_seconds": 0}, "commitSeconds"),
        ({"reveal_seconds": 0}, "revealSeconds"),
        ({"attest_seconds": 0}, "attestSeconds"),
        ({"challenge_seconds": 0}, "challengeSeconds"),
    ],
)
async def test_parts_of_a_configuration_must_not_be_zero(stage: Stage, change: dict[str, Any], name: str) -> None:
    with pytest.raises(Factory_ZeroParameter) as refusal:
        await stage.factory.create_project(standard(stage, **change), SEAT_TERMS, MANIFEST)
    assert refusal.value.name == name


async def test_the_registry_is_made_by_the_factory(stage: Stage) -> None:
    with pytest.raises(Factory_RegistryGiven) as refusal:
        await create_project(stage.factory, standard(stage, registry=stage.registry.address))
    assert refusal.value.registry == stage.registry.address


async def test_silence_costs_a_tenth_of_the_stake_at_most(stage: Stage) -> None:
    await create_project(stage.factory, standard(stage, silence_bond_bps=1000))
    with pytest.raises(Factory_BondTooLarge) as refusal:
        await create_project(stage.factory, standard(stage, silence_bond_bps=1001))
    assert (refusal.value.have, refusal.value.most) == (1001, 1000)


async def test_the_manifest_must_be_the_one_of_the_configuration(stage: Stage) -> None:
    with pytest.raises(Factory_ManifestMismatch) as refusal:
        await stage.factory.create_project(standard(stage), SEAT_TERMS, MANIFEST + b" ")
    assert refusal.value.have == hashlib.sha256(MANIFEST + b" ").digest()
    assert refusal.value.want == hashlib.sha256(MANIFEST).digest()


async def test_a_round_may_last_as_long_as_leaving_stake_stays_locked_and_no_longer(stage: Stage) -> None:
    longest = COMMIT_SECONDS + THAW_SECONDS - ROUND_SECONDS
    changes: dict[str, Any] = {"close_thaw_seconds": 10 * THAW_SECONDS}
    await create_project(stage.factory, standard(stage, commit_seconds=longest, **changes))
    with pytest.raises(Factory_RoundOutlastsThaw) as refusal:
        await create_project(stage.factory, standard(stage, commit_seconds=longest + 1, **changes))
    assert (refusal.value.round_seconds, refusal.value.thaw_seconds) == (THAW_SECONDS + 1, THAW_SECONDS)


async def test_closing_takes_as_long_as_a_round_at_least(stage: Stage) -> None:
    await create_project(stage.factory, standard(stage, close_thaw_seconds=ROUND_SECONDS))
    with pytest.raises(Factory_CloseThawTooShort) as refusal:
        await create_project(stage.factory, standard(stage, close_thaw_seconds=ROUND_SECONDS - 1))
    assert (refusal.value.close_thaw_seconds, refusal.value.round_seconds) == (ROUND_SECONDS - 1, ROUND_SECONDS)


async def test_the_longest_windows_do_not_overflow(stage: Stage) -> None:
    windows = ("commit_seconds", "reveal_seconds", "availability_seconds", "attest_commit_seconds", "attest_seconds")
    configuration = standard(stage, **dict.fromkeys(windows, 2**32 - 1))
    with pytest.raises(Factory_RoundTooLong) as refusal:
        await create_project(stage.factory, configuration)
    assert (refusal.value.have, refusal.value.most) == (5 * (2**32 - 1), 2**24 - 1)


async def test_the_code_behind_all_projects_is_no_project_itself(stage: Stage) -> None:
    template = Project(stage.owner, stage.deployment.implementation)
    with pytest.raises(RevertedWithData):
        await template.configuration()
    for name in ("openRound", "requestClose", "close"):
        with pytest.raises(RevertedWithData):
            await stage.send(template, name)
    await stage.token.approve(template.address, 1)
    with pytest.raises(Project_Closed):
        await template.fund(1)


@pytest.mark.parametrize("index", range(3))
async def test_a_factory_needs_somebody_for_everything(stage: Stage, index: int) -> None:
    parts = [stage.deployment.disputes, stage.deployment.attendance, stage.deployment.insurance]
    parts[index] = ZERO_ADDRESS
    with pytest.raises(Factory_ZeroParameter, match=f"{('disputes', 'attendance', 'insurance')[index]} must not be"):
        await stage.owner.send(None, contract_abi("ProjectFactory").encode_deployment(*parts))


def standard(stage: Stage, **changes: Any) -> ProjectConfiguration:
    return replace(configuration_of(stage.deployment, address_of(stage.owner)), **changes)

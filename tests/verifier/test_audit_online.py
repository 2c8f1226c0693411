"""Audits against a real devnet and real gateways: what holds, what is false, what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.client import Project, Registry
from contracts.errors import ChainUnreachable
from node.exchange.limits import GatewayLimits
from node.storage.unixfs import root_of
from tests.support.devnet import Devnet
from tests.support.gateways import BookOfRecords
from tests.verifier.conftest import settings_of
from tests.verifier.swarm import FinishedProject, RoundPlan, play, running_swarm
from verifier.audit import AuditSettings, audit
from verifier.errors import AuditSettingsError
from verifier.verdict import Accept, Inconclusive, Reject

Settings = Callable[..., AuditSettings]


def flipping(digest: bytes) -> Callable[[str | None, bytes, bytes], bytes | None]:
    """A policy that serves one block with one bit changed."""

    def policy(requester: str | None, wanted: bytes, block: bytes) -> bytes | None:
        return block[:-1] + bytes([block[-1] ^ 1]) if wanted == digest else block

    return policy


def hiding(digest: bytes) -> Callable[[str | None, bytes, bytes], bytes | None]:
    """A policy that denies having one block."""
    return lambda requester, wanted, block: None if wanted == digest else block


def changed(finished: FinishedProject, number: int, change: Callable[[dict[str, Any]], None]) -> BookOfRecords:
    """The records with a change in one of them."""
    document = json.loads(finished.records.rounds[number])
    change(document)
    return BookOfRecords({**finished.records.rounds, number: json.dumps(document).encode()})


async def test_a_true_project_is_accepted(finished: FinishedProject, online: Settings) -> None:
    async with finished.gateway() as url:
        verdict = await audit(online(url))
    assert verdict == Accept((1, 3, 4), finished.outcomes[4].result.cid)
    assert verdict.exit_code == 0
    assert verdict.to_json()["verdict"] == "accept"
    assert verdict.to_json()["rounds"] == 3


async def test_the_only_project_of_a_deployment_needs_no_name(finished: FinishedProject) -> None:
    async with finished.gateway() as url:
        verdict = await audit(
            AuditSettings(rpc_url=finished.swarm.rpc_url, deployment=finished.swarm.deployment_file, gateways=(url,))
        )
    assert isinstance(verdict, Accept)


@pytest.mark.parametrize("number", [1, 3, 4])
async def test_one_round_can_be_audited_alone(finished: FinishedProject, online: Settings, number: int) -> None:
    async with finished.gateway() as url:
        verdict = await audit(online(url, round=number))
    assert verdict == Accept((number,), finished.outcomes[number].result.cid)


async def test_a_round_without_a_result_cannot_be_audited(finished: FinishedProject, online: Settings) -> None:
    async with finished.gateway() as url:
        with pytest.raises(AuditSettingsError, match="round 2 has no accepted result; accepted rounds: 1, 3, 4"):
            await audit(online(url, round=2))


@pytest.mark.parametrize("number", [0, 1, 3, 4])
async def test_a_flipped_byte_in_a_checkpoint_is_rejected(
    finished: FinishedProject, online: Settings, number: int
) -> None:
    digest = finished.outcomes[number].result.cid if number else finished.outcomes[1].result.prev_cid
    async with finished.gateway(policy=flipping(digest)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert verdict.exit_code == 3
    assert (verdict.round, verdict.object) == (number, f"checkpoint of round {number}")
    assert (verdict.name, verdict.expected) == ("digest", "0x" + digest.hex())
    assert len(verdict.found) == 66
    assert verdict.found != verdict.expected


async def test_a_flipped_byte_in_a_message_is_rejected(finished: FinishedProject, online: Settings) -> None:
    digest = root_of(finished.messages[3, 2]).digest
    async with finished.gateway(policy=flipping(digest)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert (verdict.round, verdict.object) == (3, "message of seat 2 in round 3")
    assert verdict.expected == "0x" + digest.hex()
    assert verdict.rounds == (1,)


async def test_a_flipped_byte_in_a_reward_leaf_is_rejected(finished: FinishedProject, online: Settings) -> None:
    def change(document: dict[str, Any]) -> None:
        leaf = document["rewards"][1]
        leaf["cumulative_wei"] = str(int(leaf["cumulative_wei"]) + 1)

    leaf = finished.outcomes[3].rewards[1]
    async with finished.gateway(records=changed(finished, 3, change)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert (verdict.round, verdict.object) == (3, "record of round 3")
    assert verdict.name == f"reward leaf of {leaf.account}: cumulative_wei"
    assert (verdict.expected, verdict.found) == (str(leaf.cumulative_wei), str(leaf.cumulative_wei + 1))
    assert url in verdict.evidence["served_by"]


async def test_a_flipped_byte_in_a_signature_is_rejected(finished: FinishedProject, online: Settings) -> None:
    def change(document: dict[str, Any]) -> None:
        item = document["signatures"][2]
        text = item["signature"]
        item["signature"] = text[:20] + format(int(text[20], 16) ^ 1, "x") + text[21:]

    signer = json.loads(finished.records.rounds[1])["signatures"][2]["signer"]
    async with finished.gateway(records=changed(finished, 1, change)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert verdict.object == f"signature of {signer} in the record of round 1"


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("weight", "contribution of seat 3: weight"),
        ("score", "contribution of seat 3: score"),
        ("reason", "contribution of seat 3: reason"),
        ("owner", "contribution of seat 3: owner"),
        ("cid", "contribution of seat 3: cid"),
        ("message_bytes", "contribution of seat 3: message_bytes"),
    ],
)
async def test_a_false_contribution_in_a_record_is_rejected(
    finished: FinishedProject, online: Settings, part: str, name: str
) -> None:
    def change(document: dict[str, Any]) -> None:
        document["contributions"][2][part] = document["contributions"][0][part] if part == "owner" else "filtered"

    async with finished.gateway(records=changed(finished, 3, change)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert (verdict.object, verdict.name) == ("record of round 3", name)


async def test_a_false_input_set_in_a_record_is_rejected(finished: FinishedProject, online: Settings) -> None:
    async with finished.gateway(records=changed(finished, 4, lambda document: document["inputs"].pop())) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Reject)
    assert (verdict.object, verdict.name) == ("record of round 4", "inputRoot")
    assert verdict.evidence["input_seats"] == "1, 2, 3, 4"


async def test_one_liar_among_peers_changes_nothing(finished: FinishedProject, online: Settings) -> None:
    digest = finished.outcomes[3].result.cid
    lies = changed(finished, 3, lambda document: document["rewards"].reverse())
    async with finished.gateway(policy=flipping(digest), records=lies) as liar, finished.gateway() as honest:
        verdict = await audit(online(liar, honest))
    assert isinstance(verdict, Accept)


async def test_a_missing_message_makes_no_verdict_and_is_named(finished: FinishedProject, online: Settings) -> None:
    async with finished.gateway(policy=hiding(root_of(finished.messages[4, 3]).digest)) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Inconclusive)
    assert (verdict.round, verdict.object) == (4, "message of seat 3 in round 4")
    assert url in verdict.reason
    assert verdict.exit_code == 4
    assert verdict.rounds == (1, 3)


async def test_a_missing_record_makes_no_verdict_and_is_named(finished: FinishedProject, online: Settings) -> None:
    records = BookOfRecords({1: finished.records.rounds[1]})
    async with finished.gateway(records=records) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Inconclusive)
    assert verdict.object == "record of round 3"


async def test_peers_that_are_gone_make_no_verdict(finished: FinishedProject, online: Settings) -> None:
    async with finished.gateway() as url:
        pass
    verdict = await audit(online(url))
    assert isinstance(verdict, Inconclusive)
    assert verdict.object == "checkpoint of round 0"
    assert url in verdict.reason


async def test_without_announced_endpoints_nobody_can_be_asked(finished: FinishedProject, online: Settings) -> None:
    verdict = await audit(online())
    assert isinstance(verdict, Inconclusive)
    assert "no sources" in verdict.reason


async def test_a_chain_that_does_not_answer_is_an_error(finished: FinishedProject, tmp_path: Path) -> None:
    with pytest.raises(ChainUnreachable) as caught:
        await audit(AuditSettings(rpc_url="http://127.0.0.1:9", deployment=finished.swarm.deployment_file))
    assert caught.value.exit_code == 4


async def test_an_audit_needs_a_deployment_or_an_archive() -> None:
    with pytest.raises(AuditSettingsError, match="needs a deployment record"):
        await audit(AuditSettings())


async def test_a_project_of_another_factory_is_named(finished: FinishedProject, online: Settings) -> None:
    stranger = finished.swarm.deployment.implementation
    settings = online().model_copy(update={"project": stranger})
    with pytest.raises(AuditSettingsError, match=f"did not create project {stranger}"):
        await audit(settings)


async def test_a_busy_peer_is_waited_for(finished: FinishedProject, online: Settings) -> None:
    limits = GatewayLimits(requests_per_second=30, burst_seconds=0.5)
    async with finished.gateway(limits=limits) as url:
        verdict = await audit(online(url))
    assert isinstance(verdict, Accept)


async def test_peers_are_found_by_the_endpoints_they_announced(verifier_devnet: Devnet, tmp_path: Path) -> None:
    async with running_swarm(verifier_devnet, tmp_path) as swarm:
        project = await play(swarm, tmp_path / "store", (RoundPlan(),))
        with project.store:
            async with project.gateway() as url:
                for seat, announced in ((3, "http://127.0.0.1:9"), (4, url), (5, "http://127.0.0.1:9"), (5, "")):
                    registry = (await Project(swarm.owner, project.address).configuration()).registry
                    await Registry(swarm.peer_of(seat), registry).set_endpoint(announced, bytes(32))
                verdict = await audit(settings_of(project))
    assert isinstance(verdict, Accept)

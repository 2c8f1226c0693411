"""The examples in docs/api.md are what the API answers, and what they claim can be proven from them alone."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib import resources
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.attestation import Domain, Result, recover, result_digest
from contracts.values import Address, ProjectConfiguration
from frontend_api import court_schemas, schemas
from frontend_api.problems import Problem
from node.aggregation.rewards import address_bytes
from node.merkle import verify_position, verify_standard
from tests.support.markdown import DOCS, Document
from verifier.committee import decide

CHAIN_ID = 31337
API = Document(DOCS / "api.md")
EXAMPLES = {block.before.strip("`").removeprefix("/api/v1"): json.loads(block.text) for block in API.blocks}
DESCRIPTION = json.loads(resources.files("frontend_api").joinpath("examples.json").read_text("utf-8"))
ANSWERS: dict[str, type[BaseModel]] = {
    r"/projects": schemas.Listed[schemas.Project],
    r"/rounds": schemas.Listed[schemas.Round],
    r"/rounds/2": schemas.RoundAnswer,
    r"/rounds/9": Problem,
    r"/peers": schemas.Listed[schemas.Peer],
    r"/peers/0x\w{40}": schemas.PeerAnswer,
    r"/contributions\?round=2&sort=-score&limit=1": schemas.Listed[schemas.Contribution],
    r"/contributions/2/0x\w{40}\?proof=true": schemas.ContributionAnswer,
    r"/rewards/0x\w{40}": schemas.RewardAnswer,
    r"/checkpoints": schemas.Listed[schemas.Checkpoint],
    r"/jobs": schemas.Listed[court_schemas.Job],
    r"/jobs/0x\w{64}": court_schemas.JobAnswer,
    r"/verdicts": schemas.Listed[court_schemas.CommitteeVerdict],
    r"/classes": schemas.Listed[court_schemas.OutputClass],
    r"/classes/0x\w{64}": court_schemas.OutputClassAnswer,
    r"/status": schemas.StatusAnswer,
    r"/health": schemas.HealthAnswer,
}


def example(pattern: str) -> Any:
    """The example of the one route that matches."""
    (found,) = (path for path in EXAMPLES if re.fullmatch(pattern, path))
    return EXAMPLES[found]


@pytest.mark.parametrize("pattern", ANSWERS)
def test_an_example_has_every_member_of_the_answer_and_no_other(pattern: str) -> None:
    found = example(pattern)
    assert ANSWERS[pattern].model_validate(found).model_dump(mode="json") == found


def test_there_is_nothing_but_examples_of_answers() -> None:
    assert len(EXAMPLES) == len(ANSWERS)


@pytest.mark.parametrize("examples", [EXAMPLES, DESCRIPTION], ids=["page", "description"])
def test_a_configuration_is_all_that_the_contract_fixes(examples: Any) -> None:
    found = configurations(examples)
    assert found
    assert all(set(item) == {field.name for field in fields(ProjectConfiguration)} for item in found)


def configurations(node: Any) -> list[dict[str, Any]]:
    """Every project's configuration in the examples."""
    if isinstance(node, dict):
        own = [node["configuration"]] if "configuration" in node else []
        return own + [item for value in node.values() for item in configurations(value)]
    return [item for value in node for item in configurations(value)] if isinstance(node, list) else []


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def signed_hash(project: str, number: int, result: dict[str, str]) -> bytes:
    """EIP-712 hash of a result as the API shows it."""
    values: dict[str, Any] = {name: unhex(value) for name, value in result.items() if name != "cumulative_total"}
    domain = Domain(CHAIN_ID, Address(project))  # type: ignore[arg-type]
    return result_digest(domain, number, Result(**values, cumulative_total=int(result["cumulative_total"])))


def test_a_contribution_can_be_followed_to_the_hash_that_the_contract_holds() -> None:
    (seat,) = example(r"/contributions/2/.*")["seats"]
    evidence = seat["evidence"]
    assert signed_hash(seat["project"], seat["round"], evidence["result"]) == unhex(evidence["result_hash"])
    assert {proof["name"] for proof in evidence["proofs"]} == {"weight_root", "input_root"}
    for proof in evidence["proofs"]:
        assert proof["root"] == evidence["result"][proof["name"]]
        leaf, path = unhex(proof["leaf"]), [unhex(item) for item in proof["path"]]
        assert verify_position(unhex(proof["root"]), proof["index"], proof["count"], leaf, path)
    words = [unhex(evidence["proofs"][0]["leaf"])[at : at + 32] for at in range(0, 160, 32)]
    told = (seat["seat"], seat["weight"], int(seat["score"]), 0, int(seat["reward_wei"]))
    assert tuple(int.from_bytes(word, "big") for word in words) == told


def test_a_signature_is_that_of_its_signer() -> None:
    found = example(r"/rounds/2")["round"]
    digest = signed_hash(found["project"], found["number"], found["result"])
    assert digest == unhex(found["result_hash"])
    for item in found["signatures"]:
        assert recover(digest, unhex(item["signature"])) == item["signer"]


def test_a_claim_proves_itself_against_its_root() -> None:
    claim = example(r"/rewards/.*")["claim"]
    leaf = bytes(12) + address_bytes(claim["account"]) + int(claim["cumulative_wei"]).to_bytes(32, "big")
    assert verify_standard(unhex(claim["reward_root"]), leaf, [unhex(item) for item in claim["proof"]])


def test_verdict_and_distances_of_a_job_follow_from_its_digests() -> None:
    job = example(r"/jobs/0x\w{64}")["job"]
    for found in job["rounds"]:
        worker, *members = (
            int(vote["digest"], 16) if vote["digest"] else None for vote in (found["worker"], *found["votes"])
        )
        decision = decide(worker, members, found["threshold"])
        assert [vote["distance"] for vote in found["votes"]] == list(decision.distances)
        assert (found["verdict"], found["reason"]) == (str(decision.verdict), decision.reason)

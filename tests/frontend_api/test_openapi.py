"""The description of the API is complete, stable and true."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from frontend_api import court_schemas, schemas
from tests.support.world import World

MODELS: dict[str, type[BaseModel]] = {
    "Listed_Project_": schemas.Listed[schemas.Project],
    "Listed_Round_": schemas.Listed[schemas.Round],
    "Listed_Contribution_": schemas.Listed[schemas.Contribution],
    "Listed_Peer_": schemas.Listed[schemas.Peer],
    "Listed_Checkpoint_": schemas.Listed[schemas.Checkpoint],
    "Listed_Job_": schemas.Listed[court_schemas.Job],
    "Listed_CommitteeVerdict_": schemas.Listed[court_schemas.CommitteeVerdict],
    "Listed_OutputClass_": schemas.Listed[court_schemas.OutputClass],
    "JobAnswer": court_schemas.JobAnswer,
    "OutputClassAnswer": court_schemas.OutputClassAnswer,
    "ProjectAnswer": schemas.ProjectAnswer,
    "RoundAnswer": schemas.RoundAnswer,
    "ContributionAnswer": schemas.ContributionAnswer,
    "PeerAnswer": schemas.PeerAnswer,
    "RewardAnswer": schemas.RewardAnswer,
    "StatusAnswer": schemas.StatusAnswer,
    "HealthAnswer": schemas.HealthAnswer,
}
OPERATIONS = {
    "list_projects",
    "get_project",
    "list_rounds",
    "get_round",
    "list_contributions",
    "get_contribution",
    "list_peers",
    "get_peer",
    "get_reward",
    "list_checkpoints",
    "list_jobs",
    "get_job",
    "list_verdicts",
    "list_classes",
    "get_class",
    "get_status",
    "get_health",
}


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = world.api.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_operation_ids_never_change(document: dict[str, Any]) -> None:
    assert {operation["operationId"] for operation in operations(document)} == OPERATIONS


def test_every_operation_has_a_sentence_a_tag_and_problem_answers(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert operation["description"].endswith("."), operation["operationId"]
        assert operation["tags"]
        for status, answer in operation["responses"].items():
            media = "application/json" if status == "200" else "application/problem+json"
            assert set(answer["content"]) == {media}, (operation["operationId"], status)


def references(node: Any) -> set[str]:
    """All schemas that a part of the document refers to."""
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if "$ref" in node else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def test_every_reference_has_a_schema_and_every_schema_a_reference(document: dict[str, Any]) -> None:
    assert references(document) == set(document["components"]["schemas"])


def test_amounts_are_described_as_decimal_strings_with_examples(document: dict[str, Any]) -> None:
    reward = document["components"]["schemas"]["Project"]["properties"]["funded_wei"]
    assert (reward["type"], reward["pattern"]) == ("string", "^[0-9]+$")
    assert reward["examples"]


def test_filters_are_described(document: dict[str, Any]) -> None:
    names = {parameter["name"] for parameter in document["paths"]["/api/v1/rounds"]["get"]["parameters"]}
    assert {"status", "number__gte", "sort", "limit", "cursor", "project"} <= names


def test_every_operation_has_an_example_that_is_such_an_answer(document: dict[str, Any]) -> None:
    for operation in operations(document):
        content = operation["responses"]["200"]["content"]["application/json"]
        model = MODELS[content["schema"]["$ref"].rpartition("/")[2]]
        example = content["example"]
        assert model.model_validate(example).model_dump(mode="json") == example, operation["operationId"]

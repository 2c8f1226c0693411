"""Commands that ask: the same answers from an API as from chain and peers."""

from __future__ import annotations

from frontend_api.schemas import Contribution, ContributionAnswer, Listed, RewardAnswer, StatusAnswer
from tests.support.command_line import Command
from tests.support.synthetic import POOL_WEI
from tests.support.world import World


def test_status(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("status", *asked)
    assert (found.exit_code, found.stderr) == (0, "")
    facts = found.facts
    assert facts["project"] == world.swarm.project.address
    assert facts["seats"] == "4"
    assert facts["rounds"] == "3 finalized of 50"
    assert facts["round"].startswith("6: ")
    assert facts["checkpoint"].startswith("baf")
    assert facts["accuracy"] == "0.5500"


def test_status_as_json_is_the_answer_of_rest(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = StatusAnswer.model_validate(swarmproof("status", *asked, "--json").document)
    assert found.project is not None
    assert found.project.model_dump(mode="json") == world.get("/status")["project"]


def test_contributions_of_a_round(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("contributions", "--round", 2, "--sort", "seat", *asked)
    accounts = world.swarm.accounts
    assert found.rows[0] == ["round", "seat", "owner", "weight", "score", "reward", "reason"]
    assert [(row[1], row[2], row[5], row[6]) for row in found.rows[1:]] == [
        ("1", accounts[0], "50", "-"),
        ("2", accounts[1], "0", "filtered"),
        ("3", accounts[2], "0", "no-commit"),
        ("4", accounts[0], "50", "-"),
    ]


def test_contributions_are_filtered_and_limited(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("contributions", "--reason", "filtered", "--json", *asked)
    (item,) = Listed[Contribution].model_validate(found.document).items
    assert (item.round, item.seat) == (2, 2)
    limited = swarmproof("contributions", "--owner", world.swarm.accounts[0], "--limit", 3, *asked)
    assert len(limited.rows) == 4
    assert "there are more than 3" in limited.stderr


def test_contributions_refuse_an_unknown_reason(swarmproof: Command, asked: list[object]) -> None:
    found = swarmproof("contributions", "--reason", "laziness", *asked)
    assert found.exit_code == 2
    assert found.stderr.startswith("error: reason='laziness': expected one of no-commit, ")


def test_rewards(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("rewards", world.swarm.accounts[0].lower(), *asked)
    assert found.facts == {
        "account": world.swarm.accounts[0],
        "project": world.swarm.project.address,
        "earned": "250 tokens up to round 5",
        "final": "200 tokens",
        "claimed": "200 tokens",
        "claimable": "0 tokens",
    }


def test_rewards_as_json_carry_the_proof(swarmproof: Command, world: World, asked: list[object]) -> None:
    account = world.swarm.accounts[1]
    found = RewardAnswer.model_validate(swarmproof("--json", *asked, "rewards", account).document)
    assert found.claim is not None
    assert found.claim.model_dump(mode="json") == world.get(f"/rewards/{account}")["claim"]
    assert found.claimable_wei == POOL_WEI // 2


def test_why_explains_a_zero_with_evidence(swarmproof: Command, world: World, asked: list[object]) -> None:
    facts = swarmproof("why", world.swarm.accounts[1], 2, *asked).facts
    assert facts["round 2, seat 2"] == "earned nothing: the robust rule gave its update no weight"
    assert facts["message"].startswith("baf")
    assert facts["accepted"].startswith("transaction 0x")
    assert facts["weight root"] == world.get("/rounds/2")["round"]["result"]["weight_root"]


def test_why_explains_a_reward_a_skip_and_what_is_not_decided(
    swarmproof: Command, world: World, asked: list[object]
) -> None:
    account = world.swarm.accounts[1]
    said = {number: swarmproof("why", account, number, *asked).rows[0][1] for number in (1, 3, 6)}
    assert said == {
        1: "earned 25 tokens for 25.0% of the step",
        3: "earned nothing: the round ended without a result, its pool went back to the project",
        6: "committed; not revealed yet",
    }


def test_why_as_json_can_be_checked(swarmproof: Command, world: World, asked: list[object]) -> None:
    account = world.swarm.accounts[1]
    found = ContributionAnswer.model_validate(swarmproof("why", account, 2, "--json", *asked).document)
    assert found.model_dump(mode="json") == world.get(f"/contributions/2/{account}", proof="true")


def test_what_was_never_is_one_sentence(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("why", world.swarm.accounts[1], 9, *asked)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == "error: round 9 has not been opened, the last one is 6\n"
    stranger = "0x00000000000000000000000000000000000000AA"
    found = swarmproof("rewards", stranger, *asked)
    assert found.stderr == f"error: {stranger} has no seat and has not earned anything\n"


def test_project_show(swarmproof: Command, world: World, asked: list[object]) -> None:
    facts = swarmproof("project", "show", *asked).facts
    assert facts["address"] == world.swarm.project.address
    assert (facts["funded"], facts["earned"], facts["claimed"]) == ("2000", "400", "200")
    assert facts["commit_seconds"] == "20"


def test_a_project_can_be_named(swarmproof: Command, world: World, asked: list[object]) -> None:
    found = swarmproof("project", "show", "--project", world.swarm.project.address, "--json", *asked)
    assert found.document["address"] == world.swarm.project.address
    stranger = "0x00000000000000000000000000000000000000AA"
    found = swarmproof("status", "--project", stranger, *asked)
    assert (found.exit_code, found.stderr) == (1, f"error: no project {stranger} in this deployment\n")

"""What each route answers, over HTTP."""

from __future__ import annotations

import pytest

from tests.support.synthetic import MANIFEST, POOL_WEI, SEAT_STAKE_WEI, update_of
from tests.support.world import World

STRANGER = "0x00000000000000000000000000000000000000AA"


def test_status_tells_deployment_project_round_and_checkpoint(world: World) -> None:
    found = world.get("/status")
    assert found["chain_id"] == world.devnet.chain_id
    assert found["factory"] == world.swarm.deployment.factory
    assert found["seats"] == 4
    assert found["index"]["state"] == "following"
    assert found["index"]["missing_records"] == []
    assert found["project"]["address"] == world.swarm.project.address
    assert found["round"]["number"] == 6
    assert (found["round"]["committed"], found["round"]["revealed"], found["round"]["seats"]) == (1, 0, 4)
    assert found["checkpoint"]["round"] == 5


def test_health_is_ok_while_the_index_follows(world: World) -> None:
    assert world.get("/health")["status"] == "ok"


def test_the_project_tells_what_the_contract_fixed_and_the_money(world: World) -> None:
    found = world.get(f"/projects/{world.swarm.project.address}")["project"]
    assert found == world.get("/projects")["items"][0]
    assert found["task"] == MANIFEST.task
    assert found["parameter_count"] == 80
    assert found["configuration"]["manifest_digest"] == "0x" + MANIFEST.digest.hex()
    assert found["funded_wei"] == str(20 * POOL_WEI)
    assert found["earned_wei"] == str(4 * POOL_WEI)
    assert found["claimed_wei"] == str(2 * POOL_WEI)
    assert (found["last_round"], found["accepted_rounds"], found["finalized_rounds"]) == (6, 4, 3)


def test_rounds_come_newest_first_with_their_status(world: World) -> None:
    found = [(item["number"], item["status"], item["record"]) for item in world.get("/rounds")["items"]]
    assert found == [
        (6, "open", None),
        (5, "accepted", "verified"),
        (4, "finalized", "verified"),
        (3, "skipped", None),
        (2, "finalized", "verified"),
        (1, "finalized", "verified"),
    ]


def test_a_round_tells_result_contributions_and_signatures(world: World) -> None:
    found = world.get("/rounds/2")["round"]
    result = found["result"]
    assert result["prev_cid"] == found["base_digest"]
    assert found["checkpoint_digest"] == result["cid"]
    assert result["cumulative_total"] == str(2 * POOL_WEI)
    reasons = [(item["seat"], item["reason"], item["reward_wei"]) for item in found["contributions"]]
    half = str(POOL_WEI // 2)
    assert reasons == [(1, None, half), (2, "filtered", "0"), (3, "no-commit", "0"), (4, None, half)]
    assert {item["signer"] for item in found["signatures"]} == set(world.swarm.accounts)
    assert found["finalized"]["block"] > found["accepted"]["block"] > found["opened"]["block"]


def test_an_open_round_has_no_result(world: World) -> None:
    found = world.get("/rounds/6")["round"]
    assert (found["result"], found["contributions"], found["challenge_end"]) == (None, [], None)


def test_peers_tell_stake_endpoint_and_earnings(world: World) -> None:
    accounts = world.swarm.accounts
    found = {item["address"]: item for item in world.get("/peers")["items"]}
    assert set(found) == set(accounts)
    first = found[accounts[0]]
    assert first["seats"] == 2
    assert first["stake_wei"] == str(2 * SEAT_STAKE_WEI)
    assert first["endpoint"] == "http://127.0.0.1:1"
    earned = {address: int(item["earned_wei"]) for address, item in found.items()}
    assert sum(earned.values()) == 4 * POOL_WEI
    assert int(first["claimed_wei"]) == 2 * POOL_WEI


def test_a_peer_tells_its_seats_and_latest_contributions(world: World) -> None:
    found = world.get(f"/peers/{world.swarm.accounts[0]}")["peer"]
    assert found["seat_numbers"] == [1, 4]
    assert [(item["round"], item["seat"]) for item in found["contributions"]][:3] == [(5, 1), (5, 4), (4, 1)]


def test_addresses_are_read_in_any_case(world: World) -> None:
    address = world.swarm.accounts[0]
    assert world.get(f"/peers/{address.lower()}")["peer"]["address"] == address


def test_a_contribution_tells_reason_and_evidence(world: World) -> None:
    found = world.get(f"/contributions/2/{world.swarm.accounts[1]}")
    (seat,) = found["seats"]
    assert (seat["outcome"], seat["reason"], found["reward_wei"]) == ("zero", "filtered", "0")
    assert seat["explanation"] == "earned nothing: the robust rule gave its update no weight"
    assert seat["message_digest"] == "0x" + update_of(2, 2)[0].hex()
    evidence = seat["evidence"]
    assert evidence["committed"]["block"] < evidence["revealed"]["block"] < evidence["accepted"]["block"]
    assert evidence["proofs"] is None


def test_an_account_with_two_seats_is_answered_for_both(world: World) -> None:
    found = world.get(f"/contributions/2/{world.swarm.accounts[0]}")
    assert [seat["seat"] for seat in found["seats"]] == [1, 4]
    assert found["reward_wei"] == str(POOL_WEI)


def test_a_seat_that_never_committed_has_a_reason_and_no_message(world: World) -> None:
    (seat,) = world.get(f"/contributions/2/{world.swarm.accounts[2]}")["seats"]
    assert (seat["reason"], seat["message_cid"], seat["evidence"]["committed"]) == ("no-commit", None, None)


def test_a_skipped_round_pays_nobody_and_says_so(world: World) -> None:
    (seat,) = world.get(f"/contributions/3/{world.swarm.accounts[1]}")["seats"]
    assert (seat["outcome"], seat["reward_wei"], seat["reason"]) == ("skipped", "0", "no-commit")


def test_an_open_round_tells_how_far_a_seat_is(world: World) -> None:
    (committed,) = world.get(f"/contributions/6/{world.swarm.accounts[1]}")["seats"]
    (silent,) = world.get(f"/contributions/6/{world.swarm.accounts[2]}")["seats"]
    assert (committed["outcome"], committed["explanation"]) == ("pending", "committed; not revealed yet")
    assert silent["explanation"] == "has not committed yet"


def test_rewards_tell_what_is_final_and_what_is_claimed(world: World) -> None:
    claimed = world.get(f"/rewards/{world.swarm.accounts[0]}")
    assert claimed["earned_wei"] == str(2 * POOL_WEI + POOL_WEI // 2)
    assert (claimed["final_wei"], claimed["claimed_wei"], claimed["claimable_wei"]) == (
        str(2 * POOL_WEI),
        str(2 * POOL_WEI),
        "0",
    )
    assert claimed["claim"] is None
    other = world.get(f"/rewards/{world.swarm.accounts[1]}")
    assert other["claim"]["cumulative_wei"] == other["claimable_wei"] == str(POOL_WEI // 2)
    assert other["claim"]["round"] == other["final_round"] == 4
    assert other["earned_round"] == 5


def test_checkpoints_come_newest_first_with_their_identifier(world: World) -> None:
    found = world.get("/checkpoints")["items"]
    assert [(item["round"], item["status"]) for item in found] == [
        (5, "accepted"),
        (4, "finalized"),
        (2, "finalized"),
        (1, "finalized"),
    ]
    assert all(item["cid"].startswith("baf") and item["bytes"] > 320 for item in found)


def test_every_answer_carries_its_head(world: World) -> None:
    account = world.swarm.accounts[0]
    for path in ("/projects", "/rounds", "/rounds/6", "/peers", f"/peers/{account}", "/contributions", "/checkpoints"):
        head = world.get(path)["head"]
        assert head["block"] > 0, path
        assert len(head["hash"]) == 66, path


def test_the_project_can_be_named(world: World) -> None:
    named = world.get("/rounds", project=world.swarm.project.address.lower())
    assert [item["number"] for item in named["items"]] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/rounds/99", 404, "round-not-found"),
        ("/rounds/0", 422, "invalid-parameter"),
        ("/rounds/x", 422, "invalid-parameter"),
        (f"/rounds/{1 << 63}", 422, "invalid-parameter"),
        (f"/peers/{STRANGER}", 404, "peer-not-found"),
        ("/peers/0x12", 422, "invalid-parameter"),
        (f"/contributions/1/{STRANGER}", 404, "contribution-not-found"),
        (f"/contributions/99/{STRANGER}", 404, "round-not-found"),
        (f"/rewards/{STRANGER}", 404, "reward-not-found"),
        (f"/projects/{STRANGER}", 404, "project-not-found"),
        (f"/rounds?project={STRANGER}", 404, "project-not-found"),
        ("/rounds?project=0x12", 422, "invalid-parameter"),
        ("/rounds/1?project=0x12", 422, "invalid-parameter"),
        ("/rounds?limit=0", 422, "invalid-parameter"),
        ("/rounds?colour=red", 422, "invalid-parameter"),
        ("/rounds?cursor=x", 422, "invalid-parameter"),
        (f"/contributions/1/{STRANGER}?proof=perhaps", 422, "invalid-parameter"),
        ("/nothing", 404, "not-found"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(world: World, path: str, status: int, problem: str) -> None:
    answer = world.api.get(f"/api/v1{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"/problems/{problem}"
    assert document["status"] == status
    assert document["instance"] == "/api/v1" + path.partition("?")[0]
    assert document["detail"]


def test_a_problem_carries_its_operands(world: World) -> None:
    document = world.get("/rounds/99", 404)
    assert (document["round"], document["last_round"]) == (99, 6)
    assert document["detail"] == "round 99 has not been opened, the last one is 6"


def test_nothing_can_be_changed_over_rest(world: World) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = world.api.request(method, "/api/v1/rounds")
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"

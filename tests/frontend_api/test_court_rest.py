"""What the API answers about the output court, over HTTP and against the real contracts."""

from __future__ import annotations

from typing import Any

import pytest

from frontend_api.reading.listings import JOB_PHASES
from tests.support.court_api import CLOSED, OPEN, CourtApi
from tests.support.scripted_court import (
    APPEAL_THRESHOLD,
    CLASS,
    FALSE,
    SEAT_STAKE_WEI,
    THRESHOLD,
    TRUE,
    VERIFIER_FEE_WEI,
    WORKER_FEE_WEI,
    near,
)

UNKNOWN = "0x" + "77" * 32


def distances(job: Any) -> list[list[int | None]]:
    """Of every round's members, in the order drawn."""
    return [[vote["distance"] for vote in item["votes"]] for item in job["rounds"]]


def test_jobs_tell_phase_and_verdict(court_api: CourtApi) -> None:
    found = {item["prompt"]: item for item in court_api.get("/jobs")["items"]}
    assert set(found) == {*CLOSED, *OPEN}
    told = {name: (item["phase"], item["verdict"], item["reason"]) for name, item in found.items()}
    assert told == {
        "accepted": ("closed", "accept", None),
        "rejected": ("closed", "reject", "disagreement"),
        "appealed": ("closed", "accept", None),
        "hidden": ("closed", "reject", "no-show"),
        "absent": ("closed", "accept", None),
        "ringer": ("closed", "ringer", None),
        "expired": ("closed", None, None),
        "deciding": ("appeal", "inconclusive", None),
        "opening": ("reveal", None, None),
        "committing": ("commit", None, None),
        "working": ("work", None, None),
    }
    assert found["accepted"]["worker_fee_wei"] == str(WORKER_FEE_WEI)
    assert bytes.fromhex(found["accepted"]["input"][2:]) == b"accepted"
    assert [item["number"] for item in court_api.get("/jobs")["items"]] == list(range(11, 0, -1))


def test_a_job_tells_every_vote_with_its_distance(court_api: CourtApi) -> None:
    found = court_api.job("accepted")
    (only,) = found["rounds"]
    assert (only["threshold"], only["committee_size"], only["verdict"], only["holds"]) == (THRESHOLD, 3, "accept", True)
    assert distances(found) == [[0, 2, 16]]
    assert only["worker"]["account"] == court_api.court.worker.address
    assert [vote["digest"] for vote in only["votes"]] == [f"0x{near(TRUE, bits):064x}" for bits in (0, 2, 16)]
    for vote in (only["worker"], *only["votes"]):
        assert vote["state"] == "revealed"
        assert vote["output_cid"].startswith("bafkrei")
        assert vote["committed"]["block"] <= only["decided"]["block"] == vote["revealed"]["block"]
    assert {vote["account"] for vote in only["votes"]} <= set(court_api.court.verifiers)
    assert found["outcome"]["kind"] == "finalized"


def test_a_distance_at_the_threshold_is_near_and_one_beyond_is_far(court_api: CourtApi) -> None:
    sides = [vote["side"] for vote in court_api.job("accepted")["rounds"][0]["votes"]]
    assert sides == ["near", "near", "near"]
    sides = [vote["side"] for vote in court_api.job("appealed")["rounds"][1]["votes"]]
    assert sides == ["near"] * 6 + ["far"]


def test_money_of_a_job_adds_up(court_api: CourtApi) -> None:
    for name in ("accepted", "rejected"):
        found = court_api.job(name)
        assert [int(item["amount_wei"]) for item in found["payments"]] == [VERIFIER_FEE_WEI] * 3
        outcome = found["outcome"]
        locked = WORKER_FEE_WEI + 3 * VERIFIER_FEE_WEI + 120 * VERIFIER_FEE_WEI
        paid = 3 * VERIFIER_FEE_WEI + sum(int(outcome[f"{who}_wei"]) for who in ("requester", "worker", "burned"))
        assert paid == locked
    assert int(court_api.job("rejected")["outcome"]["burned_wei"]) == 60 * VERIFIER_FEE_WEI


def test_an_appeal_is_a_second_round_under_a_key(court_api: CourtApi) -> None:
    found = court_api.job("appealed")
    first, second = found["rounds"]
    assert (first["verdict"], first["holds"], first["key"], first["appellant"]) == ("inconclusive", False, None, None)
    assert (second["verdict"], second["holds"], second["committee_size"]) == ("accept", True, 7)
    assert second["threshold"] == APPEAL_THRESHOLD
    assert second["appellant"] == court_api.court.worker.address
    assert second["bond_wei"] == str(2 * 7 * VERIFIER_FEE_WEI)
    assert len(second["key"]) == 66
    assert len(found["strikes"]) == 3  # two of three and one of seven were against the last verdict


def test_who_stays_away_is_struck_and_slashed(court_api: CourtApi) -> None:
    found = court_api.job("absent")
    missing = found["rounds"][0]["votes"][1]
    assert (missing["state"], missing["distance"], missing["side"]) == ("no-show", None, None)
    (strike,), (slash, *_) = found["strikes"], found["slashes"]  # whoever is drawn may have two strikes already
    assert (strike["account"], strike["absent"]) == (missing["account"], True)
    assert (slash["seat"], slash["account"]) == (missing["seat"], missing["account"])
    assert int(slash["amount_wei"]) == SEAT_STAKE_WEI // 20
    assert slash["transaction"]["transaction"] == found["outcome"]["transaction"]["transaction"]


def test_a_worker_that_hides_its_answer_is_rejected_without_distances(court_api: CourtApi) -> None:
    found = court_api.job("hidden")
    assert found["rounds"][0]["worker"]["state"] == "no-show"
    assert distances(found) == [[None, None, None]]
    assert all(vote["state"] == "revealed" for vote in found["rounds"][0]["votes"])


def test_a_ringer_pays_who_contradicted_it_and_costs_who_confirmed_it(court_api: CourtApi) -> None:
    found = court_api.job("ringer")
    assert found["ringer"]["digest"] == f"0x{FALSE:064x}"
    assert (found["rounds"][0]["verdict"], found["rounds"][0]["holds"]) == ("reject", False)
    assert [int(item["amount_wei"]) for item in found["payments"]] == [VERIFIER_FEE_WEI + WORKER_FEE_WEI // 2] * 2
    confirmed = next(vote for vote in found["rounds"][0]["votes"] if vote["side"] == "near")
    assert [(item["seat"], int(item["amount_wei"])) for item in found["slashes"]] == [
        (confirmed["seat"], SEAT_STAKE_WEI // 10)
    ]


def test_what_is_not_opened_yet_is_not_told(court_api: CourtApi) -> None:
    (only,) = court_api.job("opening")["rounds"]
    states = [vote["state"] for vote in (only["worker"], *only["votes"])]
    assert states == ["committed", "committed", "revealed", "committed"]
    assert [vote["digest"] for vote in only["votes"]] == [None, f"0x{TRUE:064x}", None]
    assert only["all_committed"] is not None
    (only,) = court_api.job("committing")["rounds"]
    assert [vote["state"] for vote in only["votes"]] == ["pending", "committed", "pending"]
    working = court_api.job("working")
    assert (working["rounds"], working["round"], working["seed"]) == ([], None, None)
    assert working["phase_end"] > 0


def test_a_job_without_work_expires_and_pays_back(court_api: CourtApi) -> None:
    found = court_api.job("expired")
    assert (found["outcome"]["kind"], found["outcome"]["worker_wei"]) == ("expired", "0")
    assert int(found["outcome"]["requester_wei"]) == WORKER_FEE_WEI + 3 * VERIFIER_FEE_WEI


def test_verdicts_list_every_decided_round(court_api: CourtApi) -> None:
    found = court_api.get("/verdicts")["items"]
    assert len(found) == 8  # six closed jobs, one of them twice, and one that can still be appealed
    told = {(item["job"], item["round"]): (item["near"], item["far"], item["absent"]) for item in found}
    assert told[court_api.id("accepted"), 0] == (3, 0, 0)
    assert told[court_api.id("rejected"), 0] == (0, 3, 0)
    assert told[court_api.id("absent"), 0] == (2, 0, 1)
    assert told[court_api.id("hidden"), 0] == (0, 3, 0)
    assert told[court_api.id("appealed"), 1] == (6, 1, 0)
    accepted = court_api.get("/verdicts", job=court_api.id("accepted"))["items"]
    assert [item["distances"] for item in accepted] == [[0, 2, 16]]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"verdict": "accept"}, {"accepted", "appealed", "absent"}),
        ({"verdict": "reject", "reason": "no-show"}, {"hidden"}),
        ({"reason__ne": "no-show", "verdict": "reject"}, {"rejected"}),
        ({"phase": "closed", "verdict__ne": "accept"}, {"rejected", "hidden", "ringer", "expired"}),
        ({"phase": "reveal"}, {"opening"}),
        ({"phase__ne": "closed"}, set(OPEN)),
        ({"task": "text"}, set()),
        ({"worker_fee_wei__gte": str(WORKER_FEE_WEI), "phase": "work"}, {"working"}),
        ({"number__gt": 7}, set(OPEN)),
    ],
)
def test_jobs_are_filtered(court_api: CourtApi, parameters: dict[str, Any], expected: set[str]) -> None:
    assert {item["prompt"] for item in court_api.get("/jobs", **parameters)["items"]} == expected


def test_verdicts_are_filtered(court_api: CourtApi) -> None:
    held = court_api.get("/verdicts", holds="true", verdict="accept")["items"]
    assert {item["job"] for item in held} == {court_api.id(name) for name in ("accepted", "appealed", "absent")}
    assert [item["round"] for item in court_api.get("/verdicts", holds="false", round=0)["items"]] == [0, 0]
    assert court_api.get("/verdicts", worker=court_api.court.requester.address)["items"] == []
    assert len(court_api.get("/verdicts", absent__gte=1)["items"]) == 1


@pytest.mark.parametrize(
    ("path", "sort"), [("/jobs", "-number"), ("/jobs", "worker"), ("/verdicts", "-near"), ("/verdicts", "round")]
)
def test_cursors_walk_every_row_once(court_api: CourtApi, path: str, sort: str) -> None:
    page, items = court_api.get(path, sort=sort, limit=3), []
    while True:
        items += page["items"]
        if page["next_url"] is None:
            break
        page = court_api.get(page["next_url"].removeprefix("/api/v1"))
    assert items == court_api.get(path, sort=sort)["items"]


def test_the_index_tells_the_phase_that_the_contract_tells(court_api: CourtApi) -> None:
    """At the head's time, and for every phase a job has been through in this world."""
    found = {item["job"]: item["phase"] for item in court_api.get("/jobs")["items"]}
    history = court_api.court.history
    told = {
        f"0x{job_id.hex()}": str(job.phase(court_api.get("/status")["chain_time"]))
        for job_id, job in history.jobs.items()
    }
    assert found == told
    assert set(found.values()) <= set(JOB_PHASES)


def test_classes_tell_terms_and_description(court_api: CourtApi) -> None:
    first, second = court_api.get("/classes")["items"]
    assert (first["task"], first["hash"], first["threshold"]) == (CLASS.task, CLASS.hash, THRESHOLD)
    assert first["verifier_fee_wei"] == str(VERIFIER_FEE_WEI)
    assert (second["task"], second["project"], second["hash"]) == (None, None, None)
    found = court_api.get(f"/classes/{first['class_id'].upper().replace('0X', '0x')}")["output_class"]
    assert found["description"]["sampling"]["steps"] == 20
    assert found["description"]["calibration"]["trials"][0] == {"name": "honest", "comparisons": 4000, "errors": 0}
    assert found["description_digest"] == "0x" + CLASS.digest.hex()
    assert found["jobs"] == {"open": 4, "accept": 3, "reject": 2, "inconclusive": 1, "ringer": 1}
    assert court_api.get(f"/classes/{second['class_id']}")["output_class"]["description"] is None
    assert [item["number"] for item in court_api.get("/classes", task="flow")["items"]] == [1]


def test_status_counts_the_court_s_jobs(court_api: CourtApi) -> None:
    found = court_api.get("/status")["court"]
    assert found["address"] == court_api.court.deployment.court
    assert found["registry"] == court_api.court.deployment.verifier_registry
    assert (found["verifier_seats"], found["classes"], found["closed"]) == (8, 2, 7)
    assert found["jobs"]["accept"] == 3


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_job_is_immutable_and_tells_the_block_that_closed_it(court_api: CourtApi, name: str) -> None:
    first, second = (court_api.api.get(f"/api/v1/jobs/{court_api.id(name)}") for _ in range(2))
    assert "immutable" in first.headers["cache-control"]
    assert (first.headers["etag"], first.content) == (second.headers["etag"], second.content)
    assert first.json()["head"]["block"] == first.json()["job"]["ended"]["block"]
    headers = {"If-None-Match": first.headers["etag"]}
    assert court_api.api.get(f"/api/v1/jobs/{court_api.id(name)}", headers=headers).status_code == 304


@pytest.mark.parametrize("path", ["/jobs", "/verdicts", "/classes", "/jobs/{open}"])
def test_everything_else_of_the_court_is_revalidated(court_api: CourtApi, path: str) -> None:
    answer = court_api.api.get("/api/v1" + path.format(open=court_api.id("deciding")))
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("path", "slug"), [("/jobs", "job-not-found"), ("/classes", "class-not-found")])
def test_what_the_court_does_not_know_is_a_problem(court_api: CourtApi, path: str, slug: str) -> None:
    found = court_api.get(f"{path}/{UNKNOWN}", 404)
    assert found["type"] == f"/problems/{slug}"
    assert UNKNOWN in found["detail"]


@pytest.mark.parametrize("path", ["/jobs", "/classes"])
@pytest.mark.parametrize("text", ["1", "0x", "0x" + "7" * 63, "0x" + "z" * 64, "0x" + "7" * 65])
def test_malformed_ids_are_problems(court_api: CourtApi, path: str, text: str) -> None:
    found = court_api.get(f"{path}/{text}", 422)
    assert found["type"] == "/problems/invalid-parameter"
    assert [item["expected"] for item in found["errors"]] == ["0x and 64 hexadecimal digits"]
    assert "0x and 64 hexadecimal digits" in found["detail"]


@pytest.mark.parametrize(
    "parameters",
    [{"phase": "waiting"}, {"verdict": "maybe"}, {"worker": "0x12"}, {"class_id": "7"}, {"sort": "verdict"}],
)
def test_filters_nobody_can_use_are_problems(court_api: CourtApi, parameters: dict[str, str]) -> None:
    assert court_api.get("/jobs", 422, **parameters)["type"] == "/problems/invalid-parameter"

"""Commands that ask about the output court: the same answers from an API as from the chain."""

from __future__ import annotations

from frontend_api.court_schemas import Job, JobAnswer
from frontend_api.schemas import Listed
from tests.support.command_line import Command
from tests.support.court_api import CourtApi


def test_jobs(swarmproof: Command, court_api: CourtApi, asked_court: list[object]) -> None:
    found = swarmproof("jobs", "--sort", "number", *asked_court)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.rows[0] == ["number", "job", "task", "prompt", "worker", "phase", "committee", "verdict"]
    told = {row[3]: (row[1], row[2], row[5], row[7]) for row in found.rows[1:]}
    assert told["rejected"] == (court_api.id("rejected"), "flow", "closed", "reject (disagreement)")
    assert told["working"] == (court_api.id("working"), "flow", "work", "-")
    assert len(told) == 11


def test_jobs_are_filtered_and_limited(swarmproof: Command, court_api: CourtApi, asked_court: list[object]) -> None:
    found = swarmproof("jobs", "--verdict", "accept", "--json", *asked_court)
    items = Listed[Job].model_validate(found.document).items
    assert {item.prompt for item in items} == {"accepted", "appealed", "absent"}
    limited = swarmproof("jobs", "--limit", 3, "--worker", court_api.court.worker.address, *asked_court)
    assert len(limited.rows) == 4
    assert "there are more than 3" in limited.stderr


def test_a_job_tells_votes_distances_and_verdict(
    swarmproof: Command, court_api: CourtApi, asked_court: list[object]
) -> None:
    found = swarmproof("job", court_api.id("appealed"), *asked_court)
    assert (found.exit_code, found.stderr) == (0, "")
    facts = {row[0]: row[1] for row in found.rows if len(row) == 2}
    assert facts["verdict"] == "accept"
    assert facts["round 0"] == "inconclusive; 3 verifiers, 16 bits"
    assert facts["round 1"].startswith("accept; 7 verifiers, 20 bits, called by 0x")
    votes = [row for row in found.rows if len(row) == 8][1:]
    assert [(row[0], row[1], row[4], row[5]) for row in votes[4:7]] == [
        ("1", "worker", "-", "-"),
        ("1", "verifier 1", "4", "near"),
        ("1", "verifier 2", "4", "near"),
    ]
    consequences = [row for row in found.rows if len(row) == 3][1:]
    assert sum(row[1].endswith(": against the verdict") for row in consequences) == 3
    assert [row[2] for row in consequences if row[1] == "paid"] == ["2"] * 7


def test_a_job_as_json_is_the_answer_of_rest(
    swarmproof: Command, court_api: CourtApi, asked_court: list[object]
) -> None:
    found = JobAnswer.model_validate(swarmproof("job", court_api.id("absent"), "--json", *asked_court).document)
    assert found.model_dump(mode="json") == court_api.get(f"/jobs/{court_api.id('absent')}")


def test_an_unknown_job_is_one_sentence(swarmproof: Command, asked_court: list[object]) -> None:
    unknown = "0x" + "77" * 32
    found = swarmproof("job", unknown, *asked_court)
    assert (found.exit_code, found.stderr) == (1, f"error: the output court has no job {unknown}\n")


def test_a_malformed_id_and_an_unknown_phase_are_wrong_usage(swarmproof: Command, asked_court: list[object]) -> None:
    assert swarmproof("job", "7", *asked_court).exit_code == 2
    found = swarmproof("jobs", "--phase", "waiting", *asked_court)
    assert found.exit_code == 2
    assert found.stderr.startswith("error: phase='waiting': expected one of work, ")


def test_classes(swarmproof: Command, asked_court: list[object]) -> None:
    found = swarmproof("classes", *asked_court)
    rows = [(row[0], row[2], row[3], row[4], row[5], row[7]) for row in found.rows[1:]]
    assert rows == [("2", "-", "-", "16", "20", "2"), ("1", "flow", "phash", "16", "20", "2")]


def test_status_tells_verifiers_and_jobs(swarmproof: Command, asked_court: list[object]) -> None:
    facts = swarmproof("status", *asked_court).facts
    assert facts["verifier seats"] == "8"
    assert facts["jobs"] == "11: 4 open, 3 accept, 2 reject, 1 inconclusive, 1 ringer; 7 closed"

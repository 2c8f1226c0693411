"""What a job in the court costs: the figures on record, and the goal they keep to."""

from __future__ import annotations

import json

from scripts.bench_court_gas import JOB_GOAL, SNAPSHOT, measure_all


def test_gas_of_a_job_is_what_is_on_record_and_keeps_to_its_goal() -> None:
    recorded = json.loads(SNAPSHOT.read_text("utf-8"))
    assert measure_all() == recorded, "run `python -m scripts.bench_court_gas --write` and look at the difference"
    assert recorded["collected: whole"] <= JOB_GOAL

"""Counts, distances, gas and bounds of a campaign."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from contracts.chain import Chain
from contracts.court_values import JobVerdict
from node.rounds.round_history import Place
from scripts.court_campaign.jobs import Hearing
from scripts.court_campaign.settings import HONEST
from verifier.calibration.statistics import upper_bound
from verifier.court.job import Job

GAS_JOBS: Final = 200
STEPS: Final = ("submit", "work", "commit", "draw", "reveal", "decide and finalize", "decide", "finalize")

Played = Sequence[tuple[Hearing, Job]]


def kind_figures(kind: str, played: Played) -> dict[str, Any]:
    """What became of the jobs of one kind of worker.

    `bound`: one-sided 95% Clopper-Pearson bound of the rate of errors, which are jobs not accepted for honest workers
    and jobs accepted for all others.
    """
    jobs = [job for hearing, job in played if hearing.kind == kind]
    verdicts = Counter("expired" if job.rounds == () else str(_first(job)) for job in jobs)
    accepted = verdicts["accept"]
    errors = len(jobs) - accepted if kind == HONEST else accepted
    waited = [
        hearing.decided_at - hearing.submitted_at
        for hearing, _ in played
        if hearing.kind == kind and hearing.decided_at
    ]
    return {
        "kind": kind,
        "jobs": len(jobs),
        "verdicts": dict(sorted(verdicts.items())),
        "errors": errors,
        "bound": upper_bound(errors, len(jobs)) if jobs else None,
        "distances": summary(_distances(jobs)),
        "histogram": dict(sorted(Counter(map(str, _distances(jobs))).items(), key=lambda item: int(item[0]))),
        "median_seconds": round(statistics.median(waited), 1) if waited else None,
    }


def cheats_together(kinds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All cheats as one kind."""
    cheats = [item for item in kinds if item["kind"] != HONEST]
    jobs, errors = sum(item["jobs"] for item in cheats), sum(item["errors"] for item in cheats)
    return {"jobs": jobs, "errors": errors, "bound": upper_bound(errors, jobs) if jobs else None}


def summary(values: Sequence[int]) -> dict[str, float] | None:
    """Least, median, 99th percentile and largest; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "least": ordered[0],
        "median": statistics.median(ordered),
        "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
        "largest": ordered[-1],
    }


async def gas_figures(chain: Chain, played: Played) -> dict[str, Any]:
    """Gas of jobs that a committee of three accepted, all together and by step: of those jobs that had it."""
    jobs = [job for _, job in played if _first(job) is JobVerdict.ACCEPT and job.ending is not None][:GAS_JOBS]
    costs = [await _gas_of(chain, job) for job in jobs]
    steps = {step: summary([cost[step] for cost in costs if step in cost]) for step in STEPS}
    found = {step: figures for step, figures in steps.items() if figures is not None}
    return {"jobs": len(jobs), "total": summary([sum(cost.values()) for cost in costs]), "steps": found}


def _first(job: Job) -> JobVerdict:
    """The verdict of the first committee."""
    decision = job.rounds[0].decision if job.rounds else None
    return JobVerdict.NONE if decision is None else decision.verdict


def _distances(jobs: Iterable[Job]) -> list[int]:
    decisions = [job.rounds[0].decision for job in jobs if job.rounds]
    return [bits for decision in decisions if decision is not None for bits in decision.distances if bits is not None]


async def _gas_of(chain: Chain, job: Job) -> dict[str, int]:
    """Gas of each step that took transactions of its own: draws usually come with what they are needed for."""
    (only,) = job.rounds
    assert only.decision is not None
    assert job.ending is not None
    decided, ended = only.decision.place, job.ending.place
    at_once = decided.transaction_hash == ended.transaction_hash
    places: dict[str, list[Place | None]] = {
        "submit": [job.submitted],
        "work": [only.begun],
        "commit": [item.place for item in only.commitments.values() if item.index],
        **({"decide and finalize": [decided]} if at_once else {"decide": [decided], "finalize": [ended]}),
        "draw": [job.seed_drawn, only.drawn],
        "reveal": [item.place for item in only.openings.values()],
    }
    counted: set[bytes] = set()
    costs = {}
    for step, each in places.items():
        new = {place.transaction_hash for place in each if place is not None} - counted
        counted |= new
        if new:
            costs[step] = sum(await asyncio.gather(*(chain.gas_used(item) for item in new)))
    return costs

"""What became of a job for one of its parties: the one line a party logs about it."""

from __future__ import annotations

from typing import Any

from contracts.values import Address
from verifier.court.job import WORKER, Job


def report_of(job: Job, me: Address) -> dict[str, Any] | None:
    """The job's end as `me` sees it, by name; None when it was no party to it, or the job has not ended."""
    if job.ending is None:
        return None
    rounds = {round_.number: index for round_ in job.rounds if (index := _index(job, round_.members, me)) is not None}
    if not rounds and me not in (job.terms.requester, job.terms.worker):
        return None
    role = "worker" if me == job.terms.worker else "requester" if me == job.terms.requester else "verifier"
    return {
        "job": "0x" + job.job_id.hex(),
        "role": role,
        "verdict": str(job.verdict) if job.rounds else "expired",
        "rounds": len(job.rounds),
        "distances": [item.decision.distances for item in job.rounds if item.decision is not None],
        "paid_wei": str(sum(item.amount_wei for item in job.payments if item.account == me) + _share(job, role)),
        "strikes": sum(item.account == me for item in job.strikes),
        "slashed_wei": str(sum(item.amount_wei for item in job.slashes if item.account == me)),
    }


def _index(job: Job, members: Any, me: Address) -> int | None:
    if me == job.terms.worker:
        return WORKER
    return next((place for place, member in enumerate(members, start=1) if member.account == me), None)


def _share(job: Job, role: str) -> int:
    if job.ending is None:
        return 0
    return {"worker": job.ending.worker_wei, "requester": job.ending.requester_wei}.get(role, 0)

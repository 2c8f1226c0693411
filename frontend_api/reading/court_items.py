"""Rows of the output court become items of answers. Pure."""

from __future__ import annotations

from typing import Any

from frontend_api.court_schemas import (
    CommitteeRound,
    CommitteeVerdict,
    Job,
    JobDetail,
    JobPhaseName,
    OutputClass,
    OutputClassDetail,
)
from frontend_api.indexing.database import ClassView, JobRoundView, JobView
from frontend_api.reading.items import transaction
from frontend_api.schemas import VerdictCounts

_TERMS = ("work_seconds", "commit_seconds", "reveal_seconds", "appeal_seconds")


def class_fields(row: ClassView) -> dict[str, Any]:
    """The fields of `OutputClass`."""
    own = {name: getattr(row, name) for name in OutputClass.model_fields if hasattr(row, name)}
    return {
        **own,
        "worker_bond_wei": row.terms["worker_bond"],
        "minimum_worker_fee_wei": row.terms["minimum_worker_fee"],
        **{name: row.terms[name] for name in _TERMS},
    }


def class_detail(row: ClassView, counts: VerdictCounts) -> OutputClassDetail:
    """A class with its description."""
    return OutputClassDetail(
        **class_fields(row),
        description_digest=row.terms["description_digest"],
        description=row.description,
        jobs=counts,
    )


def job_fields(row: JobView, task: str | None, phase: JobPhaseName) -> dict[str, Any]:
    """The fields of `Job`."""
    own = {name: getattr(row, name) for name in Job.model_fields if hasattr(row, name)}
    ends = {"work": row.stage_end, "commit": row.stage_end, "appeal": row.stage_end, "reveal": row.reveal_end}
    return {**own, "task": task, "prompt": _prompt(row.input), "phase": phase, "phase_end": ends.get(phase)}


def job_detail(row: JobView, task: str | None, phase: JobPhaseName, rounds: list[JobRoundView]) -> JobDetail:
    """A job with everything that is known of it."""
    return JobDetail(
        **job_fields(row, task, phase),
        **{name: row.terms[name] for name in ("input_digest", "ringer_hash", "salt")},
        seed_drawn=transaction(row.seed_drawn),
        rounds=[_round(item) for item in rounds],
        **row.consequences,
    )


def verdict_item(item: JobRoundView, job: JobView) -> CommitteeVerdict:
    """A decided round of a list."""
    own = {name: getattr(item, name) for name in CommitteeVerdict.model_fields if hasattr(item, name)}
    return CommitteeVerdict(**own, class_id=job.class_id, worker=job.worker)


def _round(item: JobRoundView) -> CommitteeRound:
    own = {name: getattr(item, name) for name in CommitteeRound.model_fields if hasattr(item, name)}
    worker, *members = item.votes
    return CommitteeRound(**{**own, **item.details, "worker": worker, "votes": members})


def _prompt(text: str) -> str | None:
    try:
        return bytes.fromhex(text.removeprefix("0x")).decode("utf-8")
    except UnicodeDecodeError:
        return None

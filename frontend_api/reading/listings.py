"""The lists REST offers: the statement behind each, its columns, and how a row becomes an item."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from frontend_api.indexing.database import (
    AccountView,
    Amount,
    ClaimView,
    ClassView,
    ContributionRow,
    JobRoundView,
    JobView,
    ProjectView,
    RecordRow,
    RewardRow,
    RoundView,
    SeatView,
    VerifierSeatView,
)
from frontend_api.pagination import Column, Listing
from node.aggregation.reasons import Reason

Rows = Select[*tuple[Any, ...]]

ROUND_STATUSES = ("open", "accepted", "finalized", "skipped")
JOB_PHASES = ("work", "expired", "commit", "reveal", "due", "appeal", "settled", "closed")
VERDICT_NAMES = ("accept", "reject", "inconclusive", "ringer")
REJECT_REASONS = ("no-show", "disagreement")
PROJECT_STATUSES = ("open", "closing", "complete", "closed")

PROJECTS = Listing(
    columns={
        "number": Column(ProjectView.number, "number"),
        "address": Column(ProjectView.address, "address"),
        "owner": Column(ProjectView.owner, "address"),
        "status": Column(ProjectView.status, "text", PROJECT_STATUSES),
        "task": Column(ProjectView.task, "text", sortable=False),
        "funded_wei": Column(ProjectView.funded_wei, "amount"),
    },
    key=("number",),
    default_sort="number",
)

ROUNDS = Listing(
    columns={
        "number": Column(RoundView.number, "number"),
        "status": Column(RoundView.status, "text", ROUND_STATUSES),
        "epoch": Column(RoundView.epoch, "number"),
        "committed": Column(RoundView.committed, "number"),
        "revealed": Column(RoundView.revealed, "number"),
        "result_hash": Column(RoundView.result_hash, "hash", sortable=False),
        "checkpoint_digest": Column(RoundView.checkpoint_digest, "hash", sortable=False),
    },
    key=("number",),
    default_sort="-number",
)

CONTRIBUTIONS = Listing(
    columns={
        "round": Column(RoundView.number, "number"),
        "seat": Column(ContributionRow.seat, "number"),
        "owner": Column(ContributionRow.owner, "address"),
        "weight": Column(ContributionRow.weight, "number"),
        "score": Column(ContributionRow.score, "amount"),
        "reward_wei": Column(ContributionRow.reward_wei, "amount"),
        "reason": Column(
            ContributionRow.reason, "text", tuple(reason.slug for reason in Reason if reason.slug), sortable=False
        ),
    },
    key=("round", "seat"),
    default_sort="-round",
)

CHECKPOINTS = Listing(
    columns={
        "round": Column(RoundView.number, "number"),
        "digest": Column(RoundView.checkpoint_digest, "hash", sortable=False),
        "status": Column(RoundView.status, "text", ("accepted", "finalized")),
    },
    key=("round",),
    default_sort="-round",
)

CLASSES = Listing(
    columns={
        "number": Column(ClassView.number, "number"),
        "class_id": Column(ClassView.class_id, "hash"),
        "task": Column(ClassView.task, "text", sortable=False),
        "project": Column(ClassView.project, "address", sortable=False),
        "checkpoint_digest": Column(ClassView.checkpoint_digest, "hash", sortable=False),
        "hash": Column(ClassView.hash, "text", sortable=False),
        "threshold": Column(ClassView.threshold, "number"),
        "verifier_fee_wei": Column(ClassView.verifier_fee_wei, "amount"),
    },
    key=("number",),
    default_sort="number",
)

VERDICTS = Listing(
    columns={
        "number": Column(JobRoundView.number, "number"),
        "round": Column(JobRoundView.round, "number"),
        "job": Column(JobRoundView.job, "hash"),
        "class_id": Column(JobView.class_id, "hash"),
        "worker": Column(JobView.worker, "address"),
        "verdict": Column(JobRoundView.verdict, "text", VERDICT_NAMES),
        "reason": Column(JobRoundView.reason, "text", REJECT_REASONS, sortable=False),
        "holds": Column(case((JobRoundView.holds, "true"), else_="false"), "text", ("true", "false"), sortable=False),
        "near": Column(JobRoundView.near, "number"),
        "far": Column(JobRoundView.far, "number"),
        "absent": Column(JobRoundView.absent, "number"),
    },
    key=("number", "round"),
    default_sort="-number",
)

_EARNED = func.coalesce(RewardRow.cumulative_wei, literal(0, Amount()), type_=Amount()).label("earned_wei")
_CLAIMED = func.coalesce(ClaimView.claimed_wei, literal(0, Amount()), type_=Amount()).label("claimed_wei")


def active_seat(epoch: int, seats: type[SeatView | VerifierSeatView] = SeatView) -> ColumnElement[bool]:
    """Whether a seat counts in `epoch`."""
    return and_(seats.active_epoch <= epoch, or_(seats.inactive_epoch.is_(None), seats.inactive_epoch > epoch))


def select_projects() -> Rows:
    """All projects."""
    return select(ProjectView)


def select_rounds(project: str) -> Rows:
    """Rounds of a project with their records, where found."""
    joined = select(RoundView, RecordRow).outerjoin(RecordRow, RecordRow.result_hash == RoundView.result_hash)
    return joined.where(RoundView.project == project)


def select_contributions(project: str) -> Rows:
    """Signed leaves of a project's accepted rounds whose records were found."""
    joined = select(ContributionRow, RoundView.number).join(
        RoundView, RoundView.result_hash == ContributionRow.result_hash
    )
    return joined.where(RoundView.project == project)


def select_checkpoints(project: str) -> Rows:
    """Accepted checkpoints of a project."""
    return select_rounds(project).where(RoundView.result_hash.is_not(None))


def select_peers(project: str, epoch: int, newest_record: str | None) -> tuple[Rows, Listing]:
    """Accounts with their active seats and what they earned up to `newest_record`, and the columns to list them by."""
    held = (
        select(SeatView.owner, func.count().label("seats"))
        .where(SeatView.project == project, active_seat(epoch))
        .group_by(SeatView.owner)
    ).subquery()
    seats = func.coalesce(held.c.seats, 0).label("seats")
    statement = (
        select(AccountView, seats, _EARNED, _CLAIMED)
        .outerjoin(held, held.c.owner == AccountView.address)
        .outerjoin(RewardRow, and_(RewardRow.account == AccountView.address, RewardRow.result_hash == newest_record))
        .outerjoin(ClaimView, and_(ClaimView.account == AccountView.address, ClaimView.project == project))
        .where(AccountView.project == project)
    )
    return statement, peers_listing(seats)


def peers_listing(seats: ColumnElement[Any]) -> Listing:
    """Columns of the peers list; `seats` counts those active now."""
    return Listing(
        columns={
            "address": Column(AccountView.address, "address"),
            "seats": Column(seats, "number"),
            "earned_wei": Column(_EARNED, "amount"),
            "claimed_wei": Column(_CLAIMED, "amount"),
        },
        key=("address",),
        default_sort="address",
    )


def phase_at(time: int) -> ColumnElement[str]:
    """What a job is at a chain time, as `verifier.court.job.Job.phase` tells it."""
    open_yet, opening_yet = time < JobView.stage_end, time < JobView.reveal_end
    phase = case(
        (JobView.stage == "closed", "closed"),
        (and_(JobView.stage == "work", open_yet), "work"),
        (JobView.stage == "work", "expired"),
        (and_(JobView.stage == "decided", open_yet), "appeal"),
        (JobView.stage == "decided", "settled"),
        (and_(JobView.stage == "commit", open_yet), "commit"),
        (opening_yet, "reveal"),
        else_="due",
    )
    return phase.label("phase")


def jobs_listing(phase: ColumnElement[str]) -> Listing:
    """Columns of the list of jobs; `phase` is that of a time."""
    return Listing(
        columns={
            "number": Column(JobView.number, "number"),
            "job": Column(JobView.job, "hash"),
            "class_id": Column(JobView.class_id, "hash"),
            "task": Column(ClassView.task, "text", sortable=False),
            "requester": Column(JobView.requester, "address"),
            "worker": Column(JobView.worker, "address"),
            "worker_fee_wei": Column(JobView.worker_fee_wei, "amount"),
            "phase": Column(phase, "text", JOB_PHASES, sortable=False),
            "verdict": Column(JobView.verdict, "text", VERDICT_NAMES, sortable=False),
            "reason": Column(JobView.reason, "text", REJECT_REASONS, sortable=False),
        },
        key=("number",),
        default_sort="-number",
    )


def select_jobs(time: int) -> tuple[Rows, Listing]:
    """Jobs with their class's task and their phase at a time, and the columns to list them by."""
    phase = phase_at(time)
    statement = select(JobView, ClassView.task, phase).join(ClassView, ClassView.class_id == JobView.class_id)
    return statement, jobs_listing(phase)


def select_verdicts() -> Rows:
    """Rounds that were decided, with their jobs."""
    joined = select(JobRoundView, JobView).join(JobView, JobView.job == JobRoundView.job)
    return joined.where(JobRoundView.verdict.is_not(None))


def select_classes() -> Rows:
    """All classes."""
    return select(ClassView)


PEERS = peers_listing(literal(0))
JOBS = jobs_listing(literal(""))

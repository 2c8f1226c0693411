"""The lists REST offers: the statement behind each, its columns, and how a row becomes an item."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select

from frontend_api.indexing.database import (
    AccountView,
    Amount,
    ClaimView,
    ContributionRow,
    ProjectView,
    RecordRow,
    RewardRow,
    RoundView,
    SeatView,
)
from frontend_api.pagination import Column, Listing
from node.aggregation.reasons import Reason

Rows = Select[*tuple[Any, ...]]

ROUND_STATUSES = ("open", "accepted", "finalized", "skipped")
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

_EARNED = func.coalesce(RewardRow.cumulative_wei, literal(0, Amount()), type_=Amount()).label("earned_wei")
_CLAIMED = func.coalesce(ClaimView.claimed_wei, literal(0, Amount()), type_=Amount()).label("claimed_wei")


def active_seat(epoch: int) -> ColumnElement[bool]:
    """Whether a seat counts in `epoch`."""
    return and_(SeatView.active_epoch <= epoch, or_(SeatView.inactive_epoch.is_(None), SeatView.inactive_epoch > epoch))


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
        select(SeatView.owner, func.count().label("seats")).where(active_seat(epoch)).group_by(SeatView.owner)
    ).subquery()
    seats = func.coalesce(held.c.seats, 0).label("seats")
    statement = (
        select(AccountView, seats, _EARNED, _CLAIMED)
        .outerjoin(held, held.c.owner == AccountView.address)
        .outerjoin(RewardRow, and_(RewardRow.account == AccountView.address, RewardRow.result_hash == newest_record))
        .outerjoin(ClaimView, and_(ClaimView.account == AccountView.address, ClaimView.project == project))
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


PEERS = peers_listing(literal(0))

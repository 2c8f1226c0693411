"""Rows become items of answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontend_api.indexing.database import ContributionRow, ProjectView, RecordRow, RoundView, SeatView, UpdateView
from frontend_api.reading.explain import explain_leaf, explain_without_leaf
from frontend_api.schemas import Checkpoint, Contribution, Outcome, Project, Round, Transaction
from node.aggregation.reasons import Reason

_OUTCOMES: Mapping[str, Outcome] = {"open": "pending", "skipped": "skipped", "voided": "voided"}


def transaction(document: dict[str, Any] | None) -> Transaction | None:
    """Where something happened."""
    return None if document is None else Transaction(**document)


def project_item(row: ProjectView) -> Project:
    """A project."""
    return Project(**{name: getattr(row, name) for name in Project.model_fields})


def round_fields(row: RoundView, record: RecordRow | None) -> dict[str, Any]:
    """The fields of `Round`; `record`: its record, where found."""
    own = {name: getattr(row, name) for name in Round.model_fields if hasattr(row, name)}
    found = None if row.result_hash is None else "missing" if record is None else "verified"
    return {
        **own,
        "record": found,
        "accuracy": record.accuracy if record else None,
        "loss": record.loss if record else None,
    }


def round_item(row: RoundView, record: RecordRow | None) -> Round:
    """A round of a list."""
    return Round(**round_fields(row, record))


def checkpoint_item(row: RoundView, record: RecordRow | None) -> Checkpoint:
    """A checkpoint of a list."""
    return Checkpoint(
        project=row.project,
        round=row.number,
        status="finalized" if row.status == "finalized" else "accepted",
        digest=row.checkpoint_digest or "",
        data_root=row.result["data_root"] if row.result else "",
        cid=record.checkpoint_cid if record else None,
        bytes=record.checkpoint_bytes if record else None,
        accuracy=record.accuracy if record else None,
        loss=record.loss if record else None,
    )


def contribution_item(project: str, round_number: int, leaf: ContributionRow) -> Contribution:
    """A contribution whose leaf was signed."""
    return Contribution(
        project=project,
        round=round_number,
        seat=leaf.seat,
        owner=leaf.owner,
        outcome="rewarded" if leaf.reward_wei else "zero",
        weight=leaf.weight,
        score=leaf.score,
        reward_wei=leaf.reward_wei,
        reason=leaf.reason,
        explanation=explain_leaf(Reason.of_slug(leaf.reason), leaf.weight, leaf.reward_wei),
        message_digest=leaf.digest,
        message_cid=leaf.cid,
        message_bytes=leaf.message_bytes,
    )


def unsigned_contribution(row: RoundView, seat: SeatView, update: UpdateView | None) -> Contribution:
    """A contribution of a round without a result, or without a record that shows it."""
    outcome = _OUTCOMES.get(row.status, "record-missing")
    committed, digest = update is not None, update.digest if update else None
    missed = Reason.NO_REVEAL if committed else Reason.NO_COMMIT
    return Contribution(
        project=row.project,
        round=row.number,
        seat=seat.seat,
        owner=seat.owner,
        outcome=outcome,
        weight=None,
        score=None,
        reward_wei=0 if outcome in ("skipped", "voided") else None,
        reason=missed.slug if outcome == "skipped" and digest is None else None,
        explanation=explain_without_leaf(outcome, committed=committed, revealed=digest is not None),
        message_digest=digest,
        message_cid=None,
        message_bytes=None,
    )

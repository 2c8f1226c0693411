"""From the court's history to rows: only what changed between two histories. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from contracts.court_values import JobVerdict
from frontend_api.indexing.database import (
    NAME_LENGTH,
    Base,
    ClassView,
    JobRoundView,
    JobStage,
    JobView,
    RejectReasonName,
    VerdictName,
    VerifierSeatView,
)
from frontend_api.indexing.projection import hexadecimal, place_document
from node.rounds.history import SwarmHistory
from node.storage.cid import RAW, Cid
from verifier.classes import OutputClass
from verifier.court.history import CourtHistory
from verifier.court.job import WORKER, Job, JobRound, RegisteredClass
from verifier.errors import ClassError

VERDICTS: dict[JobVerdict, tuple[VerdictName | None, RejectReasonName | None]] = {
    JobVerdict.NONE: (None, None),
    JobVerdict.ACCEPT: ("accept", None),
    JobVerdict.REJECT_NO_SHOW: ("reject", "no-show"),
    JobVerdict.REJECT_DISAGREEMENT: ("reject", "disagreement"),
    JobVerdict.INCONCLUSIVE: ("inconclusive", None),
    JobVerdict.RINGER: ("ringer", None),
}


def court_rows(old: CourtHistory, new: CourtHistory) -> Iterator[Base]:
    """Classes, jobs and their rounds that changed."""
    for number, found in enumerate(new.classes.values(), start=1):
        if found.class_id not in old.classes:
            yield _class_row(number, found)
    for job in new.jobs.values():
        before = old.jobs.get(job.job_id)
        if before is not job:
            yield _job_row(job)
            yield from (_round_row(job, item) for item in job.rounds)


def verifier_rows(old: SwarmHistory, new: SwarmHistory) -> Iterator[Base]:
    """Seats of verifiers that changed."""
    for number, seat in new.seats.items():
        if old.seats.get(number) is not seat:
            yield VerifierSeatView(
                seat=number,
                owner=seat.owner,
                active_epoch=seat.active_epoch,
                inactive_epoch=seat.inactive_epoch,
                withdrawn=seat.withdrawn,
            )


def _class_row(number: int, found: RegisteredClass) -> ClassView:
    try:
        told = OutputClass.from_bytes(found.description)
    except ClassError:
        told = None  # the curator may publish any bytes; nobody can work for that class
    return ClassView(
        class_id=hexadecimal(found.class_id),
        number=number,
        terms=_plain(asdict(found.terms)),
        usable_from=found.usable_from,
        threshold=found.terms.threshold,
        appeal_threshold=found.terms.appeal_threshold,
        verifier_fee_wei=found.terms.verifier_fee,
        project=told.project if told else None,
        checkpoint_digest=hexadecimal(told.checkpoint_digest) if told else None,
        task=told.task[:NAME_LENGTH] if told else None,
        hash=told.hash[:NAME_LENGTH] if told else None,
        description=_plain(asdict(told)) if told else None,
        registered=place_document(found.place),
    )


def _job_row(job: Job) -> JobView:
    current = job.current
    verdict, reason = VERDICTS[job.verdict]
    stage, stage_end, reveal_end = _stage(job)
    return JobView(
        job=hexadecimal(job.job_id),
        number=job.number,
        class_id=hexadecimal(job.terms.class_id),
        requester=job.terms.requester,
        worker=job.terms.worker,
        worker_fee_wei=job.terms.worker_fee,
        input=hexadecimal(job.input),
        stage=stage,
        stage_end=stage_end,
        reveal_end=reveal_end,
        round=current.number if current else None,
        committee_size=current.size if current else None,
        verdict=verdict,
        reason=reason,
        seed=hexadecimal(job.seed) if job.seed else None,
        terms=_plain(asdict(job.terms)),
        consequences=_consequences(job),
        submitted=place_document(job.submitted),
        seed_drawn=place_document(job.seed_drawn),
        ended=place_document(job.ending.place if job.ending else None),
    )


def _stage(job: Job) -> tuple[JobStage, int, int]:
    """What events say of where a job is, when that ends by time, and when openings end."""
    current = job.current
    if job.ending is not None:
        return "closed", 0, 0
    if current is None:
        return "work", job.work_end, 0
    if current.decision is not None:
        # Exposing a ringer ends the window for appeals at once.
        return "decided", 0 if job.ringer else current.decision.appeal_end, 0
    if current.all_committed is not None:
        return "reveal", current.reveal_end, current.reveal_end
    return "commit", current.commit_end, current.reveal_end


def _consequences(job: Job) -> dict[str, Any]:
    ending, ringer = job.ending, job.ringer
    return {
        "ringer": ringer and {"digest": _digest(ringer.digest), "transaction": place_document(ringer.place)},
        "payments": [
            {"account": item.account, "amount_wei": str(item.amount_wei), "transaction": place_document(item.place)}
            for item in job.payments
        ],
        "strikes": [
            {
                "account": item.account,
                "strikes": item.strikes,
                "absent": item.absent,
                "transaction": place_document(item.place),
            }
            for item in job.strikes
        ],
        "slashes": [
            {
                "seat": item.seat,
                "account": item.account,
                "amount_wei": str(item.amount_wei),
                "transaction": place_document(item.place),
            }
            for item in job.slashes
        ],
        "outcome": ending
        and {
            "kind": "finalized" if job.rounds else "expired",
            "requester_wei": str(ending.requester_wei),
            "worker_wei": str(ending.worker_wei),
            "burned_wei": str(ending.burned_wei),
            "transaction": place_document(ending.place),
        },
    }


def _round_row(job: Job, item: JobRound) -> JobRoundView:
    decision = item.decision
    verdict, reason = VERDICTS[decision.verdict if decision else JobVerdict.NONE]
    votes = [_vote(job, item, index) for index in range(len(item.members) + 1)]
    sides = [vote["side"] for vote in votes[1:]]
    return JobRoundView(
        job=hexadecimal(job.job_id),
        round=item.number,
        number=job.number,
        committee_size=item.size,
        threshold=item.threshold,
        verdict=verdict,
        reason=reason,
        near=sides.count("near"),
        far=sides.count("far"),
        absent=item.size - len(sides) + sides.count(None) if decision else 0,
        holds=decision is not None and item is job.current and job.ringer is None,
        distances=list(decision.distances) if decision else [],
        votes=votes,
        details={
            "key": hexadecimal(item.seed) if item.seed and item.number else None,
            "epoch": item.epoch,
            "pinned_block": item.pinned_block,
            "appellant": item.appellant,
            "bond_wei": str(item.bond_wei),
            "commit_end": item.commit_end,
            "reveal_end": item.reveal_end,
            "appeal_end": decision.appeal_end if decision else None,
            "begun": place_document(item.begun),
            "drawn": place_document(item.drawn),
            "all_committed": place_document(item.all_committed),
        },
        decided=place_document(decision.place if decision else None),
    )


def _vote(job: Job, item: JobRound, index: int) -> dict[str, Any]:
    """What the worker (index 0) or a member did in a round."""
    promise, opened, decision = item.commitments.get(index), item.openings.get(index), item.decision
    member = item.members[index - 1] if index else None
    distance = decision.distances[index - 1] if decision and index else None
    state = "revealed" if opened else "no-show" if decision else "committed" if promise else "pending"
    return {
        "index": index,
        "role": "verifier" if index else "worker",
        "account": member.account if member else job.terms.worker,
        "seat": member.seat if member else None,
        "state": "vacant" if member and member.vacant else state,
        "side": _side(item, index),
        "distance": distance,
        "digest": _digest(opened.opening.digest) if opened else None,
        "output_digest": hexadecimal(opened.opening.output_digest) if opened else None,
        "output_cid": str(Cid(RAW, opened.opening.output_digest)) if opened else None,
        "commitment": hexadecimal(promise.commitment) if promise else None,
        "committed": place_document(promise.place if promise else None),
        "revealed": place_document(opened.place if opened else None),
    }


def _side(item: JobRound, index: int) -> str | None:
    """Whether a member counts for the worker, against it, or for nobody."""
    if item.decision is None or index == WORKER or index not in item.openings:
        return None
    if item.decision.near >> index & 1:
        return "near"
    return "far" if item.decision.far >> index & 1 else "neither"


def _digest(value: int) -> str:
    return f"0x{value:064x}"


def _plain(value: Any) -> Any:
    """Bytes in hexadecimal; integers that JSON's numbers may not hold as decimal strings."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 53 else str(value)
    return value

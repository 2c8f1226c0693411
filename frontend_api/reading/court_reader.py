"""Answers about the output court: one reader behind every route and every asking command."""

from __future__ import annotations

from typing import Any, Self

from sqlalchemy import ColumnElement, func, select

from contracts.deploy import Deployment
from frontend_api.court_schemas import (
    CommitteeVerdict,
    Job,
    JobAnswer,
    OutputClass,
    OutputClassAnswer,
)
from frontend_api.errors import ClassNotFound, JobNotFound
from frontend_api.indexing.database import ClassView, JobRoundView, JobView, VerifierSeatView
from frontend_api.pagination import Page
from frontend_api.reading.court_items import class_detail, class_fields, job_detail, job_fields, verdict_item
from frontend_api.reading.index_reader import IndexReader
from frontend_api.reading.listings import (
    CLASSES,
    VERDICTS,
    active_seat,
    select_classes,
    select_jobs,
    select_verdicts,
)
from frontend_api.schemas import CourtStatus, Listed, VerdictCounts


class CourtReader(IndexReader):
    """Reads one state of the index. `epoch`: that of the verifiers' registry at the head."""

    epoch: int = 0

    def with_epochs(self, epoch_seconds: int) -> Self:
        """This reader, told how long the epochs of the verifiers' registry are."""
        self.epoch = self.time // epoch_seconds
        return self

    async def jobs(self, page: Page) -> Listed[Job]:
        """Jobs, with their phase at the head's time."""
        statement, listing = select_jobs(self.time)
        return await self._list(statement, listing, page, "/api/v1/jobs", lambda row: Job(**job_fields(*row)))

    async def verdicts(self, page: Page) -> Listed[CommitteeVerdict]:
        """What committees decided."""
        return await self._list(
            select_verdicts(), VERDICTS, page, "/api/v1/verdicts", lambda row: verdict_item(row[0], row[1])
        )

    async def classes(self, page: Page) -> Listed[OutputClass]:
        """Registered classes."""
        return await self._list(
            select_classes(), CLASSES, page, "/api/v1/classes", lambda row: OutputClass(**class_fields(row[0]))
        )

    async def job(self, job: str) -> tuple[JobAnswer, bool]:
        """Everything about a job, and whether that can never change again. Raises JobNotFound."""
        statement, _ = select_jobs(self.time)
        found = (await self._session.execute(statement.where(JobView.job == job))).first()
        if found is None:
            raise JobNotFound(job)
        row, task, phase = found
        rounds = await self._rows(JobRoundView, JobRoundView.job == job, JobRoundView.round)
        answer = JobAnswer(head=await self._head_at(row.ended), job=job_detail(row, task, phase, list(rounds)))
        return answer, row.ended is not None

    async def output_class(self, class_id: str) -> OutputClassAnswer:
        """One class and what became of its jobs. Raises ClassNotFound."""
        row = await self._session.get(ClassView, class_id)
        if row is None:
            raise ClassNotFound(class_id)
        counts = await self._verdict_counts(JobView.class_id == class_id)
        return OutputClassAnswer(head=self.head, output_class=class_detail(row, counts))

    async def status(self, deployment: Deployment) -> CourtStatus:
        """The court in numbers."""
        return CourtStatus(
            address=deployment.court,
            registry=deployment.verifier_registry,
            verifier_seats=await self._count(VerifierSeatView, active_seat(self.epoch, VerifierSeatView)),
            classes=await self._count(ClassView),
            closed=await self._count(JobView, JobView.stage == "closed"),
            jobs=await self._verdict_counts(),
        )

    async def _verdict_counts(self, *conditions: ColumnElement[bool]) -> VerdictCounts:
        statement = select(JobView.verdict, func.count()).where(*conditions).group_by(JobView.verdict)
        counts: dict[str, int] = {verdict or "open": count for verdict, count in await self._session.execute(statement)}
        return VerdictCounts(**{name: counts.get(name, 0) for name in VerdictCounts.model_fields})

    async def _count(self, table: type[Any], *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).select_from(table).where(*conditions)
        return await self._session.scalar(statement) or 0

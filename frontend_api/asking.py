"""Asking what happened: from a REST API, or from chain and peers directly. The answers are the same.

Asked directly, a whole index is built in memory by the code that runs the API, and only the records a question needs
are fetched. So nothing has to run, and nothing has to be believed.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import aiohttp
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from frontend_api.court_schemas import Job, JobAnswer, OutputClass
from frontend_api.dependencies import Index
from frontend_api.errors import ApiRefused, ApiUnreachable, FrontendError, ProjectNotFound
from frontend_api.opening import IN_MEMORY, open_index
from frontend_api.pagination import parse_page
from frontend_api.reading.court_reader import CourtReader
from frontend_api.reading.listings import CLASSES, CONTRIBUTIONS, JOBS
from frontend_api.reading.reader import Reader
from frontend_api.reading.status import status_answer
from frontend_api.schemas import (
    Answer,
    Contribution,
    ContributionAnswer,
    Listed,
    Project,
    ProjectAnswer,
    RewardAnswer,
    StatusAnswer,
)
from frontend_api.settings import Settings

AnswerT = TypeVar("AnswerT", bound=Answer)
TIMEOUT_SECONDS = 30.0
NEWEST_CLASSES = {"sort": "-number", "limit": "200"}


class Answers(Protocol):
    """What can be asked about one project."""

    async def status(self) -> StatusAnswer:
        """The whole in one answer."""

    async def project(self) -> ProjectAnswer:
        """The project."""

    async def contributions(self, filters: Mapping[str, str]) -> Listed[Contribution]:
        """One page of signed contributions; `filters` as in REST."""

    async def contribution(self, number: int, address: str) -> ContributionAnswer:
        """What an account contributed in a round."""

    async def reward(self, address: str) -> RewardAnswer:
        """What an account earned, with its claim proof."""

    async def jobs(self, filters: Mapping[str, str]) -> Listed[Job]:
        """One page of the output court's jobs; `filters` as in REST."""

    async def job(self, job: str) -> JobAnswer:
        """One job: committees, votes, verdicts, payments."""

    async def classes(self) -> Listed[OutputClass]:
        """The output court's classes, the newest first."""


@contextlib.asynccontextmanager
async def open_answers(settings: Settings) -> AsyncIterator[Answers]:
    """From the API that the settings name, else directly."""
    if settings.api_url is not None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as session:
            yield ApiAnswers(session, settings.api_url.rstrip("/"), settings.project)
        return
    async with open_index(settings, IN_MEMORY) as index:
        await index.service.indexer.catch_up()
        index.service.state = "following"
        yield DirectAnswers(index, settings.project)


class DirectAnswers:
    """Answers from an index in memory."""

    def __init__(self, index: Index, project: str | None) -> None:
        self._index, self._project = index, project

    async def status(self) -> StatusAnswer:
        """The whole in one answer."""
        if self._index.service.indexer.state.projects:
            await self._collect(await self._chosen(), newest_only=True)
        async with self._reader() as reader:
            court = reader.beside(CourtReader).with_epochs(self._index.verifier_epoch_seconds)
            return await status_answer(reader, court, self._index.service, self._index.deployment, self._project)

    async def project(self) -> ProjectAnswer:
        """The project."""
        async with self._reader() as reader:
            return await reader.project_answer(self._project)

    async def contributions(self, filters: Mapping[str, str]) -> Listed[Contribution]:
        """One page of signed contributions."""
        page = parse_page(CONTRIBUTIONS, list(filters.items()))
        project = await self._chosen()
        await self._collect(project, only=int(filters["round"]) if "round" in filters else None)
        async with self._reader() as reader:
            return await reader.contributions(project, page)

    async def contribution(self, number: int, address: str) -> ContributionAnswer:
        """What an account contributed in a round."""
        project = await self._chosen()
        await self._collect(project, only=number)
        async with self._reader() as reader:
            answer, _ = await reader.contribution(project, number, address, proof=True)
            return answer

    async def reward(self, address: str) -> RewardAnswer:
        """What an account earned."""
        project = await self._chosen()
        await self._collect(project, newest_only=True)
        async with self._reader() as reader:
            return await reader.reward(project, address)

    async def jobs(self, filters: Mapping[str, str]) -> Listed[Job]:
        """One page of the output court's jobs."""
        page = parse_page(JOBS, list(filters.items()))
        async with self._court_reader() as reader:
            return await reader.jobs(page)

    async def job(self, job: str) -> JobAnswer:
        """One job."""
        async with self._court_reader() as reader:
            return (await reader.job(job))[0]

    async def classes(self) -> Listed[OutputClass]:
        """The output court's classes."""
        async with self._court_reader() as reader:
            return await reader.classes(parse_page(CLASSES, list(NEWEST_CLASSES.items())))

    async def _chosen(self) -> str:
        async with self._reader() as reader:
            return (await reader.project(self._project)).address

    async def _collect(self, project: str, *, only: int | None = None, newest_only: bool = False) -> None:
        """Fetch the records a question needs: one round's, the newest accepted and final ones, or all."""
        state = self._index.service.indexer.state
        rounds = None if only is None else {only}
        if newest_only:
            histories = [item.history for address, item in state.projects.items() if address == project]
            accepted = [item.number for history in histories for item in history.rounds if item.acceptance]
            final = [item.number for history in histories for item in history.rounds if item.finalized]
            rounds = {*accepted[-1:], *final[-1:]}
        await self._index.service.collector.collect(state, project=project, rounds=rounds)

    @contextlib.asynccontextmanager
    async def _reader(self) -> AsyncIterator[Reader]:
        async with AsyncSession(self._index.engine) as session, session.begin():
            yield await Reader.open(session)

    @contextlib.asynccontextmanager
    async def _court_reader(self) -> AsyncIterator[CourtReader]:
        async with AsyncSession(self._index.engine) as session, session.begin():
            yield (await CourtReader.open(session)).with_epochs(self._index.verifier_epoch_seconds)


class ApiAnswers:
    """Answers from a REST API."""

    def __init__(self, session: aiohttp.ClientSession, url: str, project: str | None) -> None:
        self._session, self._url, self._project = session, url, project

    async def status(self) -> StatusAnswer:
        """The whole in one answer."""
        return await self._get(StatusAnswer, "/status", {})

    async def project(self) -> ProjectAnswer:
        """The project."""
        if self._project is None:
            first = await self._get(Listed[Project], "/projects", {"limit": "1"})
            if not first.items:
                raise ProjectNotFound(None)
            return ProjectAnswer(head=first.head, project=first.items[0])
        return await self._get(ProjectAnswer, f"/projects/{self._project}", {})

    async def contributions(self, filters: Mapping[str, str]) -> Listed[Contribution]:
        """One page of signed contributions."""
        return await self._get(Listed[Contribution], "/contributions", filters)

    async def contribution(self, number: int, address: str) -> ContributionAnswer:
        """What an account contributed in a round."""
        return await self._get(ContributionAnswer, f"/contributions/{number}/{address}", {"proof": "true"})

    async def reward(self, address: str) -> RewardAnswer:
        """What an account earned."""
        return await self._get(RewardAnswer, f"/rewards/{address}", {})

    async def jobs(self, filters: Mapping[str, str]) -> Listed[Job]:
        """One page of the output court's jobs."""
        return await self._get(Listed[Job], "/jobs", filters)

    async def job(self, job: str) -> JobAnswer:
        """One job."""
        return await self._get(JobAnswer, f"/jobs/{job}", {})

    async def classes(self) -> Listed[OutputClass]:
        """The output court's classes."""
        return await self._get(Listed[OutputClass], "/classes", NEWEST_CLASSES)

    async def _get(self, kind: type[AnswerT], path: str, parameters: Mapping[str, str]) -> AnswerT:
        about_one_project = not path.startswith(("/projects", "/jobs", "/classes"))
        named = {"project": self._project} if self._project and about_one_project else {}
        query = urlencode({**parameters, **named})
        try:
            async with self._session.get(f"{self._url}/api/v1{path}?{query}", allow_redirects=False) as response:
                body = await response.json(content_type=None)
                if response.status != 200:
                    raise _refusal(self._url, response.status, body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ApiUnreachable(self._url, str(error) or "no answer in time") from error
        try:
            return kind.model_validate(body)
        except ValidationError as error:
            raise ApiUnreachable(
                self._url, f"its answer to {path} is not ours ({error.error_count()} errors)"
            ) from error


def _refusal(url: str, status: int, body: Any) -> FrontendError:
    if isinstance(body, dict) and isinstance(body.get("detail"), str) and isinstance(body.get("type"), str):
        return ApiRefused(body["detail"], body["type"])
    return ApiUnreachable(url, f"status {status}")

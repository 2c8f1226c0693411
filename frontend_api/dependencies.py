"""What routes are given: the index, a reader on one state of it, checked parameters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from eth_utils.address import is_address, to_checksum_address
from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from contracts.deploy import Deployment
from frontend_api.errors import IndexFailing, InvalidParameter
from frontend_api.hashes import hash_of
from frontend_api.indexing.service import IndexService
from frontend_api.pagination import Listing, Page, parse_page
from frontend_api.reading.court_reader import CourtReader
from frontend_api.reading.index_reader import ReaderT
from frontend_api.reading.reader import Reader
from frontend_api.settings import Address


@dataclass(frozen=True)
class Index:
    """One deployment's index, as the app runs it. `verifier_epoch_seconds`: of the verifiers' registry."""

    deployment: Deployment
    verifier_epoch_seconds: int
    engine: AsyncEngine
    service: IndexService


def get_index(request: Request) -> Index:
    """The index of the app that answers."""
    index: Index = request.app.state.index
    return index


IndexDep = Annotated[Index, Depends(get_index)]


async def get_reader(index: IndexDep) -> AsyncIterator[Reader]:
    """A reader for this request. Raises IndexEmpty, IndexFailing."""
    async with AsyncSession(index.engine) as session, session.begin():
        yield _of_this_chain(index, await Reader.open(session))


async def get_court_reader(index: IndexDep) -> AsyncIterator[CourtReader]:
    """A reader of the court for this request. Raises IndexEmpty, IndexFailing."""
    async with AsyncSession(index.engine) as session, session.begin():
        yield _of_this_chain(index, (await CourtReader.open(session)).with_epochs(index.verifier_epoch_seconds))


def _of_this_chain(index: Index, reader: ReaderT) -> ReaderT:
    """The reader, unless what it reads is of a chain that the endpoint does not serve any more."""
    if index.service.replaced is not None:
        raise IndexFailing(str(index.service.replaced), reader.head.block)
    return reader


ReaderDep = Annotated[Reader, Depends(get_reader)]
CourtReaderDep = Annotated[CourtReader, Depends(get_court_reader)]
ProjectQuery = Annotated[Address | None, Query(description="Project; the first of the deployment if not named.")]
AddressPath = Annotated[Address, Path(description="An account, 0x and 40 hexadecimal digits.")]
JobPath = Annotated[str, AfterValidator(hash_of), Path(description="Id of a job, 0x and 64 hexadecimal digits.")]
ClassPath = Annotated[str, AfterValidator(hash_of), Path(description="Id of a class, 0x and 64 hexadecimal digits.")]
RoundPath = Annotated[int, Path(ge=1, lt=1 << 63, description="Number of a round, from 1.")]


def list_parameters(listing: Listing) -> dict[str, Any]:
    """The query parameters of a list route, for OpenAPI."""
    project = {
        "name": "project",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": "Project; the first of the deployment if not named.",
    }
    return {"openapi_extra": {"parameters": [*listing.parameters(), project]}}


async def requested_page(request: Request, reader: Reader, listing: Listing) -> tuple[Page, str]:
    """The page a list request asks for, and its project. Raises InvalidParameter or ProjectNotFound."""
    page = parse_page(listing, request.query_params.multi_items(), fixed=("project",))
    named = page.fixed.get("project")
    if named is not None and not is_address(named):
        raise InvalidParameter("project", named, "an address, 0x and 40 hexadecimal digits")
    chosen = await reader.project(None if named is None else to_checksum_address(named))
    # The cursor names the project even where the request did not: which one is the first may change.
    return replace(page, fixed={"project": chosen.address}), chosen.address

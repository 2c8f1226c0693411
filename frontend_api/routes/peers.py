"""Accounts that train."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from frontend_api.caching import answer
from frontend_api.dependencies import AddressPath, ProjectQuery, ReaderDep, list_parameters, requested_page
from frontend_api.problems import responses
from frontend_api.reading.listings import PEERS
from frontend_api.schemas import Listed, Peer, PeerAnswer

router = APIRouter(tags=["peers"])


@router.get("/peers", response_model=Listed[Peer], responses=responses(404, 422, 503), **list_parameters(PEERS))
async def list_peers(request: Request, reader: ReaderDep) -> Response:
    """Accounts that hold or held seats, with what they earned in the project."""
    page, project = await requested_page(request, reader, PEERS)
    return answer(request, await reader.peers(project, page))


@router.get("/peers/{address}", response_model=PeerAnswer, responses=responses(404, 422, 503))
async def get_peer(request: Request, reader: ReaderDep, address: AddressPath, project: ProjectQuery = None) -> Response:
    """One account and its latest contributions."""
    chosen = await reader.project(project)
    return answer(request, await reader.peer(chosen.address, address))

"""The court as commands need it: its history from the chain, and the account that acts, if one does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from contracts.chain import Chain
from contracts.deploy import Deployment
from contracts.keys import load_key
from contracts.values import ZERO_ADDRESS, Address
from frontend_api.command_line import require_key_file
from frontend_api.settings import Settings
from node.exchange.peer_client import new_session
from verifier.court.history import CourtHistory
from verifier.court.job import Job, RegisteredClass
from verifier.court.surroundings import CourtSite, Surroundings, look_around
from verifier.errors import UnknownClass, UnknownJob


@dataclass(frozen=True)
class CourtSession:
    """The court of a deployment as seen by `account`; the zero address: nobody, for reading."""

    deployment: Deployment
    around: Surroundings
    account: Address
    http: aiohttp.ClientSession

    @property
    def history(self) -> CourtHistory:
        """What happened in court, as of the newest block seen."""
        return self.around.observer.history

    def output_class(self, class_id: bytes) -> RegisteredClass:
        """A class by its id. Raises UnknownClass."""
        if class_id not in self.history.classes:
            raise UnknownClass(class_id)
        return self.history.classes[class_id]

    def job(self, job_id: bytes) -> Job:
        """A job by its id. Raises UnknownJob."""
        if job_id not in self.history.jobs:
            raise UnknownJob(job_id)
        return self.history.jobs[job_id]


@contextlib.asynccontextmanager
async def open_court(settings: Settings, *, sends: bool = False) -> AsyncIterator[CourtSession]:
    """The court of the deployment that the settings name; `sends`: with the account of the key file.

    Raises SettingsError, KeyFileError, DeploymentError, ChainUnreachable, WrongChainId, MissingContract.
    """
    account = load_key(require_key_file(settings), password_path=settings.password_file) if sends else None
    deployment = Deployment.load(settings.deployment)
    async with (
        await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account) as chain,
        new_session() as http,
    ):
        await deployment.check(chain, settings.deployment)
        me = ZERO_ADDRESS if account is None else account.address
        around = await look_around(chain, CourtSite.of(deployment), http, me)
        yield CourtSession(deployment, around, me, http)

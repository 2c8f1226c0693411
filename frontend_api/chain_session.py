"""The chain as commands that send transactions need it: key, connection, deployment, project, all checked first."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from contracts.chain import Chain
from contracts.client import Project, Token
from contracts.deploy import Deployment
from contracts.events import ProjectCreated
from contracts.keys import load_key
from contracts.values import Address
from frontend_api.command_line import require_key_file
from frontend_api.errors import NotEnoughTokens, ProjectNotFound, SettingsError
from frontend_api.settings import Settings


@dataclass(frozen=True)
class ChainSession:
    """A connection on behalf of `account`, to a chain that holds the deployment."""

    chain: Chain
    deployment: Deployment
    account: Address

    async def project(self, named: str | None) -> Address:
        """The project named, else the deployment's only one. Errors as in `find_project`."""
        return await find_project(self.chain, self.deployment, named)

    async def registry_of(self, project: Address) -> Address:
        """Where a project's seats are staked."""
        return (await Project(self.chain, project).configuration()).registry

    async def require_tokens(self, amount_wei: int) -> None:
        """Raise NotEnoughTokens unless the account holds this much."""
        held = await Token(self.chain, self.deployment.token).balance_of(self.account)
        if held < amount_wei:
            raise NotEnoughTokens(self.account, held, amount_wei)


async def find_project(chain: Chain, deployment: Deployment, named: str | None) -> Address:
    """The project named, else the deployment's only one. Raises ProjectNotFound, SettingsError."""
    events = await chain.logs([deployment.factory], deployment.block_number, (await chain.head()).number)
    projects = [event.project for event in events if isinstance(event, ProjectCreated)]
    if not projects or (named is not None and named not in projects):
        raise ProjectNotFound(named)
    if named is None and len(projects) > 1:
        raise SettingsError(f"this deployment has several projects, name one with --project: {', '.join(projects)}")
    return projects[0] if named is None else projects[projects.index(cast(Address, named))]


@contextlib.asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[ChainSession]:
    """Everything a sending command needs; what is wrong is told before anything is sent.

    Raises SettingsError, KeyFileError, DeploymentError, ChainUnreachable, WrongChainId, MissingContract.
    """
    account = load_key(require_key_file(settings), password_path=settings.password_file)
    deployment = Deployment.load(settings.deployment)
    async with await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account) as chain:
        await deployment.check(chain, settings.deployment)
        yield ChainSession(chain, deployment, account.address)

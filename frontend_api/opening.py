"""Opening what the faces read: chain, deployment record, index."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from contracts.chain import Chain
from contracts.client import Registry
from contracts.deploy import Deployment
from frontend_api.dependencies import Index
from frontend_api.indexing.collector import RecordCollector
from frontend_api.indexing.database import open_engine
from frontend_api.indexing.indexer import Indexer
from frontend_api.indexing.service import IndexService
from frontend_api.settings import Settings
from node.exchange.peer_client import PeerClient, new_session

# How we introduce ourselves to gateways: nobody's account.
READER_ADDRESS = "0x0000000000000000000000000000000000000000"
IN_MEMORY = "sqlite+aiosqlite://"


@contextlib.asynccontextmanager
async def open_index(settings: Settings, database_url: str) -> AsyncIterator[Index]:
    """The index of the deployment that the settings name, as far as its database has it.

    Raises DeploymentError, ChainUnreachable, WrongChainId, MissingContract, IndexDamaged, IndexMismatch.
    """
    deployment = Deployment.load(settings.deployment)
    async with contextlib.AsyncExitStack() as stack:
        chain = await stack.enter_async_context(
            await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id)
        )
        await deployment.check(chain, settings.deployment)
        epoch_seconds = await Registry(chain, deployment.verifier_registry).epoch_seconds()
        engine = open_engine(database_url)
        stack.push_async_callback(engine.dispose)
        session = await stack.enter_async_context(new_session())
        indexer = await Indexer.open(chain, deployment, engine)
        collector = RecordCollector(engine, PeerClient(session, READER_ADDRESS), deployment.chain_id)
        yield Index(deployment, epoch_seconds, engine, IndexService(indexer, collector))

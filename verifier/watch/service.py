"""A watcher as a process: chain -> what the project is -> where its objects come from -> watch."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog

from contracts.attestation import Domain
from contracts.chain import Chain
from contracts.client import Project, Registry
from contracts.disputes import Disputes
from contracts.keys import load_key
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import new_session
from node.observer import ChainObserver
from node.projects import read_manifest
from node.rounds.history import SwarmHistory
from node.rounds.library import Library
from node.storage.memory import MemoryStore
from verifier.watch.config import WatchSettings
from verifier.watch.watcher import Verdict, Watcher


async def run_watcher(settings: WatchSettings) -> tuple[Verdict, ...]:
    """Watch a project until cancelled or, with `once`, until all was looked at; what was found, in order.

    Raises SwarmProofError for whatever keeps it from starting: chain, key, project.
    """
    account = load_key(settings.key_file, password_path=settings.password_file)
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(
            await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account)
        )
        project = Project(chain, settings.project)
        configuration = await project.configuration()
        manifest = await read_manifest(
            chain, settings.factory, settings.project, configuration, from_block=settings.from_block
        )
        domain = Domain(chain.chain_id, settings.project)
        registry = Registry(chain, configuration.registry)
        start = SwarmHistory.of_project(domain, configuration, await registry.seat_stake())
        followed = [configuration.registry, settings.project, await project.attendance()]
        observer = ChainObserver(chain, followed, start, from_block=settings.from_block)
        await observer.refresh()
        session = await stack.enter_async_context(new_session())
        store = MemoryStore()
        fetcher = Fetcher(session, store, self_address=account.address)
        library = Library(manifest, domain, store, fetcher, observer, account.address)
        await library.open()
        watcher = Watcher(
            chain,
            observer,
            library,
            store,
            Disputes(chain, await project.disputes()),
            configuration,
            poll_seconds=settings.poll_seconds,
        )
        structlog.get_logger("watch").info("watching", project=settings.project, account=account.address)
        await watcher.run(once=settings.once)
        return tuple(watcher.verdicts.values())

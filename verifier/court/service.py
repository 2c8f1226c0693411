"""One party to the court as a process: everything is put together here, and taken down in reverse.

chain -> state directory -> gateway -> stake and endpoint -> party
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog

from contracts.chain import Chain
from contracts.client import Registry
from contracts.keys import load_key
from contracts.values import Address
from node.exchange.fetch import Fetcher
from node.exchange.peer_client import new_session
from node.exchange.source import Source
from node.membership import ensure_endpoint, ensure_seats, seats_of
from node.storage.local import LocalStore
from verifier.cheats import HONEST
from verifier.cheats.base import Cheat
from verifier.court.answers import Answers
from verifier.court.conduct import Conduct, behaviour
from verifier.court.config import CourtSettings
from verifier.court.directory import CourtDirectory
from verifier.court.exchange import Board, CourtGateway
from verifier.court.layered_store import LayeredStore
from verifier.court.party import Party
from verifier.court.regenerate import Regenerator
from verifier.court.surroundings import CourtSite, Surroundings, look_around, staked_sources


async def run_party(settings: CourtSettings) -> None:
    """Run a worker or a verifier until it is cancelled.

    Raises SwarmProofError for whatever keeps it from starting: chain, key, stake, cheat, port, state directory.
    """
    account = load_key(settings.key_file, password_path=settings.password_file)
    conduct, cheat = behaviour(settings.cheat, settings.accomplice_dir)
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(
            await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account)
        )
        directory = await _directory(settings, chain, account.address)
        stack.callback(directory.close)
        session = await stack.enter_async_context(new_session())
        site = CourtSite(settings.court, settings.verifier_registry, settings.factory, settings.from_block)
        around = await look_around(chain, site, session, account.address)
        behind = None if settings.store is None else LocalStore(settings.store, create=False)
        store = stack.enter_context(LayeredStore(directory.blocks, behind))
        board = Board()
        url = await stack.enter_async_context(CourtGateway(store, board).serve(settings.host, settings.port))
        registry = Registry(chain, settings.verifier_registry)
        if settings.role == "verifier":
            await ensure_seats(registry, around.token, around.seats, account.address, settings.seats)
        await ensure_endpoint(registry, around.seats, account.address, settings.public_url or url)
        regenerator = Regenerator(
            chain,
            factory=settings.factory,
            from_block=settings.from_block,
            data_dir=settings.data_dir,
            fetcher=Fetcher(session, store, self_address=account.address),
            sources=functools.partial(_sources, settings, around, account.address),
            cheat=cheat,
        )
        answers = Answers(
            me=account.address,
            key=bytes(account.key),
            regenerator=regenerator,
            conduct=conduct,
            directory=directory,
            store=store,
            board=board,
        )
        party = Party(
            account.address,
            around,
            answers=answers,
            appeals=settings.role == "worker" and settings.appeals and _is_honest(conduct, cheat),
            poll_seconds=settings.poll_seconds,
        )
        structlog.get_logger("court").info(
            "party ready",
            role=settings.role,
            account=account.address,
            gateway=url,
            seats=seats_of(around.seats, account.address),
            cheat=settings.cheat,
        )
        await party.run()


async def _sources(settings: CourtSettings, around: Surroundings, me: Address) -> Sequence[Source]:
    """Whom to ask for checkpoints: gateways that were named, then trainers and verifiers."""
    named = tuple(Source(f"gateway {index}", url) for index, url in enumerate(settings.gateways, start=1))
    return named + await staked_sources(around, me)


async def _directory(settings: CourtSettings, chain: Chain, me: Address) -> CourtDirectory:
    identity = {
        "account": me,
        "court": settings.court,
        "chain": str(chain.chain_id),
        # A development chain that starts anew gives the same identifier and the same addresses again.
        "genesis block": "0x" + (await chain.block_hash(0) or b"").hex(),
    }
    return CourtDirectory(settings.state_dir, identity=identity)


def _is_honest(conduct: Conduct, cheat: Cheat) -> bool:
    return type(conduct) is Conduct and cheat.name == HONEST

"""One training peer as a process: everything is put together here, and taken down in reverse.

chain -> what the project is -> state directory -> gateway -> stake and endpoint -> driver
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import structlog

from contracts.attendance import Attendance, AttendanceDomain
from contracts.attestation import Domain
from contracts.chain import Chain
from contracts.client import Project, Registry, Token
from contracts.keys import load_key
from contracts.values import Address, ProjectConfiguration
from node.attacks.base import Attack
from node.attacks.registry import load_attack
from node.checks.shelf import Shelved, TraceShelf
from node.config import NodeSettings
from node.errors import ConfigurationError
from node.exchange.fetch import Fetcher
from node.exchange.gateway import Gateway
from node.exchange.gossip import Gossip
from node.exchange.mailbox import Mailbox
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.manifest import Manifest
from node.membership import ensure_endpoint, ensure_seats, seats_of
from node.observer import ChainObserver
from node.projects import read_manifest
from node.rounds.attester import Attester
from node.rounds.checker import Checker
from node.rounds.collector import Collector
from node.rounds.driver import Driver
from node.rounds.history import SwarmHistory
from node.rounds.library import Library
from node.rounds.maker import UpdateMaker
from node.rounds.record_book import RecordBook
from node.rounds.rules import Rules
from node.rounds.settlement import Settlement
from node.rounds.speaker import Speaker
from node.rounds.witness import Witness
from node.state_directory import StateDirectory
from node.storage.ipfs import IpfsStore
from node.storage.local import LocalStore
from node.storage.memory import MemoryStore
from node.storage.store import ContentStore
from node.tasks.base import Shard, Task
from node.tasks.registry import load_task
from node.tasks.splits import Split
from node.training import Trainer


@dataclass(frozen=True)
class Membership:
    """What this peer is in its project."""

    me: Address
    key: bytes
    domain: Domain
    attendance: AttendanceDomain
    configuration: ProjectConfiguration
    manifest: Manifest
    task: Task
    attack: Attack


async def run_node(settings: NodeSettings) -> None:
    """Run a peer until it is cancelled or, with `exit_when_complete`, until its project is complete.

    Raises SwarmProofError for whatever keeps it from starting: chain, key, stake, data, port, state directory.
    """
    account = load_key(settings.key_file, password_path=settings.password_file)
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(
            await Chain.connect(settings.rpc_url, expected_chain_id=settings.chain_id, account=account)
        )
        project = Project(chain, settings.project)
        member = await _membership(settings, chain, project, account.address, bytes(account.key))
        registry = Registry(chain, member.configuration.registry)
        state = StateDirectory(
            settings.state_dir,
            identity={
                "account": member.me,
                "project": settings.project,
                "chain": str(chain.chain_id),
                # A development chain that starts anew gives the same identifier and the same addresses again.
                "genesis block": "0x" + (await chain.block_hash(0) or b"").hex(),
            },
        )
        stack.callback(state.close)
        start = SwarmHistory.of_project(member.domain, member.configuration, await registry.seat_stake())
        followed = [registry.address, settings.project, member.attendance.attendance]
        observer = ChainObserver(chain, followed, start, from_block=settings.from_block)
        await observer.refresh()
        store = _open_store(settings, state)
        mailbox = Mailbox(
            member.domain,
            clock=lambda: observer.head.timestamp,
            is_member=lambda address: address in observer.history.owners,
        )
        shelf = TraceShelf(state.traces)
        stack.callback(shelf.close)
        gateway = Gateway(
            Shelved(store, shelf), mailbox, state, policy=None if settings.attack is None else member.attack.serve
        )
        url = await stack.enter_async_context(gateway.serve(settings.host, settings.port))
        await ensure_seats(registry, Token(chain, member.configuration.token), observer, member.me, settings.seats)
        await ensure_endpoint(registry, observer, member.me, settings.public_url or url)
        session = await stack.enter_async_context(new_session())
        parts = _Parts(settings, chain, project, registry, member, state, store, shelf, observer, mailbox, session)
        gossip = Gossip(
            mailbox,
            session,
            lambda: [Source(address, endpoint.url) for address, endpoint in observer.history.member_endpoints.items()],
            self_address=member.me,
            random_source=random.Random(),
        )
        stack.push_async_callback(_cancel, asyncio.create_task(gossip.run()))
        driver = await _driver(parts, gossip)
        structlog.get_logger("node").info(
            "peer ready", account=member.me, gateway=url, seats=seats_of(observer, member.me), attack=settings.attack
        )
        await driver.run(until_complete=settings.exit_when_complete)


@dataclass(frozen=True)
class _Parts:
    """What the driver is put together from."""

    settings: NodeSettings
    chain: Chain
    project: Project
    registry: Registry
    member: Membership
    state: StateDirectory
    store: ContentStore
    shelf: TraceShelf
    observer: ChainObserver
    mailbox: Mailbox
    session: aiohttp.ClientSession


async def _membership(settings: NodeSettings, chain: Chain, project: Project, me: Address, key: bytes) -> Membership:
    """Learn what the project is and load what it trains."""
    configuration = await project.configuration()
    manifest = await read_manifest(
        chain, settings.factory, settings.project, configuration, from_block=settings.from_block
    )
    task = load_task(manifest.task, data_dir=settings.data_dir, options=manifest.task_options)
    domain = Domain(chain.chain_id, settings.project)
    attendance = AttendanceDomain(chain.chain_id, await project.attendance(), settings.project)
    return Membership(me, key, domain, attendance, configuration, manifest, task, load_attack(settings.attack))


async def _driver(parts: _Parts, gossip: Gossip) -> Driver:
    settings, member, observer = parts.settings, parts.member, parts.observer
    fetcher = Fetcher(parts.session, parts.store, self_address=member.me)
    library = Library(member.manifest, member.domain, parts.store, fetcher, observer, member.me)
    genesis_digest = await library.open()
    if genesis_digest != member.configuration.genesis_digest:
        raise ConfigurationError(
            f"this build makes genesis 0x{genesis_digest.hex()} from the manifest, "
            f"the contract says 0x{member.configuration.genesis_digest.hex()}"
        )
    genesis_root = (await library.checkpoint(genesis_digest)).data_root
    if genesis_root != member.configuration.genesis_data_root:
        raise ConfigurationError(
            f"the parameters of genesis have root 0x{genesis_root.hex()}, "
            f"the contract says 0x{member.configuration.genesis_data_root.hex()}"
        )
    rules = Rules.of(member.configuration, epoch_seconds=await parts.registry.epoch_seconds())
    book = RecordBook(parts.state, me=member.me)
    speaker = Speaker(domain=member.domain, key=member.key, rules=rules, state=parts.state, gossip=gossip)
    attester = Attester(
        project=parts.project,
        domain=member.domain,
        attendance=member.attendance,
        key=member.key,
        me=member.me,
        manifest=member.manifest,
        library=library,
        state=parts.state,
        mailbox=parts.mailbox,
        speaker=speaker,
        book=book,
        attack=member.attack,
    )
    witness = Witness(
        contract=Attendance(parts.chain, member.attendance.attendance),
        attendance=member.attendance,
        domain=member.domain,
        key=member.key,
        me=member.me,
        attester=attester,
        mailbox=parts.mailbox,
        speaker=speaker,
    )
    training = asyncio.Lock()
    shards = member.task.shards(member.manifest.shard_count, Split.parse(member.manifest.split), member.manifest.seed)
    pieces = MemoryStore()
    checker = Checker(
        me=member.me,
        manifest=member.manifest,
        library=library,
        fetcher=Fetcher(parts.session, pieces, self_address=member.me),
        pieces=pieces,
        trainer_of=_trainer_of(member, shards),
        training=training,
        patience_seconds=rules.patience_seconds,
    )
    maker = UpdateMaker(
        project=parts.project,
        domain=member.domain,
        manifest=member.manifest,
        trainer_of=_trainer_of(member, shards, member.attack.poison_shard),
        library=library,
        state=parts.state,
        store=parts.store,
        shelf=parts.shelf,
        training=training,
        attack=member.attack,
        accomplices=settings.attack_accomplices,
        attack_seed=settings.attack_seed,
        me=member.me,
    )
    collector = Collector(
        project=parts.project,
        domain=member.domain,
        key=member.key,
        me=member.me,
        maker=maker,
        state=parts.state,
        mailbox=parts.mailbox,
        speaker=speaker,
        attack=member.attack,
        enabled=settings.batched,
    )
    settlement = Settlement(
        chain=parts.chain,
        project=parts.project,
        domain=member.domain,
        me=member.me,
        rule=member.manifest.rule,
        task=member.task,
        library=library,
        book=book,
        attester=attester,
        client=PeerClient(parts.session, member.me),
    )
    return Driver(
        me=member.me,
        project=parts.project,
        rules=rules,
        observer=observer,
        mailbox=parts.mailbox,
        maker=maker,
        attester=attester,
        witness=witness,
        checker=checker,
        collector=collector,
        settlement=settlement,
        book=book,
        attack=member.attack,
        claims=settings.claim,
        poll_seconds=settings.poll_seconds,
    )


def _trainer_of(
    member: Membership, shards: Sequence[Shard], chosen: Callable[[Shard], Shard] = lambda shard: shard
) -> Callable[[int], Trainer]:
    """Makes the trainer of a seat when it is first needed: seats may be added while the peer runs.

    `chosen`: the examples to train on instead of the seat's own.
    """
    manifest = member.manifest

    @functools.cache
    def trainer_of(seat: int) -> Trainer:
        shard = chosen(shards[(seat - 1) % manifest.shard_count])
        return Trainer(member.task, manifest, shard, seat=seat, seed=manifest.seed)

    return trainer_of


def _open_store(settings: NodeSettings, state: StateDirectory) -> ContentStore:
    return LocalStore(state.blocks) if settings.ipfs_api is None else IpfsStore(settings.ipfs_api)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

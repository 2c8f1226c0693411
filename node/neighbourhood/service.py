"""One peer of a neighbourhood as a process: put together here, and taken down in reverse.

manifest -> state directory -> gateway -> where we stand -> rounds -> serve until ended
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog

from contracts.attestation import Domain
from contracts.keys import load_key
from node.aggregation.fixed_point import lower_median
from node.attacks.base import Attack
from node.attacks.registry import load_attack
from node.checkpoint import Checkpoint, Theta, dequantise, genesis, unflatten
from node.errors import ConfigurationError, MalformedCheckpoint, StateError, StorageError
from node.exchange.errors import PeerError
from node.exchange.fetch import Fetcher
from node.exchange.gateway import Gateway
from node.exchange.mailbox import Mailbox
from node.exchange.peer_client import PeerClient, new_session
from node.exchange.source import Source
from node.manifest import Manifest
from node.neighbourhood.config import NeighbourhoodSettings
from node.neighbourhood.delivery import Delivery
from node.neighbourhood.intake import Intake
from node.neighbourhood.peer import NeighbourhoodPeer, PeerParts, Position
from node.neighbourhood.statements import FEWEST_BUCKETS, MOST_BUCKETS
from node.state_directory import StateDirectory
from node.storage.cid import Cid
from node.storage.local import LocalStore
from node.storage.store import ContentStore
from node.tasks.base import Shard, Task
from node.tasks.registry import load_task
from node.tasks.splits import Split
from node.training import Trainer, load_parameters, one_thread

RULE: Final = "sybilwall"
_ASK_SECONDS: Final = 5.0


async def run_peer(settings: NeighbourhoodSettings) -> None:
    """Play all rounds, then go on serving until cancelled.

    Raises SwarmProofError for whatever keeps it from starting or going on: key, manifest, data, port, state directory.
    """
    account = load_key(settings.key_file, password_path=settings.password_file)
    manifest = read_manifest_file(settings.manifest)
    task = load_task(manifest.task, data_dir=settings.data_dir, options=manifest.task_options)
    attack, neighbours = data_attack(settings.attack), _neighbours(settings, account.address)
    async with AsyncExitStack() as stack:
        state = StateDirectory(
            settings.state_dir, identity={"account": account.address, "manifest": "0x" + manifest.digest.hex()}
        )
        stack.callback(state.close)
        store = LocalStore(state.blocks)
        stack.callback(store.close)
        domain = Domain(settings.chain_id, settings.project)
        mailbox = Mailbox(
            domain,
            clock=unix_seconds,
            is_member=lambda address: address == account.address or address in neighbours,
        )
        url = await stack.enter_async_context(Gateway(store, mailbox, state).serve(settings.host, settings.port))
        session = await stack.enter_async_context(new_session())
        client = PeerClient(session, account.address)
        delivery = Delivery(client)
        stack.push_async_callback(delivery.close)
        parts = PeerParts(
            me=account.address,
            key=bytes(account.key),
            domain=domain,
            manifest=manifest,
            trainer=Trainer(
                task,
                manifest,
                attack.poison_shard(_shard(task, manifest, settings.shard)),
                seat=settings.shard + 1,
                seed=manifest.seed,
            ),
            neighbours=neighbours,
            mailbox=mailbox,
            store=store,
            state=state,
            intake=Intake(manifest, Fetcher(session, store, self_address=account.address), neighbours),
            delivery=delivery,
            clock=unix_seconds,
            evaluate=_evaluation(task, manifest),
            wait_seconds=settings.wait_seconds,
            epoch_rounds=settings.epoch_rounds,
            follows=settings.attack is None,
        )
        position = await _catch_up(_last_position(state, store, manifest), neighbours, client)
        structlog.get_logger("neighbourhood").info(
            "peer ready", account=account.address, gateway=url, round=position.round, attack=settings.attack
        )
        await NeighbourhoodPeer(parts, position).run(settings.rounds)
        await asyncio.Event().wait()


def read_manifest_file(path: Path) -> Manifest:
    """Read a manifest for gossip mode. Raises ConfigurationError, ManifestError."""
    try:
        manifest = Manifest.from_bytes(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"manifest {path} cannot be read: {error.strerror}") from error
    if manifest.rule != RULE:
        raise ConfigurationError(f"manifest {path}: rule {manifest.rule!r}, a neighbourhood has {RULE!r} only")
    if not FEWEST_BUCKETS <= manifest.history_buckets <= MOST_BUCKETS:
        raise ConfigurationError(
            f"manifest {path}: {manifest.history_buckets} history buckets, "
            f"a neighbourhood needs {FEWEST_BUCKETS} to {MOST_BUCKETS}"
        )
    return manifest


def unix_seconds() -> int:
    """The clock of this machine: without a chain, expiry is by everybody's own."""
    return int(time.time())


def _neighbours(settings: NeighbourhoodSettings, me: str) -> dict[str, Source]:
    sources: dict[str, Source] = {item.address: Source(item.address, item.url) for item in settings.neighbours}
    if len(sources) < len(settings.neighbours) or me in sources:
        raise ConfigurationError(f"neighbours {sorted(sources)}: each once, and without {me} itself")
    return sources


def data_attack(name: str | None) -> Attack:
    """An attack that poisons data: one on messages has nothing to change in whole models."""
    attack = load_attack(name)
    if name is not None and type(attack).poison_shard is Attack.poison_shard:
        raise ConfigurationError(f"attack {name!r} does not poison data; only such attacks work in a neighbourhood")
    return attack


def _shard(task: Task, manifest: Manifest, number: int) -> Shard:
    if number >= manifest.shard_count:
        raise ConfigurationError(f"shard {number} of {manifest.shard_count}")
    return task.shards(manifest.shard_count, Split.parse(manifest.split), manifest.seed)[number]


def _evaluation(task: Task, manifest: Manifest) -> Callable[[Theta], float]:
    model = task.model()

    def evaluate(theta: Theta) -> float:
        with one_thread():
            load_parameters(model, unflatten(dequantise(theta, manifest), manifest))
            return task.evaluate(model).accuracy

    return evaluate


def _last_position(state: StateDirectory, store: ContentStore, manifest: Manifest) -> Position:
    """Where an earlier process stopped, or the common start. Raises StateError for records without their checkpoint."""
    last = state.latest()
    record = None if last is None else state.get(last)
    if last is None or record is None:
        return Position(1, genesis(manifest).theta)
    try:
        document = json.loads(record)
        checkpoint = Checkpoint.from_bytes(store.get(Cid.parse(document["checkpoint"])), manifest)
        return Position(last + 1, checkpoint.theta, checkpoint.previous_digest)
    except (ValueError, KeyError, TypeError, StorageError, MalformedCheckpoint) as error:
        raise StateError(f"the checkpoint of round {last} cannot be read: {error}") from error


async def _catch_up(position: Position, neighbours: Mapping[str, Source], client: PeerClient) -> Position:
    """Join the round the neighbours are in: the lower median of what they say, so that a few cannot send us ahead."""

    async def ask(source: Source) -> int | None:
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await client.latest_round(source) or 0
        except (TimeoutError, PeerError):
            return None

    answers = await asyncio.gather(*(ask(source) for source in neighbours.values()))
    known = [answer for answer in answers if answer is not None]
    if not known or lower_median(known) < position.round:
        return position
    return Position(lower_median(known) + 1, position.theta, position.previous)

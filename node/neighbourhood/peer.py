"""The rounds of one peer: train, show, pass on, wait, check, average.

A round never fails for others' sake. It waits for the neighbours that took part in the last one, for `wait_seconds` at
most; who was silent is not waited for again before it has spoken, though at least one neighbour is. Whoever is missing
or refused gets no weight this round, while its last checked history stays in the comparison.

Shape legend: d = parameters.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import structlog

from contracts.attestation import Domain
from node.aggregation.fixed_point import Q16_ONE
from node.checkpoint import Checkpoint, Theta, quantise
from node.exchange.envelope import Envelope, seal
from node.exchange.errors import ForgedEnvelope, MalformedEnvelope
from node.exchange.mailbox import Mailbox
from node.exchange.source import Source
from node.manifest import Manifest
from node.merkle import ZERO_HASH
from node.neighbourhood.aggregation import mean_model, neighbourhood_weights
from node.neighbourhood.delivery import Delivery
from node.neighbourhood.history import History
from node.neighbourhood.intake import Intake, Refusal
from node.neighbourhood.records import DRAW_BITS, NOBODY, Records, choose_record, heard_directly, heard_of
from node.neighbourhood.statements import (
    EPOCH,
    MODEL,
    RELAY,
    EpochScores,
    model_body,
    read_model,
    read_relay,
    relay_body,
)
from node.state_directory import StateDirectory
from node.storage.cid import Cid
from node.storage.store import ContentStore
from node.training import Trainer

STATEMENT_SECONDS = 3600  # how long a statement may be passed on
_MODELS_SERVED = 3  # of the last rounds, for neighbours that are behind


@dataclass(frozen=True)
class Position:
    """Where a peer stands: the round to play next, its model int32 (d,), the digest of the last model it showed."""

    round: int
    theta: Theta
    previous: bytes = ZERO_HASH


@dataclass(frozen=True)
class PeerParts:
    """What a peer is put together from. `follows`: False for an attacker that keeps its own model.

    `clock`: unix seconds. `evaluate`: accuracy of a model int32 (d,).
    """

    me: str
    key: bytes
    domain: Domain
    manifest: Manifest
    trainer: Trainer
    neighbours: Mapping[str, Source]
    mailbox: Mailbox
    store: ContentStore
    state: StateDirectory
    intake: Intake
    delivery: Delivery
    clock: Callable[[], int]
    evaluate: Callable[[Theta], float]
    wait_seconds: float
    epoch_rounds: int
    follows: bool = True
    random_source: random.Random = field(default_factory=random.SystemRandom)


class NeighbourhoodPeer:
    """One peer. Lives on one event loop; training, storage and evaluation run in worker threads."""

    def __init__(self, parts: PeerParts, position: Position) -> None:
        self._parts, self._position = parts, position
        self.records: Records = NOBODY
        self._silent: set[str] = set()
        self._epoch_scores: Counter[str] = Counter()
        self._served: deque[Cid] = deque()
        self._checkpoint: Cid | None = None
        self._log = structlog.get_logger("neighbourhood").bind(account=parts.me)
        parts.mailbox.listen(self._hear)

    async def run(self, rounds: int) -> None:
        """Play all rounds up to number `rounds`. Raises TrainingDiverged, StorageError."""
        while self._position.round <= rounds:
            await self._play(self._position)

    async def _play(self, at: Position) -> None:
        parts = self._parts
        parts.mailbox.forget(before_round=at.round)
        parts.intake.forgive(before_round=at.round)
        delta = await asyncio.to_thread(parts.trainer.pseudo_gradient, at.theta, at.round)
        own = _subtract(at.theta, quantise(delta, parts.manifest))
        shown = Checkpoint(parts.manifest.digest, at.round, at.previous, own)
        model_cid = await self._keep(shown)
        self._show(at.round, shown, await asyncio.to_thread(parts.intake.history, own))
        models, refusals = await self._collect(at.round)
        present = sorted(models)
        weights: tuple[int, ...] = (*(0 for _ in present), Q16_ONE)
        if parts.follows:
            weights = await asyncio.to_thread(neighbourhood_weights, self.records, present)
        theta = await asyncio.to_thread(mean_model, [*(models[address] for address in present), own], weights)
        checkpoint = Checkpoint(parts.manifest.digest, at.round, shown.digest, theta)
        await self._finish(at.round, model_cid, checkpoint, dict(zip(present, weights, strict=False)), refusals)
        self._position = Position(at.round + 1, theta, shown.digest)

    def _show(self, round: int, shown: Checkpoint, history: History) -> None:
        """Sign the model and send it, after a record of somebody else, to every neighbour."""
        model = self._seal(MODEL, round, model_body(shown.digest, history))
        self._parts.mailbox.offer(model.encoded)
        for address, source in self._parts.neighbours.items():
            draw = self._parts.random_source.getrandbits(DRAW_BITS)
            author = choose_record(self.records, own=self._parts.me, neighbour=address, draw=draw)
            relays = []
            if author is not None:
                record = self.records[author]
                relays.append(self._seal(RELAY, round, relay_body(record.distance, record.statement)))
            self._parts.delivery.start(source, [*relays, model])

    def _seal(self, kind: str, round: int, body: bytes) -> Envelope:
        return seal(
            self._parts.domain,
            self._parts.key,
            kind=kind,
            round=round,
            sequence=self._parts.state.next_sequence(),
            expiry=self._parts.clock() + STATEMENT_SECONDS,
            body=body,
        )

    def _hear(self, envelope: Envelope) -> None:
        """Called for each verified envelope of a neighbour: whoever speaks is waited for, records are taken at once."""
        if envelope.kind == MODEL:
            self._silent.discard(envelope.sender)
        if envelope.kind != RELAY or envelope.sender == self._parts.me:
            return
        buckets = self._parts.manifest.history_buckets
        try:
            distance, record = read_relay(envelope.body, self._parts.domain, buckets, now=self._parts.clock())
        except (MalformedEnvelope, ForgedEnvelope) as error:
            self._log.warning("record refused", sender=envelope.sender, cause=str(error))
            return
        self.records = heard_of(
            self.records,
            record.author,
            own=self._parts.me,
            sender=envelope.sender,
            round=record.round,
            sender_distance=distance,
            history=record.history,
            statement=record.envelope,
        )

    async def _collect(self, round: int) -> tuple[dict[str, Theta], dict[str, Refusal]]:
        """The checked models of this round by neighbour, and why others have none."""
        parts, loop = self._parts, asyncio.get_running_loop()
        deadline = loop.time() + parts.wait_seconds
        fetching: dict[str, asyncio.Task[Theta | Refusal]] = {}
        try:
            while True:
                version = parts.mailbox.version
                for envelope in parts.mailbox.of_round(round, MODEL):
                    if envelope.sender in parts.neighbours and envelope.sender not in fetching:
                        fetching[envelope.sender] = asyncio.create_task(self._check(envelope, deadline))
                expected = parts.neighbours.keys() - self._silent
                if not parts.neighbours or (fetching and expected <= fetching.keys()):
                    break
                async with asyncio.timeout_at(deadline):
                    await parts.mailbox.wait_changed(version)
        except TimeoutError:
            pass
        outcomes = dict(zip(fetching, await asyncio.gather(*fetching.values()), strict=True))
        self._silent |= parts.neighbours.keys() - fetching.keys()
        refusals = dict.fromkeys(parts.neighbours.keys() - fetching.keys(), Refusal.LATE)
        refusals |= {address: outcome for address, outcome in outcomes.items() if isinstance(outcome, Refusal)}
        return {a: outcome for a, outcome in outcomes.items() if not isinstance(outcome, Refusal)}, refusals

    async def _check(self, envelope: Envelope, deadline: float) -> Theta | Refusal:
        """A neighbour's model, its history on record if it is as it should be."""
        try:
            statement = read_model(envelope, self._parts.manifest.history_buckets)
        except MalformedEnvelope:
            return Refusal.MALFORMED
        left = deadline - asyncio.get_running_loop().time()
        outcome = await self._parts.intake.model(statement, within_seconds=max(1.0, left))
        if not isinstance(outcome, Refusal):
            self.records = heard_directly(
                self.records,
                statement.author,
                round=statement.round,
                history=statement.history,
                statement=statement.envelope,
            )
        return outcome

    async def _keep(self, checkpoint: Checkpoint) -> Cid:
        """Store and pin a checkpoint; those of long ago may go."""
        cid = await asyncio.to_thread(self._parts.store.add, checkpoint.to_bytes())
        await asyncio.to_thread(self._parts.store.pin, cid)
        return cid

    async def _finish(
        self,
        round: int,
        model: Cid,
        checkpoint: Checkpoint,
        weights: Mapping[str, int],
        refusals: Mapping[str, Refusal],
    ) -> None:
        """Write down what came of a round, and let go of what nobody needs any more."""
        parts = self._parts
        self._epoch_scores.update(weights)
        cid = await self._keep(checkpoint)
        accuracy = await asyncio.to_thread(parts.evaluate, checkpoint.theta)
        record = {
            "round": round,
            "model": str(model),
            "checkpoint": str(cid),
            "accuracy": accuracy,
            "known": len(self.records),
            "neighbours": [
                {
                    "address": address,
                    "weight_q16": weights.get(address, 0),
                    "refused": refusals[address].value if address in refusals else None,
                }
                for address in sorted(parts.neighbours)
            ],
            "epoch": self._epoch(round, checkpoint) if round % parts.epoch_rounds == 0 else None,
        }
        await asyncio.to_thread(parts.state.save_record, round, json.dumps(record).encode())
        self._log.info(
            "round",
            round=round,
            accuracy=round_figure(accuracy),
            weight=sum(weights.values()),
            refused={address: refusal.value for address, refusal in refusals.items()},
            known=len(self.records),
        )
        await self._let_go(model, cid)

    async def _let_go(self, model: Cid, checkpoint: Cid) -> None:
        store, self._checkpoint, last = self._parts.store, checkpoint, self._checkpoint
        self._served.append(model)
        old = [self._served.popleft()] if len(self._served) > _MODELS_SERVED else []
        kept = {*self._served, checkpoint}
        for cid in {*old, *([last] if last is not None else [])} - kept:
            await asyncio.to_thread(store.unpin, cid)
        # Nothing is being added now: all fetches of the round have ended.
        await asyncio.to_thread(store.collect_garbage)

    def _epoch(self, round: int, checkpoint: Checkpoint) -> dict[str, str | int]:
        """Sign the scores of the epoch that ends with this round."""
        number = round // self._parts.epoch_rounds
        scores = tuple((address, self._epoch_scores[address]) for address in self._parts.neighbours)
        statement = EpochScores(number, round, checkpoint.digest, scores)
        self._epoch_scores.clear()
        envelope = self._seal(EPOCH, round, statement.to_bytes())
        return {"number": number, "digest": "0x" + statement.digest.hex(), "envelope": "0x" + envelope.encoded.hex()}


def round_figure(value: float) -> float:
    """Four digits, for people."""
    return round(value, 4)


def _subtract(theta: Theta, delta: Theta) -> Theta:
    """theta - delta, saturating; int32 (d,)."""
    limits = np.iinfo(np.int32)
    difference = np.subtract(theta, delta, dtype=np.int64)
    return np.clip(difference, limits.min, limits.max).astype(np.int32)

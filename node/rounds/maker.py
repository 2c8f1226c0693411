"""The trainer's half of a round: train, make the update durable, commit, reveal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import structlog

from contracts.attestation import Domain, commitment_hash
from contracts.client import Project
from contracts.values import Address
from node.attacks.base import Attack, AttackView
from node.checkpoint import Checkpoint, dequantise
from node.checks.segments import segments_of
from node.checks.shelf import TraceShelf
from node.checks.trace import record
from node.codec import MessageHeader, data_leaves, decode, encode, parse
from node.codec.header import HEADER_BYTES
from node.errors import ExchangeError, MalformedMessage, StorageError
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.library import Library
from node.state_directory import PreparedUpdate, StateDirectory
from node.storage.store import ContentStore
from node.storage.unixfs import root_of
from node.training import ErrorFeedback, LocalState, Trainer

SALT_BYTES = 32

FloatVector = npt.NDArray[np.float32]


class UpdateMaker:
    """Makes the updates of this peer's seats. Who trains holds the lock `training`: torch has one thread."""

    def __init__(
        self,
        *,
        project: Project,
        domain: Domain,
        manifest: Manifest,
        trainer_of: Callable[[int], Trainer],
        library: Library,
        state: StateDirectory,
        store: ContentStore,
        shelf: TraceShelf,
        training: asyncio.Lock,
        attack: Attack,
        accomplices: Collection[Address],
        attack_seed: int,
        me: Address,
    ) -> None:
        self._project, self._domain, self._manifest, self._me = project, domain, manifest, me
        self._trainer_of, self._library, self._state, self._store, self._attack = (
            trainer_of,
            library,
            state,
            store,
            attack,
        )
        self._colluders, self._attack_seed = frozenset({me, *accomplices}), attack_seed
        self._shelf, self._training = shelf, training
        self._log = structlog.get_logger("maker")

    def prepared(self, round_: RoundHistory, seats: frozenset[int]) -> frozenset[int]:
        """Own seats whose update of this round is durable."""
        return frozenset(seat for seat in seats if self._state.update(round_.number, seat) is not None)

    async def prepare(self, history: SwarmHistory, round_: RoundHistory, seat: int) -> None:
        """Train from the base checkpoint and make the update durable."""
        base, previous = await self._library.base(round_)
        colluders = self._colluding_seats(history, round_)
        view = AttackView(
            round=round_.number,
            index=colluders.index(seat),
            count=len(colluders),
            seed=self._attack_seed,
            sent=lambda vector: self._said(vector, self._header(round_, seat)),
        )
        if self._attack.looks_at_others:
            revealed = await self._revealed(history, round_.number - 1)
            step = _step(previous, base, self._manifest)
            view = replace(view, known_updates=revealed, revealed_updates=revealed, previous_step=step)
        trainer = self._trainer_of(self._attack.trains_as(seat, colluders))
        async with self._training:
            await asyncio.to_thread(
                self._make, trainer, base.theta, round_, seat, view, _has_sent(history, round_, seat)
            )

    async def commit(self, round_: RoundHistory, seat: int) -> None:
        """Commit to the update on the chain."""
        await self._project.commit(round_.number, seat, self.commitment(round_.number, seat))

    async def reveal(self, round_: RoundHistory, seat: int) -> None:
        """Serve the update from now on, then open the commitment."""
        update = await self.serve(round_, seat)
        await self._project.reveal(round_.number, seat, update.digest, update.data_root, update.salt)
        self._state.outbox_file(round_.number, seat).unlink(missing_ok=True)

    def commitment(self, round_number: int, seat: int) -> bytes:
        """What this seat commits to in a round: of the update on disk, so the same whenever it is asked for."""
        update = self.update(round_number, seat)
        return commitment_hash(self._domain, round_number, seat, self._me, update.digest, update.data_root, update.salt)

    async def serve(self, round_: RoundHistory, seat: int) -> PreparedUpdate:
        """Serve a prepared update from now on."""
        outbox = self._state.outbox_file(round_.number, seat)
        if outbox.exists():
            await asyncio.to_thread(lambda: self._store.add(outbox.read_bytes()))
        return self.update(round_.number, seat)

    def _make(
        self,
        trainer: Trainer,
        theta: npt.NDArray[np.int32],
        round_: RoundHistory,
        seat: int,
        view: AttackView,
        has_sent: bool,
    ) -> None:
        number = round_.number
        feedback = ErrorFeedback(len(theta), beta_q16=self._manifest.beta_q16)
        if has_sent:  # what nobody was told cannot be gone on from: checkers could not follow
            file = self._state.feedback_file(number - 1, seat)
            feedback = ErrorFeedback.load_or_clear(file, len(theta), beta_q16=self._manifest.beta_q16)
        before = feedback.residual
        states = self._train(trainer, theta, number)
        vector = self._attack.poison_update(states[0].parameters - states[-1].parameters, view)
        if self._attack.uses_error_feedback:
            vector = feedback.corrected(vector)
        message = encode(vector, self._manifest, self._header(round_, seat))
        update = parse(message, self._manifest)
        if self._attack.uses_error_feedback:
            feedback.sent(decode(update, self._manifest.layout))
        feedback.save(self._state.feedback_file(number, seat))
        if self._manifest.checks.seats:
            trace, pieces = record(states, before, feedback.residual, salt=os.urandom(SALT_BYTES))
            root = [self._shelf.add(number, piece) for piece in (*pieces, trace.to_bytes())][-1]
            message = replace(update.header, trace_root=root).to_bytes() + message[HEADER_BYTES:]
        root = PositionTree(data_leaves(update, self._manifest.layout)).root
        message = self._attack.poison_message(message)
        prepared = PreparedUpdate(number, seat, root_of(message).digest, root, os.urandom(SALT_BYTES))
        self._state.save_update(prepared, message)
        self._log.debug("update prepared", round=number, seat=seat, message_bytes=len(message))

    def _train(self, trainer: Trainer, theta: npt.NDArray[np.int32], number: int) -> list[LocalState]:
        """The states before the first segment and after each."""
        states = [trainer.start(theta)]
        for steps in segments_of(self._manifest):
            states.append(trainer.advance(states[-1], number, steps))
        return states

    def _header(self, round_: RoundHistory, seat: int) -> MessageHeader:
        return MessageHeader(
            run_id=self._domain.run_id,
            round=round_.number,
            seat=seat,
            base_digest=round_.base_digest,
            manifest_digest=self._manifest.digest,
        )

    def _said(self, vector: FloatVector, header: MessageHeader) -> FloatVector:
        """What others read in the message of a vector."""
        return decode(parse(encode(vector, self._manifest, header), self._manifest), self._manifest.layout)

    def _colluding_seats(self, history: SwarmHistory, round_: RoundHistory) -> Sequence[int]:
        """This peer's seats and its accomplices', ascending."""
        return [seat.number for seat in history.active_seats(round_.epoch) if seat.owner in self._colluders]

    async def _revealed(self, history: SwarmHistory, number: int) -> Mapping[int, FloatVector]:
        """What an attacker may look at: the updates that others revealed in an earlier round, as far as it has them."""
        updates: dict[int, FloatVector] = {}
        if number < 1:
            return updates
        earlier = history.round(number)
        for reveal in earlier.reveals:
            if earlier.commit_by_seat[reveal.seat].owner not in self._colluders:
                try:
                    update = await self._library.update(earlier, reveal, ())
                except (ExchangeError, StorageError, MalformedMessage):
                    continue
                updates[reveal.seat] = decode(update, self._manifest.layout)
        return updates

    def update(self, round_number: int, seat: int) -> PreparedUpdate:
        """A prepared update."""
        update = self._state.update(round_number, seat)
        assert update is not None, "next_actions asks for prepared seats only"
        return update


def _has_sent(history: SwarmHistory, round_: RoundHistory, seat: int) -> bool:
    """Whether a seat revealed a message in the round before, and that round still stands."""
    if round_.number == 1:
        return False
    before = history.round(round_.number - 1)
    return before.voided is None and seat in before.reveal_by_seat


def _step(previous: Checkpoint | None, base: Checkpoint, manifest: Manifest) -> FloatVector | None:
    """What the last accepted round subtracted from the state, float32 (d,); None before there was one."""
    return None if previous is None else dequantise(previous.theta, manifest) - dequantise(base.theta, manifest)

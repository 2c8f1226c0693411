"""The trainer's half of a round: train, make the update durable, commit, reveal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import structlog

from contracts.attestation import Domain, commitment_hash
from contracts.client import Project
from contracts.values import Address
from node.attacks.base import Attack, AttackView
from node.codec import MessageHeader, data_leaves, decode, encode, parse
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.library import Library
from node.state_directory import PreparedUpdate, StateDirectory
from node.storage.store import ContentStore
from node.storage.unixfs import root_of
from node.training import ErrorFeedback, Trainer

SALT_BYTES = 32


class UpdateMaker:
    """Makes the updates of this peer's seats. One seat trains at a time: torch has one thread."""

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
        attack: Attack,
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
        self._training = asyncio.Lock()
        self._log = structlog.get_logger("maker")

    def prepared(self, round_: RoundHistory, seats: frozenset[int]) -> frozenset[int]:
        """Own seats whose update of this round is durable."""
        return frozenset(seat for seat in seats if self._state.update(round_.number, seat) is not None)

    async def prepare(self, history: SwarmHistory, round_: RoundHistory, seat: int) -> None:
        """Train from the base checkpoint and make the update durable."""
        base, _ = await self._library.base(round_)
        view = await self._view(history, round_)
        async with self._training:
            await asyncio.to_thread(self._make, base.theta, round_, seat, view)

    async def commit(self, round_: RoundHistory, seat: int) -> None:
        """Promise the update on the chain."""
        update = self._require(round_.number, seat)
        commitment = commitment_hash(
            self._domain, round_.number, seat, self._me, update.digest, update.data_root, update.salt
        )
        await self._project.commit(round_.number, seat, commitment)

    async def reveal(self, round_: RoundHistory, seat: int) -> None:
        """Serve the update from now on, then open the commitment."""
        update = self._require(round_.number, seat)
        outbox = self._state.outbox_file(round_.number, seat)
        if outbox.exists():
            await asyncio.to_thread(lambda: self._store.add(outbox.read_bytes()))
        await self._project.reveal(round_.number, seat, update.digest, update.data_root, update.salt)
        outbox.unlink(missing_ok=True)

    def _make(self, theta: npt.NDArray[np.int32], round_: RoundHistory, seat: int, view: AttackView) -> None:
        number = round_.number
        feedback = ErrorFeedback.load_or_clear(
            self._state.feedback_file(number - 1, seat), len(theta), beta_q16=self._manifest.beta_q16
        )
        honest = self._trainer_of(seat).pseudo_gradient(theta, number)
        corrected = feedback.corrected(self._attack.poison_update(honest, view))
        header = MessageHeader(
            run_id=self._domain.run_id,
            round=number,
            seat=seat,
            base_digest=round_.base_digest,
            manifest_digest=self._manifest.digest,
        )
        message = encode(corrected, self._manifest, header)
        update = parse(message, self._manifest)
        feedback.sent(decode(update, self._manifest.layout))
        feedback.save(self._state.feedback_file(number, seat))
        root = PositionTree(data_leaves(update, self._manifest.layout)).root
        prepared = PreparedUpdate(number, seat, root_of(message).digest, root, os.urandom(SALT_BYTES))
        self._state.save_update(prepared, message)
        self._log.debug("update prepared", round=number, seat=seat, message_bytes=len(message))

    async def _view(self, history: SwarmHistory, round_: RoundHistory) -> AttackView:
        """What an attacker may look at: the updates the others revealed a round earlier."""
        if not self._attack.looks_at_others or round_.number == 1:
            return AttackView(round=round_.number, previous_updates={})
        earlier = history.round(round_.number - 1)
        updates: dict[int, npt.NDArray[np.float32]] = {}
        for reveal in earlier.reveals:
            if earlier.commit_by_seat[reveal.seat].owner != self._me:
                update = await self._library.update(earlier, reveal, ())
                updates[reveal.seat] = decode(update, self._manifest.layout)
        return AttackView(round=round_.number, previous_updates=updates)

    def _require(self, round_number: int, seat: int) -> PreparedUpdate:
        update = self._state.update(round_number, seat)
        assert update is not None, "next_actions asks for prepared seats only"
        return update

"""Get everything a round is recomputed from, each object checked against its hash. Every answer is a value."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from contracts.values import Address
from node.checkpoint import Checkpoint, checkpoint_limit_bytes
from node.codec import message_limit_bytes
from node.errors import MalformedCheckpoint
from node.manifest import Manifest
from node.merkle import ZERO_HASH, StandardTree
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.outcome import reward_leaf
from node.rounds.record import RecordError, RoundRecord
from verifier import objects, replay
from verifier.objects import ObjectName
from verifier.sources import Damaged, Missing, Source
from verifier.verdict import Finding, Inconclusive, Reject, reject, shown

KEPT_CHECKPOINTS = 3


@dataclass(frozen=True, eq=False)
class Bases:
    """The checkpoint a round starts from, and the one before (None: it starts from genesis)."""

    base: Checkpoint
    previous: Checkpoint | None


class MaterialReader:
    """Reads objects of one project; keeps the newest checkpoints so that none is read twice."""

    def __init__(self, source: Source, history: SwarmHistory, manifest: Manifest) -> None:
        self._source, self._history, self._manifest = source, history, manifest
        self._checkpoints: dict[bytes, Checkpoint] = {}

    async def messages(self, round_: RoundHistory, seats: tuple[int, ...]) -> dict[int, bytes] | Finding:
        """The messages of these seats, read side by side."""
        limit = message_limit_bytes(self._manifest.layout)
        names = [objects.message(round_.number, seat) for seat in seats]
        answers = await asyncio.gather(
            *(
                self._read(name, round_.reveal_by_seat[seat].digest, limit)
                for name, seat in zip(names, seats, strict=True)
            )
        )
        messages: dict[int, bytes] = {}
        for seat, answer in zip(seats, answers, strict=True):
            if not isinstance(answer, bytes):
                return answer
            messages[seat] = answer
        return messages

    async def bases(self, round_: RoundHistory) -> Bases | Finding:
        """The checkpoints a round is computed from."""
        before = self._history.previous_accepted(round_.number)
        number, digest = (0, ZERO_HASH) if before is None else (before.number, before.base_digest)
        base = await self._checkpoint(number, round_.base_digest)
        if not isinstance(base, Checkpoint):
            return base
        found = replay.check_base(round_, base, number, digest)
        if found is not None:
            return found
        if before is None:
            return Bases(base, None)
        earlier = self._history.previous_accepted(before.number)
        previous = await self._checkpoint(0 if earlier is None else earlier.number, before.base_digest)
        return Bases(base, previous) if isinstance(previous, Checkpoint) else previous

    async def _checkpoint(self, number: int, digest: bytes) -> Checkpoint | Finding:
        if digest in self._checkpoints:
            return self._checkpoints[digest]
        name = objects.checkpoint(number)
        data = await self._read(name, digest, checkpoint_limit_bytes(self._manifest))
        if not isinstance(data, bytes):
            return data
        try:
            checkpoint = Checkpoint.from_bytes(data, self._manifest)
        except MalformedCheckpoint as error:
            return reject(number, name, "content", "a checkpoint of this project", error.reason)
        self.keep(digest, checkpoint)
        return checkpoint

    async def produced(self, round_: RoundHistory) -> bytes | Finding:
        """The bytes of the checkpoint the round is said to have produced."""
        name = objects.checkpoint(round_.number)
        return await self._read(name, round_.accepted.result.cid, checkpoint_limit_bytes(self._manifest))

    def keep(self, digest: bytes, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint whose bytes hash to `digest`, for the rounds that come next."""
        kept = {**self._checkpoints, digest: checkpoint}
        self._checkpoints = dict(list(kept.items())[-KEPT_CHECKPOINTS:])

    async def earned_before(self, number: int) -> dict[Address, int] | Finding:
        """What every account had earned, from a record whose reward leaves hash to the root the chain holds."""
        before = self._history.previous_accepted(number)
        if before is None:
            return {}
        name, root = objects.round_record(before.number), before.accepted.result.reward_root
        finding: Finding = Inconclusive(before.number, name.title, "nobody was asked")
        async for item in self._source.records(name):
            if isinstance(item, Missing):
                finding = (
                    finding if isinstance(finding, Reject) else Inconclusive(before.number, name.title, item.reason)
                )
                continue
            try:
                record = RoundRecord.from_json(item.data, before.number)
            except RecordError as error:
                finding = reject(before.number, name, error.what, error.expected, error.found)
                continue
            found = StandardTree([reward_leaf(leaf) for leaf in record.rewards]).root
            if found == root:
                return {leaf.account: leaf.cumulative_wei for leaf in record.rewards}
            finding = reject(before.number, name, "reward leaves", root, found, {"served_by": item.origin})
        return finding

    async def _read(self, name: ObjectName, digest: bytes, maximum_bytes: int) -> bytes | Finding:
        """An object's bytes, hashed; what is wrong with them otherwise."""
        answer = await self._source.read(name, digest, maximum_bytes)
        if isinstance(answer, Missing):
            return Inconclusive(name.round, name.title, answer.reason)
        if isinstance(answer, Damaged):
            return Reject(name.round, name.title, "digest", shown(digest), answer.found, {"cause": answer.reason})
        return answer

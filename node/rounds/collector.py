"""Commitments in batches: what is gathered about them, and how this peer's actions about them are carried out.

What is decided on that is in `node.rounds.batching`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import structlog

from contracts.attendance import BatchSilence
from contracts.attestation import Domain
from contracts.batches import MOST_BATCHES, BatchOpening, batch_hash, sign_commitment
from contracts.client import Project
from contracts.values import Address
from node.attacks.base import Attack
from node.exchange.envelope import Envelope
from node.exchange.mailbox import Mailbox
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.maker import UpdateMaker
from node.rounds.promises import (
    OPENINGS,
    PROMISES,
    Gathered,
    Promise,
    Standing,
    batch_kind,
    believed,
    openings_body,
    parse_entries,
    parse_openings,
    parse_promises,
    promises_body,
)
from node.rounds.speaker import Speaker
from node.rounds.statements import Statements
from node.state_directory import StateDirectory

_MOST_BELIEVED = 1 << 12


@dataclass
class _Memory:
    """What was found out about one round: promises by seat, and which openings hold.

    `promises`: of each seat the first, so that nobody who changes its mind makes a collector post again.
    """

    number: int
    promises: dict[int, Promise] = field(default_factory=dict)
    own: dict[int, Promise] = field(default_factory=dict)
    believed: dict[tuple[bytes, BatchOpening], bool] = field(default_factory=dict)


class Collector:
    """Gathers promises, batches and openings, and brings them to the chain for others where `enabled`."""

    def __init__(
        self,
        *,
        project: Project,
        domain: Domain,
        key: bytes,
        me: Address,
        maker: UpdateMaker,
        state: StateDirectory,
        mailbox: Mailbox,
        speaker: Speaker,
        attack: Attack,
        enabled: bool,
    ) -> None:
        self._project, self._domain, self._key, self._me = project, domain, key, me
        self._maker, self._state, self._mailbox, self._speaker = maker, state, mailbox, speaker
        self._attack, self._enabled = attack, enabled
        self._promises = Statements(mailbox, PROMISES, self._parse_promises)
        self._shown = Statements(mailbox, OPENINGS, lambda said: parse_openings(said.sender, said.body))
        self._batches = [Statements(mailbox, batch_kind(place), _parser(place)) for place in range(MOST_BATCHES)]
        self._memory = _Memory(0)
        self._log = structlog.get_logger("collector")

    def knowledge(self, history: SwarmHistory, round_: RoundHistory, known: Knowledge) -> Knowledge:
        """`known`, completed with what was gathered about this round.

        The entries of a batch in which this peer stands are on disk before anything is decided on them.
        """
        if self._memory.number != round_.number:
            self._memory = _Memory(round_.number)
        owners = {seat.number: seat.owner for seat in history.active_seats(round_.epoch)}
        said = dict(self._promises.of_round(round_.number))
        for promise in itertools.chain.from_iterable(said.values()):
            takes_in = promise.owner == self._me or self._attack.collects(promise.seat)
            if takes_in and owners.get(promise.seat) == promise.owner:
                self._memory.promises.setdefault(promise.seat, promise)
        shown = dict(self._shown.of_round(round_.number))
        kept, told = self._state.batches(round_.number), self._told(round_.number)
        batches = {
            batch.number: entries
            for batch in round_.batches
            if (entries := kept.get(batch.batch_hash, told.get(batch.batch_hash))) is not None
            and len(entries) == batch.count
        }
        own = self._own(round_.number, known.prepared, batches)
        for number in {standing.batch for standing in own.values()}:
            if round_.batches[number].batch_hash not in kept:
                self._state.save_batch(round_.number, batches[number])
        return replace(
            known,
            batched=self._enabled,
            gathered=Gathered(
                promises=dict(self._memory.promises),
                batches=batches,
                openings=self._openings(round_.number, shown, batches, owners),
                own=own,
                promised=frozenset(promise.seat for promise in said.get(self._me, ())),
                shown=frozenset(item.seat for items in shown.get(self._me, {}).values() for item in items),
                untold=frozenset(
                    batch.number
                    for batch in round_.batches
                    if batch.batch_hash in kept and batch.batch_hash not in told
                ),
                out_of_turn=self._attack.collects_out_of_turn,
            ),
        )

    async def promise(self, round_: RoundHistory, seats: Iterable[int]) -> None:
        """Sign and spread the commitments of these seats."""
        promises = [self._promise(round_.number, seat) for seat in seats]
        await self._speaker.say(round_, PROMISES, promises_body(promises))

    async def post(self, history: SwarmHistory, round_: RoundHistory, number: int, seats: Iterable[int]) -> None:
        """Tell a batch of what others promised, and bring its hash to the chain."""
        promises = self.knowledge(history, round_, Knowledge()).gathered.promises
        entries = [promises[seat].entry for seat in seats]
        # Kept first: a collector that dies now tells the batch again when it is back.
        self._state.save_batch(round_.number, entries)
        await self._speaker.say(round_, batch_kind(number), b"".join(entries))
        await self._project.post_commits(round_.number, batch_hash(entries), len(entries))
        self._log.info("batch posted", round=round_.number, batch=number, commitments=len(entries))

    async def tell(self, round_: RoundHistory, number: int) -> None:
        """Spread the entries of a posted batch that this peer keeps."""
        entries = self._state.batches(round_.number)[round_.batches[number].batch_hash]
        await self._speaker.say(round_, batch_kind(number), b"".join(entries))

    async def show(self, history: SwarmHistory, round_: RoundHistory, seats: frozenset[int]) -> None:
        """Serve the updates of own seats that stand in batches, and spread what opens those."""
        for seat in sorted(seats):
            await self._maker.serve(round_, seat)
        openings: dict[int, list[BatchOpening]] = {}
        for number, item in self._own_openings(history, round_, seats):
            openings.setdefault(number, []).append(item)
        await self._speaker.say(round_, OPENINGS, openings_body(openings))

    async def open(self, history: SwarmHistory, round_: RoundHistory, number: int, seats: Iterable[int]) -> None:
        """Open what others showed of a batch."""
        gathered = self.knowledge(history, round_, Knowledge()).gathered
        chosen = frozenset(seats)
        openings = [item for item in gathered.openings.get(number, ()) if item.seat in chosen]
        await self._project.reveal_batch(round_.number, number, openings, gathered.batches[number])
        self._log.info("batch opened", round=round_.number, batch=number, openings=len(openings))

    async def open_alone(self, history: SwarmHistory, round_: RoundHistory, number: int, seats: Iterable[int]) -> None:
        """Open own commitments of a batch that no collector opened."""
        own = frozenset(seats)
        for seat in sorted(own):
            await self._maker.serve(round_, seat)
        openings = [item for _, item in self._own_openings(history, round_, own)]
        entries = self._state.batches(round_.number)[round_.batches[number].batch_hash]
        self._log.warning("no collector opened an own commitment", round=round_.number, batch=number, seats=sorted(own))
        await self._project.reveal_batch(round_.number, number, openings, entries)

    def silence(self, history: SwarmHistory, round_: RoundHistory, seat: int) -> BatchSilence:
        """What shows that this seat promised what stands in a batch and was never opened."""
        gathered = self.knowledge(history, round_, Knowledge()).gathered
        promise = gathered.promises[seat]
        number, entries = next(item for item in sorted(gathered.batches.items()) if promise.entry in item[1])
        return BatchSilence(
            batch=number,
            index=entries.index(promise.entry),
            seat=seat,
            commitment=promise.commitment,
            entries=entries,
            signature=promise.signature,
            revelations=round_.revelations,
        )

    def _told(self, number: int) -> dict[bytes, tuple[bytes, ...]]:
        """Every batch that somebody told, posted or not, by hash."""
        return {digest: entries for told in self._batches for _, (digest, entries) in told.of_round(number)}

    def _own(
        self, number: int, prepared: frozenset[int], batches: Mapping[int, tuple[bytes, ...]]
    ) -> dict[int, Standing]:
        """Where own commitments stand: each in the first batch that has it."""
        own: dict[int, Standing] = {}
        for batch, entries in sorted(batches.items(), reverse=True):
            places = {entry: index for index, entry in enumerate(entries)}
            for seat in prepared:
                entry = self._promise(number, seat).entry
                if entry in places:
                    own[seat] = Standing(batch, places[entry])
        return own

    def _openings(
        self,
        number: int,
        shown: Mapping[Address, Mapping[int, tuple[BatchOpening, ...]]],
        batches: Mapping[int, tuple[bytes, ...]],
        owners: Mapping[int, Address],
    ) -> dict[int, tuple[BatchOpening, ...]]:
        """What was shown and opens a batch, the first of a seat, in the order of the batch."""
        found: dict[int, dict[int, BatchOpening]] = {}
        pairs = ((batch, item) for said in shown.values() for batch, items in said.items() for item in items)
        for batch, item in pairs:
            opens = item.account == self._me or self._attack.opens(item.seat)
            if not opens or owners.get(item.seat) != item.account:
                continue
            if batch in batches and self._believed(number, item, batches[batch]):
                found.setdefault(batch, {}).setdefault(item.index, item)
        return {batch: tuple(items[index] for index in sorted(items)) for batch, items in found.items()}

    def _believed(self, number: int, item: BatchOpening, entries: tuple[bytes, ...]) -> bool:
        memory, key = self._memory.believed, (batch_hash(entries), item)
        if key not in memory:
            if len(memory) >= _MOST_BELIEVED:
                memory.clear()  # members may replace what they show without end
            memory[key] = believed(self._domain, number, item, entries)
        return memory[key]

    def _own_openings(
        self, history: SwarmHistory, round_: RoundHistory, seats: frozenset[int]
    ) -> Iterator[tuple[int, BatchOpening]]:
        own = self.knowledge(history, round_, Knowledge(prepared=seats)).gathered.own
        for seat, standing in sorted(own.items()):
            update, promise = self._maker.update(round_.number, seat), self._promise(round_.number, seat)
            yield (
                standing.batch,
                BatchOpening(
                    standing.index, seat, self._me, update.digest, update.data_root, update.salt, promise.signature
                ),
            )

    def _promise(self, number: int, seat: int) -> Promise:
        """The one promise of an own seat: it follows from what is on disk."""
        if self._memory.number != number:
            self._memory = _Memory(number)
        if seat not in self._memory.own:
            commitment = self._maker.commitment(number, seat)
            signature = sign_commitment(self._domain, self._key, number, seat, commitment)
            self._memory.own[seat] = Promise(seat, self._me, commitment, signature)
        return self._memory.own[seat]

    def _parse_promises(self, envelope: Envelope) -> tuple[Promise, ...]:
        return parse_promises(self._domain, envelope.round, envelope.sender, envelope.body)


def _parser(place: int) -> Callable[[Envelope], tuple[bytes, tuple[bytes, ...]]]:
    def parse(envelope: Envelope) -> tuple[bytes, tuple[bytes, ...]]:
        entries = parse_entries(place, envelope.body)
        return batch_hash(entries), entries

    return parse

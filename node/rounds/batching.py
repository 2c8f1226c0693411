"""The commit and reveal windows as `node.rounds.state` goes through them: alone or many in one transaction. Pure.

A window has three parts. In the first the collector, drawn by the round's seed, acts as soon as nobody is missing; in
the second it acts with what there is, and others take over turn by turn; in the last whoever was left out goes to the
chain itself. So a collector that censors or dies costs a fee, and never somebody's pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.batches import MOST_A_SEAT, MOST_BATCHES
from contracts.values import Address
from node.rounds.actions import (
    Action,
    Commit,
    OpenAlone,
    OpenBatch,
    PostBatch,
    Prepare,
    Promise,
    Reveal,
    ShowOpenings,
    TellBatch,
)
from node.rounds.agreement import rank
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.promises import MOST_ENTRIES, MOST_PROMISES, Gathered
from node.rounds.rules import Rules

FEWEST_TOGETHER = 2  # one alone pays less by itself
TURNS = 4


@dataclass(frozen=True)
class Window:
    """[start, end) in seconds of chain time, in three parts."""

    start: int
    end: int

    @property
    def third(self) -> int:
        """Seconds, at least one."""
        return max(1, (self.end - self.start) // 3)

    @property
    def alone_from(self) -> int:
        """When the last third begins, in which everybody acts for itself."""
        return self.end - self.third

    def collector(self, order: Sequence[Address], now: int, *, complete: bool) -> Address | None:
        """Whose turn it is to act for others; nobody's while somebody is missing and may still come."""
        since = now - self.start - self.third
        if not order or now >= self.alone_from or (since < 0 and not complete):
            return None
        turn_seconds = max(1, (self.alone_from - self.start - self.third) // TURNS)
        return order[max(0, since) // turn_seconds % len(order)]


def committing(
    history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
) -> Iterator[Action]:
    """Train, then promise or commit; as collector post what others promised."""
    window = Window(current.commit_end - rules.commit_seconds, current.commit_end)
    gathered = known.gathered
    # Where trainers are drawn only those who commit directly are counted: with batches ever more would be let in.
    together = known.batched and not rules.trainers and now < window.alone_from
    promised = set()
    for place, seat in enumerate(history.active_seats(current.epoch, me)):
        number = seat.number
        if number in current.commit_by_seat or (rules.trainers and number not in known.drawn):
            continue
        if number not in known.prepared:
            yield Prepare(current.number, number)
        elif together and place < MOST_PROMISES:
            promised.add(number)
        elif number not in gathered.own:
            yield Commit(current.number, number)
    if not promised <= gathered.promised:
        yield Promise(current.number, frozenset(promised))
    for batch in sorted(gathered.untold):
        yield TellBatch(current.number, batch)
    if together:
        yield from _post(history, current, gathered, window, me, now)


def revealing(
    history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
) -> Iterator[Action]:
    """Open what was committed: directly what was committed directly, the rest by the collector."""
    window = Window(current.commit_end, current.reveal_end)
    gathered = known.gathered
    waiting: dict[int, list[int]] = {}
    for seat in sorted(known.prepared):
        commit = current.commit_by_seat.get(seat)
        if commit is not None and commit.commitment is not None:
            if commit.owner == me and seat not in current.revealed_directly:
                yield Reveal(current.number, seat)
        elif seat in gathered.own and seat not in current.reveal_by_seat:
            waiting.setdefault(gathered.own[seat].batch, []).append(seat)
    together = frozenset(seat for seats in waiting.values() for seat in seats)
    if not together <= gathered.shown:
        yield ShowOpenings(current.number, together)
    if now >= window.alone_from:
        for batch, seats in waiting.items():
            yield OpenAlone(current.number, batch, tuple(seats))
    for batch in sorted(gathered.untold):
        yield TellBatch(current.number, batch)
    if known.batched and not rules.trainers:
        yield from _open(current, gathered, window, me, now)


def _post(
    history: SwarmHistory, current: RoundHistory, gathered: Gathered, window: Window, me: Address, now: int
) -> Iterator[Action]:
    """Promises that stand nowhere, as one more batch."""
    if len(current.batches) >= MOST_BATCHES:
        return
    told = {entry for entries in gathered.batches.values() for entry in entries}
    pending = [
        seat
        for seat, promise in sorted(gathered.promises.items())
        if promise.entry not in told and seat not in current.commit_by_seat
    ]
    order = rank(current.seed, "batch", {promise.owner for promise in gathered.promises.values()})
    complete = all(
        seat.number in gathered.promises or seat.number in current.commit_by_seat
        for seat in history.active_seats(current.epoch)
    )
    due = gathered.out_of_turn or window.collector(order, now, complete=complete) == me
    taken = sum(batch.count for batch in current.batches)
    room = min(MOST_ENTRIES, MOST_A_SEAT * len(history.active_seats(current.epoch)) - taken)
    if due and len(pending) >= FEWEST_TOGETHER and room >= FEWEST_TOGETHER:
        yield PostBatch(current.number, len(current.batches), tuple(pending[:room]))


def _open(current: RoundHistory, gathered: Gathered, window: Window, me: Address, now: int) -> Iterator[Action]:
    """What others showed and nobody opened on the chain yet."""
    direct = {commit.seat for commit in current.commits if commit.commitment is not None}
    # Whoever committed both ways opens what it committed to itself: there is nothing to wait for.
    idle = {item.entry for seat, item in gathered.promises.items() if seat in direct or seat in current.reveal_by_seat}
    for batch, openings in sorted(gathered.openings.items()):
        pending = [
            item.seat for item in openings if item.seat not in current.reveal_by_seat and item.seat not in direct
        ]
        shown = {item.index for item in openings}
        entries = gathered.batches[batch]
        complete = all(index in shown or entry in idle for index, entry in enumerate(entries))
        order = rank(current.seed, "batch", {item.account for item in openings})
        due = gathered.out_of_turn or window.collector(order, now, complete=complete) == me
        if due and (len(pending) >= FEWEST_TOGETHER or (complete and pending)):
            yield OpenBatch(current.number, batch, tuple(sorted(pending)))

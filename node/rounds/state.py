"""What a peer should do next: a pure function of the chain's history, what the peer knows, and chain time.

Nothing here looks at a clock, draws a number or talks to anybody. The driver calls `next_actions` whenever something
changed and carries out what comes back; carrying out an action twice is harmless, so a peer that died in the middle
simply asks again.

Some actions need just one peer of the swarm (`node.rounds.housekeeping`); what attesters do between the last reveal and
a result is in `node.rounds.attesting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.values import Address
from node.rounds.actions import (
    Action,
    Announce,
    Appear,
    Attest,
    Claim,
    Commit,
    CommitResult,
    Fetch,
    Finalize,
    Leak,
    Open,
    PinSeed,
    PostVotes,
    Prepare,
    Propose,
    PunishSilence,
    Replay,
    Reveal,
    Settle,
    ShowResult,
    Skip,
    Submit,
)
from node.rounds.attesting import attesting
from node.rounds.history import Phase, RoundHistory, SwarmHistory
from node.rounds.housekeeping import my_turn, opening, pinning, punishing, skipping
from node.rounds.knowledge import Knowledge
from node.rounds.rules import Rules

__all__ = [
    "Action",
    "Announce",
    "Appear",
    "Attest",
    "Claim",
    "Commit",
    "CommitResult",
    "Fetch",
    "Finalize",
    "Knowledge",
    "Leak",
    "Open",
    "PinSeed",
    "PostVotes",
    "Prepare",
    "Propose",
    "PunishSilence",
    "Replay",
    "Reveal",
    "Rules",
    "Settle",
    "ShowResult",
    "Skip",
    "Submit",
    "is_complete",
    "next_actions",
]


def next_actions(
    history: SwarmHistory, rules: Rules, knowledge: Knowledge, me: Address, *, now: int
) -> tuple[Action, ...]:
    """Everything that `me` should be doing at chain time `now` (seconds)."""
    current = history.current
    actions: list[Action] = [*_finish(history, rules, knowledge, me, now)]
    if current is not None:
        actions += pinning(history, current, rules, knowledge, me, now)
        actions += punishing(history, current, rules, me, now)
    if current is None or current.ended:
        return (*actions, *opening(history, rules, knowledge, me, now))
    match current.phase(now):
        case Phase.COMMIT:
            actions += _commit(history, current, rules, knowledge, me)
        case Phase.REVEAL:
            actions += [Reveal(current.number, seat) for seat in _own_unrevealed(current, knowledge, me)]
        case Phase.AVAILABILITY | Phase.ATTEST_COMMIT | Phase.ATTEST:
            actions += attesting(history, current, rules, knowledge, me, now)
        case _:
            actions += skipping(history, current, rules, me, now)
    return tuple(actions)


def is_complete(history: SwarmHistory, rules: Rules) -> bool:
    """Whether every round of the project was accepted and finalized."""
    return sum(item.finalized is not None for item in history.rounds) >= rules.rounds


def _finish(history: SwarmHistory, rules: Rules, knowledge: Knowledge, me: Address, now: int) -> Iterable[Action]:
    accepted = [item for item in history.rounds if item.acceptance is not None]
    for item in accepted[-1:]:
        if item.number not in knowledge.settled:
            yield Settle(item.number)
    waiting = next((item for item in accepted if item.finalized is None), None)
    if waiting is not None and waiting.acceptance is not None and waiting.phase(now) is Phase.FINALIZABLE:
        since = waiting.acceptance.challenge_end
        if my_turn(waiting.seed, "finalize", history.attesters(waiting.number), me, rules, since, now):
            yield Finalize(waiting.number)
    if is_complete(history, rules) and knowledge.earned_wei > history.claimed_wei.get(me, 0):
        yield Claim()


def _commit(
    history: SwarmHistory, current: RoundHistory, rules: Rules, knowledge: Knowledge, me: Address
) -> Iterator[Action]:
    for seat in history.active_seats(current.epoch, me):
        if seat.number in current.commit_by_seat or (rules.trainers and seat.number not in knowledge.drawn):
            continue
        if seat.number in knowledge.prepared:
            yield Commit(current.number, seat.number)
        else:
            yield Prepare(current.number, seat.number)


def _own_unrevealed(current: RoundHistory, knowledge: Knowledge, me: Address) -> Iterator[int]:
    for commit in current.commits:
        if commit.owner == me and commit.seat in knowledge.prepared and commit.seat not in current.reveal_by_seat:
            yield commit.seat

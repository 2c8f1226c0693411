"""What a peer should do next: a pure function of the chain's history, what the peer knows, and chain time.

Nothing here looks at a clock, draws a number or talks to anybody. The driver calls `next_actions` whenever something
changed and carries out what comes back; carrying out an action twice is harmless, so a peer that died in the middle
simply asks again.

Some actions need just one peer of the swarm (`node.rounds.housekeeping`); committing and revealing are in
`node.rounds.batching`, what attesters do between the last reveal and a result in `node.rounds.attesting`.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    OpenAlone,
    OpenBatch,
    PinSeed,
    PostBatch,
    PostResults,
    PostVotes,
    Prepare,
    Promise,
    PromiseResult,
    Propose,
    PunishBatchSilence,
    PunishSilence,
    Replay,
    Reveal,
    Settle,
    ShowOpenings,
    ShowResult,
    Skip,
    Submit,
    TellBatch,
)
from node.rounds.attesting import attesting
from node.rounds.batching import committing, revealing
from node.rounds.history import Phase, SwarmHistory
from node.rounds.housekeeping import finalizing, opening, pinning, punishing, skipping
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
    "OpenAlone",
    "OpenBatch",
    "PinSeed",
    "PostBatch",
    "PostResults",
    "PostVotes",
    "Prepare",
    "Promise",
    "PromiseResult",
    "Propose",
    "PunishBatchSilence",
    "PunishSilence",
    "Replay",
    "Reveal",
    "Rules",
    "Settle",
    "ShowOpenings",
    "ShowResult",
    "Skip",
    "Submit",
    "TellBatch",
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
        actions += punishing(history, current, rules, knowledge, me, now)
    if current is None or current.ended:
        return (*actions, *opening(history, rules, knowledge, me, now))
    match current.phase(now):
        case Phase.COMMIT:
            actions += committing(history, current, rules, knowledge, me, now)
        case Phase.REVEAL:
            actions += revealing(history, current, rules, knowledge, me, now)
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
    yield from finalizing(history, rules, me, now)
    if is_complete(history, rules) and knowledge.earned_wei > history.claimed_wei.get(me, 0):
        yield Claim()

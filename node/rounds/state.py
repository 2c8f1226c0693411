"""What a peer should do next: a pure function of the chain's history, what the peer knows, and chain time.

Nothing here looks at a clock, draws a number or talks to anybody. The driver calls `next_actions` whenever something
changed and carries out what comes back; carrying out an action twice is harmless, so a peer that died in the middle
simply asks again.

Some actions need just one peer of the swarm: opening, proposing, submitting, finalizing, skipping. For those a seed
ranks the accounts; rank 0 acts at once, rank i after i turns of silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.values import Address
from node.checks.draw import Check
from node.rounds.actions import (
    Action,
    Announce,
    Attest,
    Claim,
    Commit,
    Fetch,
    Finalize,
    Open,
    Prepare,
    Propose,
    Replay,
    Reveal,
    Settle,
    Skip,
    Submit,
)
from node.rounds.agreement import (
    HaveList,
    Judgement,
    Proposal,
    available_seats,
    carries_quorum,
    failed_seats,
    judge,
    rank,
)
from node.rounds.history import Phase, RoundHistory, SwarmHistory

__all__ = [
    "Action",
    "Announce",
    "Attest",
    "Claim",
    "Commit",
    "Fetch",
    "Finalize",
    "Knowledge",
    "Open",
    "Prepare",
    "Propose",
    "Replay",
    "Reveal",
    "Rules",
    "Settle",
    "Skip",
    "Submit",
    "is_complete",
    "next_actions",
]


@dataclass(frozen=True)
class Rules:
    """What the contracts fixed for the project. Durations are chain seconds, `pool_wei` one round's pool."""

    rounds: int
    minimum_seats: int
    pool_wei: int
    attest_seconds: int
    challenge_seconds: int
    epoch_seconds: int

    @property
    def turn_seconds(self) -> int:
        """How long a collector may be silent before the next one may act."""
        return max(2, self.attest_seconds // 6)

    @property
    def search_seconds(self) -> int:
        """How long an attester looks for missing updates before it says what it has: a trickle may go on for hours."""
        return max(1, self.attest_seconds // 3)

    @property
    def check_seconds(self) -> int:
        """How long an attester works on its spot checks before it says what it has."""
        return max(1, self.turn_seconds // 2)

    @property
    def patience_seconds(self) -> float:
        """How long a spot check waits for the owner of a trace, so that it comes to something before it has to.

        A busy machine needs some seconds to answer; with an attest window below a minute they may be too many.
        """
        return max(5.0, 0.75 * self.check_seconds)

    @property
    def grace_seconds(self) -> int:
        """How long a collector waits for have-lists that are missing or incomplete."""
        return max(1, 2 * self.turn_seconds // 3)


@dataclass(frozen=True)
class Knowledge:
    """What this peer knows of the current round beyond the chain.

    `prepared`: own seats whose update is durable. `held`: revealed seats whose update was fetched and checked.
    `searched`: every revealed update was tried at least once. `announced`: what was last signed in a have-list.
    `checks`: the spot checks of the round. Of those that fall to this peer: `passed`, `failed`, and `withheld` by their
    owner when last asked, all by seat.
    `statements`: have-lists by hash; `latest`: newest per sender. `supporters`: who signed the result we signed.
    `cited`: the statement of each sender that our own proposals cited first.
    `settled`: rounds whose checkpoint and record are here. `earned_wei`: all this peer earned in finalized rounds.
    """

    prepared: frozenset[int] = frozenset()
    held: frozenset[int] = frozenset()
    searched: bool = False
    announced: Announce | None = None
    checks: tuple[Check, ...] = ()
    passed: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()
    statements: Mapping[bytes, HaveList] = field(default_factory=dict)
    latest: Mapping[Address, HaveList] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()
    cited: Mapping[Address, bytes] = field(default_factory=dict)
    signed: bool = False
    supporters: frozenset[Address] = frozenset()
    settled: frozenset[int] = frozenset()
    earned_wei: int = 0


def next_actions(
    history: SwarmHistory, rules: Rules, knowledge: Knowledge, me: Address, *, now: int
) -> tuple[Action, ...]:
    """Everything that `me` should be doing at chain time `now` (seconds)."""
    actions: list[Action] = [*_finish(history, rules, knowledge, me, now)]
    current = history.current
    if current is None or current.phase(now) not in (Phase.COMMIT, Phase.REVEAL, Phase.ATTEST, Phase.EXPIRED):
        return (*actions, *_open(history, rules, me, now))
    match current.phase(now):
        case Phase.COMMIT:
            actions += _commit(history, current, knowledge, me)
        case Phase.REVEAL:
            actions += [Reveal(current.number, seat) for seat in _own_unrevealed(current, knowledge, me)]
        case Phase.ATTEST:
            actions += _attest(history, current, rules, knowledge, me, now)
        case _:
            if _my_turn(current.seed, "skip", history.attesters(current.number), me, rules, _expired_at(current), now):
                actions.append(Skip(current.number))
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
        if _my_turn(waiting.seed, "finalize", history.attesters(waiting.number), me, rules, since, now):
            yield Finalize(waiting.number)
    if is_complete(history, rules) and knowledge.earned_wei > history.claimed_wei.get(me, 0):
        yield Claim()


def _open(history: SwarmHistory, rules: Rules, me: Address, now: int) -> Iterable[Action]:
    accepted = sum(item.acceptance is not None for item in history.rounds)
    seats = history.active_seats(now // rules.epoch_seconds)
    unfinalized = sum(
        item.pool_wei for item in history.rounds if item.acceptance is not None and item.finalized is None
    )
    if accepted >= rules.rounds or history.close_requested is not None or len(seats) < rules.minimum_seats:
        return
    if (unfinalized + rules.pool_wei) * 3 > len(seats) * history.seat_stake_wei:
        return
    owners = {seat.owner for seat in seats}
    current = history.current
    if current is None:
        # Turns count from the epoch in which enough seats became active.
        activation = sorted(seat.active_epoch for seat in seats)[rules.minimum_seats - 1]
        seed, since = history.genesis_digest, activation * rules.epoch_seconds
    elif current.acceptance is not None:
        # The result hash is the freshest value that nobody could choose.
        seed, since = current.acceptance.result_hash, current.acceptance.challenge_end - rules.challenge_seconds
    else:
        seed, since = current.seed, _expired_at(current)
    if _my_turn(seed, "open", owners, me, rules, since, now):
        yield Open()


def _commit(history: SwarmHistory, current: RoundHistory, knowledge: Knowledge, me: Address) -> Iterable[Action]:
    for seat in history.active_seats(current.epoch, me):
        if seat.number in current.commit_by_seat:
            continue
        if seat.number in knowledge.prepared:
            yield Commit(current.number, seat.number)
        else:
            yield Prepare(current.number, seat.number)


def _own_unrevealed(current: RoundHistory, knowledge: Knowledge, me: Address) -> Iterable[int]:
    for commit in current.commits:
        if commit.owner == me and commit.seat in knowledge.prepared and commit.seat not in current.reveal_by_seat:
            yield commit.seat


def _attest(
    history: SwarmHistory, current: RoundHistory, rules: Rules, knowledge: Knowledge, me: Address, now: int
) -> Iterable[Action]:
    weights = history.attesters(current.number)
    if me not in weights:
        return
    revealed = frozenset(current.reveal_by_seat)
    total = current.stake_snapshot_wei
    elapsed = now - current.reveal_end
    order = rank(current.seed, "collect", weights)
    due = order[: 1 + elapsed // rules.turn_seconds]

    if missing := revealed - knowledge.held:
        yield Fetch(current.number, missing)
    verdicts = [
        (
            proposal,
            judge(
                proposal,
                collectors=due,
                statements=knowledge.statements,
                latest=knowledge.latest,
                held=knowledge.held,
                revealed=revealed,
                weights=weights,
                total=total,
                checks=knowledge.checks,
            ),
        )
        for proposal in knowledge.proposals
    ]
    duties = {check.seat for check in knowledge.checks if me in check.checkers}
    unchecked = (duties & knowledge.held) - knowledge.passed - knowledge.failed
    for seat in sorted(unchecked):
        yield Replay(current.number, seat)
    late = elapsed >= rules.check_seconds
    # Who does not show how it trained is failed, but only after there was time to show it.
    failed = knowledge.failed | (knowledge.withheld & unchecked if late else frozenset())
    statement = Announce(current.number, knowledge.held, knowledge.passed, failed)
    looked = knowledge.searched or not missing or elapsed >= rules.search_seconds
    ready = looked and (late or not unchecked)
    if ready and statement != knowledge.announced and not _must_stand(verdicts, knowledge, due[-1]):
        yield statement
    if me in due and not knowledge.signed:
        waited = elapsed - rules.turn_seconds * order.index(me)
        yield from _propose(current, rules, knowledge, me, weights, waited)
    if not knowledge.signed:
        for proposal, verdict in verdicts:
            if verdict is Judgement.FOLLOW and proposal.seats <= knowledge.held:
                yield Attest(current.number, proposal.seats, proposal.failed)
                break
    # Statements come from every member: some of them have no stake in this very round.
    elif me in due and carries_quorum(sum(weights.get(account, 0) for account in knowledge.supporters), total):
        yield Submit(current.number)


def _must_stand(verdicts: Iterable[tuple[Proposal, Judgement]], knowledge: Knowledge, collector: Address) -> bool:
    """Whether our have-list must not be replaced: a newer one takes its place everywhere, and a proposal may cite it.

    A proposal may also cite lists that do not exist, so it holds nobody up who has said nothing yet, nor any longer
    than its sender is the newest `collector`.
    """
    return any(
        verdict is Judgement.FOLLOW
        or (verdict is Judgement.WAIT and knowledge.announced is not None and proposal.sender == collector)
        for proposal, verdict in verdicts
    )


def _propose(
    current: RoundHistory,
    rules: Rules,
    knowledge: Knowledge,
    me: Address,
    weights: Mapping[Address, int],
    waited: int,
) -> Iterable[Action]:
    revealed = frozenset(current.reveal_by_seat)
    lists = {sender: have for sender, have in knowledge.latest.items() if sender in weights}
    complete = len(lists) == len(weights) and all(have.seats == revealed for have in lists.values())
    complete = complete and all(
        check.seat in lists[account].passed | lists[account].failed
        for check in knowledge.checks
        for account in check.checkers
    )
    announced = sum(weights[sender] for sender in lists)
    if not complete and (waited < rules.grace_seconds or not carries_quorum(announced, current.stake_snapshot_wei)):
        return
    # Who changes a list that we cited makes our proposal unreadable for others: do without, if the rest is enough.
    steady = {
        sender: have for sender, have in lists.items() if knowledge.cited.get(sender, have.statement) == have.statement
    }
    if carries_quorum(sum(weights[sender] for sender in steady), current.stake_snapshot_wei):
        lists = steady
    seats = available_seats(lists.values(), revealed, weights, current.stake_snapshot_wei)
    evidence = frozenset(have.statement for have in lists.values())
    proposal = Proposal(me, seats, evidence, failed_seats(lists.values(), knowledge.checks) & seats)
    if proposal not in knowledge.proposals:
        yield Propose(current.number, proposal)


def _expired_at(current: RoundHistory) -> int:
    if not current.commits:
        return current.commit_end
    return current.attest_end if current.reveals else current.reveal_end


def _my_turn(
    seed: bytes, purpose: str, accounts: Iterable[Address], me: Address, rules: Rules, since: int, now: int
) -> bool:
    order = rank(seed, purpose, accounts)
    return me in order and now >= since + order.index(me) * rules.turn_seconds

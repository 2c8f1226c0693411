"""The attester's part of `node.rounds.state`: from the last reveal to an accepted result. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contracts.attendance import SEATS_A_WORD
from contracts.values import Address
from node.rounds.actions import (
    Action,
    Announce,
    Appear,
    Attest,
    CommitResult,
    Fetch,
    PostResults,
    PostVotes,
    PromiseResult,
    Propose,
    Replay,
    ShowResult,
    Submit,
)
from node.rounds.agreement import (
    Judgement,
    Proposal,
    available_seats,
    carries_quorum,
    failed_seats,
    judge,
    rank,
    voted_seats,
)
from node.rounds.batching import FEWEST_TOGETHER, Window
from node.rounds.drawing import Electorate, drawn_attesters, electorate, supporters
from node.rounds.history import Phase, RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.rules import Rules

RESULTS_AT_ONCE = 64
Verdicts = Sequence[tuple[Proposal, Judgement]]


@dataclass(frozen=True)
class Deliberation:
    """One look at a round whose updates are revealed. `elapsed`: since the last reveal could come.

    `due`: collectors whose turn has come; the first may propose at once, the others take over turn by turn once nobody
    can vote on the chain any more. `voted`: seats that those votes make available.
    """

    current: RoundHistory
    rules: Rules
    known: Knowledge
    me: Address
    now: int
    phase: Phase
    voters: Electorate
    order: tuple[Address, ...]
    due: tuple[Address, ...]
    voted: frozenset[int]

    @classmethod
    def of(
        cls, history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
    ) -> Deliberation:
        """What the history, this peer's knowledge and the time come to."""
        voters = electorate(history, current, known.latest.keys(), now=now)
        order = rank(current.seed, "collect", voters.weights)
        turns = max(0, now - current.availability_end) // rules.turn_seconds
        voted = voted_seats(
            current.votes, current.reveal_by_seat, history.attesters(current.number), current.stake_snapshot_wei
        )
        return cls(current, rules, known, me, now, current.phase(now), voters, order, order[: 1 + turns], voted)

    @property
    def elapsed(self) -> int:
        """Seconds since revealing ended."""
        return self.now - self.current.reveal_end

    @property
    def revealed(self) -> frozenset[int]:
        """Seats with an update."""
        return frozenset(self.current.reveal_by_seat)

    def verdicts(self) -> Verdicts:
        """What this peer makes of every proposal."""
        known = self.known
        return [
            (
                proposal,
                judge(
                    proposal,
                    collectors=self.due,
                    statements=known.statements,
                    latest=known.latest,
                    held=known.held,
                    revealed=self.revealed,
                    weights=self.voters.weights,
                    total=self.voters.total,
                    checks=known.checks,
                    voted=self.voted,
                ),
            )
            for proposal in known.proposals
        ]


def attesting(
    history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
) -> Iterator[Action]:
    """What `me` should be doing between the last reveal and the end of the round's windows."""
    look = Deliberation.of(history, current, rules, known, me, now)
    yield from _plead(look)
    if me not in look.voters.weights:
        return
    verdicts = look.verdicts()
    yield from _gather(look, verdicts)
    if me in look.due and not known.signed:
        yield from _propose(look)
    if look.phase is Phase.AVAILABILITY:
        return  # votes may still come, and make another seat available
    if not known.signed:
        for proposal, verdict in verdicts:
            if verdict is Judgement.FOLLOW and proposal.seats <= known.held:
                yield Attest(current.number, proposal.seats, proposal.failed)
                break
    else:
        yield from _bring(history, look)
    absent = me not in current.present and me in history.attesters(current.number)
    if look.phase is Phase.ATTEST and absent and 3 * (now - current.attest_start) >= 2 * rules.attest_seconds:
        # No quorum is in sight, and a round that ends without one costs those who said nothing.
        yield Appear(current.number)


def _gather(look: Deliberation, verdicts: Verdicts) -> Iterator[Action]:
    """Fetch, check, and say what is held."""
    known, number, revealed = look.known, look.current.number, look.revealed
    if missing := revealed - known.held:
        yield Fetch(number, missing)
    duties = {check.seat for check in known.checks if look.me in check.checkers}
    unchecked = (duties & known.held) - known.passed - known.failed
    for seat in sorted(unchecked):
        yield Replay(number, seat)
    late = look.elapsed >= look.rules.check_seconds
    # Who does not show how it trained is failed, but only after there was time to show it.
    failed = known.failed | (known.withheld & unchecked if late else frozenset())
    statement = Announce(number, known.held, known.passed, failed)
    looked = known.searched or not missing or look.elapsed >= look.rules.search_seconds
    ready = looked and (late or not unchecked)
    if ready and statement != known.announced and not _must_stand(verdicts, known, look.due[-1]):
        yield statement


def _must_stand(verdicts: Verdicts, known: Knowledge, collector: Address) -> bool:
    """Whether our have-list must not be replaced: a newer one takes its place everywhere, and a proposal may cite it.

    A proposal may also cite lists that do not exist, so it holds nobody up who has said nothing yet, nor any longer
    than its sender is the newest `collector`.
    """
    return any(
        verdict is Judgement.FOLLOW
        or (verdict is Judgement.WAIT and known.announced is not None and proposal.sender == collector)
        for proposal, verdict in verdicts
    )


def _propose(look: Deliberation) -> Iterator[Action]:
    known, weights, total = look.known, look.voters.weights, look.voters.total
    index = look.order.index(look.me)
    since = look.current.reveal_end if index == 0 else look.current.availability_end
    waited = look.now - since - look.rules.turn_seconds * index
    lists = {sender: have for sender, have in known.latest.items() if sender in weights}
    complete = len(lists) == len(weights) and all(have.seats == look.revealed for have in lists.values())
    complete = complete and all(
        check.seat in lists[account].passed | lists[account].failed
        for check in known.checks
        for account in check.checkers
        if account in lists
    )
    announced = sum(weights[sender] for sender in lists)
    if not complete and (waited < look.rules.grace_seconds or not carries_quorum(announced, total)):
        return
    # Who changes a list that we cited makes our proposal unreadable for others: do without, if the rest is enough.
    steady = {
        sender: have for sender, have in lists.items() if known.cited.get(sender, have.statement) == have.statement
    }
    if carries_quorum(sum(weights[sender] for sender in steady), total):
        lists = steady
    seats = available_seats(lists.values(), look.revealed, weights, total) | look.voted
    evidence = frozenset(have.statement for have in lists.values())
    proposal = Proposal(look.me, seats, evidence, failed_seats(lists.values(), known.checks) & seats)
    if proposal not in known.proposals:
        yield Propose(look.current.number, proposal)


def _plead(look: Deliberation) -> Iterator[Action]:
    """Bring votes for own updates that have-lists make available and that no collector's proposal takes in."""
    current, known = look.current, look.known
    if look.phase is not Phase.AVAILABILITY or look.now < current.availability_end - look.rules.plea_seconds:
        return
    weights, total = look.voters.weights, look.voters.total
    proposed = frozenset(seat for proposal in known.proposals if proposal.sender in look.due for seat in proposal.seats)
    available = available_seats(known.latest.values(), look.revealed, weights, total)
    own = {seat for seat in available if current.commit_by_seat[seat].owner == look.me}
    if words := frozenset(seat // SEATS_A_WORD for seat in own - proposed - look.voted):
        yield PostVotes(current.number, words)


def _promise(history: SwarmHistory, look: Deliberation) -> Iterator[Action]:
    """Promise the signed result: together with others as long as that is possible, in the last third alone."""
    current, known, me = look.current, look.known, look.me
    window = Window(current.availability_end, current.attest_start)
    seats = tuple(sorted(known.drawn))
    if me not in current.commitments and (known.drawn or not history.attesters_per_round):
        spoken = known.gathered.attestations.get(me)
        if not known.batched or look.now >= window.alone_from:
            yield CommitResult(current.number, seats)
        elif spoken is None or spoken.seat_ids != seats:
            yield PromiseResult(current.number, seats)
    if not known.batched:
        return
    # Seats that may not attest would make the whole transaction fail, and so would an account that is there already.
    may = {seat: history.seats[seat].owner for seat in drawn_attesters(history, current, now=look.now)}
    promised = {
        account
        for account, item in known.gathered.attestations.items()
        if account in look.voters.weights
        and bool(item.seat_ids) == bool(history.attesters_per_round)
        and all(may.get(seat) == account for seat in item.seat_ids)
    }
    pending = sorted(promised - current.commitments.keys())
    complete = look.voters.weights.keys() <= promised | current.commitments.keys()
    order = rank(current.seed, "batch", promised)
    if len(pending) >= FEWEST_TOGETHER and window.collector(order, look.now, complete=complete) == me:
        yield PostResults(current.number, tuple(pending[:RESULTS_AT_ONCE]))


def _bring(history: SwarmHistory, look: Deliberation) -> Iterable[Action]:
    """Bring a signed result onto the chain: promised first where attesters commit, then with a quorum behind it."""
    current, known, me = look.current, look.known, look.me
    if current.attester_commits and look.phase is Phase.ATTEST_COMMIT:
        yield from _promise(history, look)
        return
    if current.attester_commits and me in current.commitments and not known.shown:
        yield ShowResult(current.number)
    # Statements come from every member: some of them have no stake in this very round.
    voters = supporters(history, current)
    order = rank(current.seed, "collect", voters.weights)
    due = order[: 1 + (look.now - current.attest_start) // look.rules.turn_seconds]
    weight = sum(voters.weights.get(account, 0) for account in known.supporters)
    if me in due and carries_quorum(weight, voters.total):
        yield Submit(current.number)

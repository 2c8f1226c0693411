"""What needs just one peer of the swarm, and so goes by turns: opening, finalizing, pinning, punishing, skipping. Pure.

A seed ranks the accounts; rank 0 acts at once, rank i after i turns of silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.values import Address
from node.rounds.actions import Action, Finalize, Leak, Open, PinSeed, PunishBatchSilence, PunishSilence, Skip
from node.rounds.agreement import rank
from node.rounds.history import Phase, RoundHistory, SwarmHistory
from node.rounds.knowledge import Knowledge
from node.rounds.promises import Gathered
from node.rounds.rules import MOST_UNFINALIZED, Rules

BLOCKS_REMEMBERED = 256  # whose hashes a contract can ask for
SEATS_AT_ONCE = 64  # punished in one transaction
OPENERS_WAITED_FOR = 3  # who may all be away, before a round is finalized alone
_AFTER_REVEALS = frozenset(
    {Phase.AVAILABILITY, Phase.ATTEST_COMMIT, Phase.ATTEST, Phase.EXPIRED, Phase.CHALLENGE, Phase.SKIPPED}
)


def my_turn(
    seed: bytes, purpose: str, accounts: Iterable[Address], me: Address, rules: Rules, since: int, now: int
) -> bool:
    """Whether `me` may act, `since` when everybody was waited for."""
    order = rank(seed, purpose, accounts)
    return me in order and now >= since + order.index(me) * rules.turn_seconds


def opening(history: SwarmHistory, rules: Rules, known: Knowledge, me: Address, now: int) -> Iterator[Action]:
    """Open the next round, once it may be opened; rounds past their challenge are finalized along with it."""
    current = history.current
    if not _may_open(history, rules, now) or not _seed_is_there(current, known):
        return
    seats = history.active_seats(now // rules.epoch_seconds)
    if current is None:
        # Turns count from the epoch in which enough seats became active.
        activation = sorted(seat.active_epoch for seat in seats)[rules.minimum_seats - 1]
        seed, since = history.genesis_digest, activation * rules.epoch_seconds
    else:
        # The result hash is the freshest value that nobody could choose.
        seed = current.seed if current.acceptance is None else current.acceptance.result_hash
        since = _ended_at(current, rules)
    if my_turn(seed, "open", {seat.owner for seat in seats}, me, rules, since, now):
        yield Open()


def finalizing(history: SwarmHistory, rules: Rules, me: Address, now: int) -> Iterator[Action]:
    """Finalize a round alone, where nobody does so in opening another: together the two cost a fifth less.

    Whoever opens need not finalize anything, so that is waited for once: until the round under way must have ended.
    """
    current = history.current
    due = history.finalizable(now)
    if current is None or not due:
        return
    number, acceptance = due[0]
    since = acceptance.challenge_end
    if not current.ended:
        since += rules.commit_seconds + current.attest_end - current.commit_end
    elif _may_open(history, rules, now):
        since = max(since, _ended_at(current, rules) + OPENERS_WAITED_FOR * rules.turn_seconds)
    # Also who came later: those who were there may all have left.
    owners = {seat.owner for seat in history.active_seats(now // rules.epoch_seconds)}
    accounts = owners | history.attesters(number).keys()
    if my_turn(history.round(number).seed, "finalize", accounts, me, rules, since, now):
        yield Finalize(number)


def pinning(
    history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
) -> Iterator[Action]:
    """Pin another block for the next seed, where nobody opened a round while the chain knew the last one's hash."""
    if not current.ended or current.pinned_block is None or _is_complete(history, rules):
        return
    forgotten = known.block >= current.pinned_block + BLOCKS_REMEMBERED
    if forgotten and my_turn(
        current.seed, "pin", history.attesters(current.number), me, rules, current.attest_end, now
    ):
        yield PinSeed()


def punishing(
    history: SwarmHistory, current: RoundHistory, rules: Rules, known: Knowledge, me: Address, now: int
) -> Iterator[Action]:
    """Take what silence costs: of seats that did not reveal, and of those absent when a quorum failed."""
    if current.phase(now) not in _AFTER_REVEALS or not (current.commits or current.batches):
        return
    accounts = history.attesters(current.number)
    silent = [
        commit.seat
        for commit in current.commits
        if commit.commitment is not None
        and commit.seat not in current.revealed_directly
        and commit.seat not in current.punished
    ]
    if rules.silence_bond_bps and my_turn(current.seed, "punish", accounts, me, rules, current.reveal_end, now):
        if silent:
            yield PunishSilence(current.number, tuple(sorted(silent)[:SEATS_AT_ONCE]))
        for seat in unopened(current, known.gathered):
            yield PunishBatchSilence(current.number, seat)
    if current.skipped is None or not current.was_revealed_in or rules.attesters:
        return
    absent = [
        seat.number
        for seat in history.active_seats(current.epoch)
        if seat.owner not in current.present and seat.number not in current.leaked
    ]
    if absent and my_turn(current.seed, "leak", accounts, me, rules, current.attest_end, now):
        yield Leak(current.number, tuple(absent[:SEATS_AT_ONCE]))


def unopened(current: RoundHistory, gathered: Gathered) -> Iterator[int]:
    """Seats that promised what stands in a batch, and neither opened it nor committed and revealed directly."""
    told = {entry for entries in gathered.batches.values() for entry in entries}
    for seat, promise in sorted(gathered.promises.items()):
        if promise.entry in told and not ({seat} & (current.commit_by_seat.keys() | current.punished)):
            yield seat


def skipping(history: SwarmHistory, current: RoundHistory, rules: Rules, me: Address, now: int) -> Iterator[Action]:
    """End a round that can get no result any more."""
    if my_turn(current.seed, "skip", history.attesters(current.number), me, rules, expired_at(current), now):
        yield Skip(current.number)


def expired_at(current: RoundHistory) -> int:
    """When a round without a result came to nothing."""
    if not current.commits and not current.batches:
        return current.commit_end
    if current.voided is not None or not current.was_revealed_in:
        return current.reveal_end
    return current.attest_end


def _may_open(history: SwarmHistory, rules: Rules, now: int) -> bool:
    """Whether a round may follow on the last one, but for its seed."""
    seats = history.active_seats(now // rules.epoch_seconds)
    if _is_complete(history, rules) or history.close_requested is not None or len(seats) < rules.minimum_seats:
        return False
    # Those past their challenge are finalized on the way.
    waiting = [item for item in history.rounds if item.phase(now) is Phase.CHALLENGE]
    pools = sum(item.pool_wei for item in waiting) + rules.pool_wei
    is_capped = pools * 3 > len(seats) * history.seat_stake_wei or len(waiting) >= MOST_UNFINALIZED
    return not is_capped and now >= history.paused_until


def _ended_at(current: RoundHistory, rules: Rules) -> int:
    if current.acceptance is None:
        return expired_at(current)
    return current.acceptance.challenge_end - rules.challenge_seconds


def _seed_is_there(current: RoundHistory | None, known: Knowledge) -> bool:
    """A seed after reveals waits for its block, and not for so long that the chain forgets it."""
    if current is None or not current.was_revealed_in:
        return True
    pinned = current.pinned_block
    return pinned is not None and pinned < known.block < pinned + BLOCKS_REMEMBERED


def _is_complete(history: SwarmHistory, rules: Rules) -> bool:
    return sum(item.acceptance is not None for item in history.rounds) >= rules.rounds

"""Who took part in a round, compared with who revealed, as `src/libraries/InputSet.sol` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from contracts.disputes import Case
from contracts.values import Address
from node.aggregation.reasons import Reason
from node.aggregation.rewards import address_bytes
from node.fraud.facts import Facts, ProofRefused
from node.fraud.revealed import Revealed, direct_seats, revealed_in
from node.merkle import PositionTree
from node.rounds.outcome import InputLeaf, PackedContribution, input_leaf

_SILENT: Final = (Reason.NO_COMMIT, Reason.NO_REVEAL)
_NO_INPUT: Final = (*_SILENT, Reason.NOT_AVAILABLE, Reason.MALFORMED)
_JUDGED: Final = (Reason.NONE, Reason.FILTERED, Reason.NO_NEW_DIRECTION)


def is_input_set_wrong(case: Case, facts: Facts, contributions: Sequence[PackedContribution]) -> bool:
    """Whether contributions, reveals and the input root contradict one another."""
    seats = [item.seat for item in contributions]
    if not facts.samples_trainers and len(seats) != len(facts.owners):
        return True
    if any(a >= b for a, b in pairwise(seats)) or any(seat not in facts.owners for seat in seats):
        return True
    revealed = revealed_in(case.revelations, facts.domain, case.round, facts.owners)
    if not all(map(_is_consistent, contributions)):
        return True
    if any(_is_silence_wrong(item, facts, revealed.get(item.seat)) for item in contributions):
        return True
    if facts.samples_trainers and not direct_seats(case.revelations) <= set(seats):
        return True
    roots = {item.seat: revealed[item.seat].data_root for item in contributions if item.reason not in _NO_INPUT}
    judged = Counter(roots[item.seat] for item in contributions if item.reason in _JUDGED)
    if any(count > 1 for count in judged.values()):
        return True
    if any(item.reason == Reason.DUPLICATE and roots[item.seat] not in judged for item in contributions):
        return True
    if any(item.reason == Reason.ZERO_UPDATE and roots[item.seat] in judged for item in contributions):
        return True
    leaves = [InputLeaf(seat, revealed[seat].digest, root) for seat, root in roots.items()]
    return PositionTree(map(input_leaf, leaves)).root != case.result.input_root


def is_left_out_wrongly(
    facts: Facts, contributions: Sequence[PackedContribution], index: int, voters: Sequence[Address]
) -> bool:
    """Whether an update counts as not available though these accounts, with more than two thirds of all seats, said on
    the chain that they hold it. Raises ProofRefused.
    """
    if index >= len(contributions):
        raise ProofRefused("Disputes_NoSuchContribution")
    item = contributions[index]
    if item.reason != Reason.NOT_AVAILABLE:
        return False
    if any(address_bytes(a) >= address_bytes(b) for a, b in pairwise(voters)):
        raise ProofRefused("Disputes_AccountsNotAscending")
    weight = sum(facts.weights.get(account, 0) for account in voters if item.seat in facts.votes.get(account, ()))
    return 3 * weight > 2 * len(facts.owners)


def _is_silence_wrong(item: PackedContribution, facts: Facts, update: Revealed | None) -> bool:
    """Who revealed is not silent, and the other way round; who committed directly has committed.

    Whether a seat was drawn is not on record: where trainers are drawn, an update out of a batch may be passed over.
    """
    if item.reason not in _SILENT:
        return update is None
    if update is not None and (not facts.samples_trainers or update.direct):
        return True
    return item.reason == Reason.NO_COMMIT and item.seat in facts.committed


def _is_consistent(item: PackedContribution) -> bool:
    """Whether weight, score and reward are those that the reason allows."""
    if item.reason == Reason.NONE:
        return item.weight > 0 and item.score > 0
    if item.score or item.reward_wei:
        return False
    if item.reason == Reason.NO_NEW_DIRECTION:
        return item.weight > 0
    if item.reason == Reason.FILTERED:
        return item.weight <= 0
    return item.reason <= max(Reason) and item.weight == 0

"""Why a seat earned what it earned, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from frontend_api.output import tokens
from frontend_api.schemas import Outcome
from node.aggregation.reasons import Reason

REASONS: Mapping[Reason, str] = {
    Reason.NO_COMMIT: "it committed to no update before the commit window ended",
    Reason.NO_REVEAL: "it committed to an update but never revealed it",
    Reason.NOT_AVAILABLE: "attesters with 2/3 of the stake or less said that they hold its update",
    Reason.MALFORMED: "its update broke the message format",
    Reason.DUPLICATE: "an earlier commitment held the same update",
    Reason.ZERO_UPDATE: "its update was zero",
    Reason.FILTERED: "the robust rule gave its update no weight",
    Reason.NO_NEW_DIRECTION: "its update did not agree with what others found beyond the last step",
    Reason.FAILED_CHECK: "its training was drawn for a spot check, and its update did not follow from it",
}


def explain_leaf(reason: Reason, weight: int, reward_wei: int) -> str:
    """The sentence for a seat whose leaf was signed."""
    if reason is not Reason.NONE:
        return f"earned nothing: {REASONS[reason]}"
    if reward_wei == 0:
        return "earned nothing: its share of the pool was less than one wei"
    return f"earned {tokens(reward_wei)} tokens for {weight / 65536:.1%} of the step"


def explain_without_leaf(outcome: Outcome, *, committed: bool, revealed: bool) -> str:
    """The sentence for a seat of a round that has no signed result, or none anybody showed us."""
    if outcome == "skipped":
        return "earned nothing: the round ended without a result, its pool went back to the project"
    if outcome == "voided":
        return "earned nothing: the round's result, or one it was built on, was proven false"
    if outcome == "record-missing":
        return "the round was accepted, but no peer has shown its record yet: ask again later"
    if revealed:
        return "revealed its update; the round has no result yet"
    return "committed; not revealed yet" if committed else "has not committed yet"

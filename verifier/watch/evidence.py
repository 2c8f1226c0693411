"""What an accepted round was computed from, gathered from the chain and, where it is too large for it, from peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.attestation import recover
from contracts.chain import Chain
from contracts.client import decode_accept_call
from contracts.disputes import NO_RESULT, Case, Slashing
from contracts.errors import InvalidSignature, MalformedAnswer, SwarmProofError
from contracts.values import Address, ProjectConfiguration
from node.aggregation.rewards import accumulate
from node.checkpoint import Theta
from node.codec import Update
from node.fraud import Evidence, Facts
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.library import Library
from node.rounds.outcome import unpack_contributions


@dataclass(frozen=True, eq=False)
class Gathered:
    """Evidence about a round, and what of it nobody served: `missing` names each object and why."""

    evidence: Evidence
    missing: tuple[str, ...]


async def gather(
    library: Library, history: SwarmHistory, round_: RoundHistory, configuration: ProjectConfiguration
) -> Gathered:
    """Everything about an accepted round that can be had."""
    missing: list[str] = []
    acceptance = round_.accepted

    async def theta_of(name: str, digest: bytes) -> Theta | None:
        try:
            return (await library.checkpoint(digest)).theta
        except SwarmProofError as error:
            missing.append(f"{name}: {error}")
            return None

    base = await theta_of("the checkpoint before the round", acceptance.result.prev_cid)
    produced = await theta_of("the checkpoint of the result", acceptance.result.cid)
    updates: dict[int, Update] = {}
    for item in unpack_contributions(acceptance.contributions):
        if item.weight == 0 or item.seat not in round_.reveal_by_seat:
            continue
        try:
            updates[item.seat] = await library.update(
                round_, round_.reveal_by_seat[item.seat], history.member_endpoints
            )
        except SwarmProofError as error:
            missing.append(f"the update of seat {item.seat}: {error}")
    evidence = Evidence(
        manifest=library.manifest,
        facts=facts_of(history, round_, configuration),
        case=case_of(history, round_),
        earned=earned_before(history, round_.number),
        base=base,
        accepted=produced,
        updates=updates,
    )
    return Gathered(evidence, tuple(missing))


def case_of(history: SwarmHistory, round_: RoundHistory) -> Case:
    """The round as the contract wants to be told about it."""
    acceptance, before = round_.accepted, history.previous_accepted(round_.number)
    return Case(
        project=history.domain.project,
        round=round_.number,
        result=acceptance.result,
        base=NO_RESULT if before is None else before.accepted.result,
        contributions=acceptance.contributions,
        revelations=round_.revelations,
    )


def facts_of(history: SwarmHistory, round_: RoundHistory, configuration: ProjectConfiguration) -> Facts:
    """The round as the chain has it on record."""
    before = history.previous_accepted(round_.number)
    seats = history.active_seats(round_.epoch)
    return Facts(
        domain=history.domain,
        accepted=round_.finalized is None,
        result_hash=round_.accepted.result_hash,
        previous=0 if before is None else before.number,
        base_hash=None if before is None else before.accepted.result_hash,
        reveals_hash=round_.reveals_hash,
        genesis_data_root=configuration.genesis_data_root,
        arithmetic_hash=configuration.arithmetic_hash,
        pool_wei=configuration.round_pool,
        samples_trainers=configuration.trainers_per_round > 0,
        owners={seat.number: seat.owner for seat in seats},
        committed=frozenset(commit.seat for commit in round_.commits if commit.commitment is not None),
        votes=round_.votes,
        weights={owner: len(history.active_seats(round_.epoch, owner)) for owner in {seat.owner for seat in seats}},
    )


def earned_before(history: SwarmHistory, number: int) -> Mapping[Address, int]:
    """What every account had earned before a round, in wei: all of it follows from the chain."""
    earned: dict[Address, int] = {}
    for earlier in history.rounds[: number - 1]:
        if earlier.acceptance is None:
            continue
        contributions = unpack_contributions(earlier.acceptance.contributions)
        owners = {seat.number: seat.owner for seat in history.active_seats(earlier.epoch)}
        # A seat that is none can only stand in a result that is proven false before this one is looked at.
        paid = [item for item in contributions if item.reward_wei and item.seat in owners]
        earned = accumulate(earned, [owners[item.seat] for item in paid], [item.reward_wei for item in paid])
    return earned


async def slashing_of(chain: Chain, history: SwarmHistory, round_: RoundHistory) -> Slashing:
    """Who signed the accepted result, and every seat they still have.

    Nobody where the result came through another contract, whose call cannot be read.
    """
    acceptance = round_.accepted
    try:
        call = decode_accept_call(await chain.transaction_input(acceptance.place.transaction_hash))
        signatures = {recover(acceptance.result_hash, signature): signature for signature in call.signatures}
    except (MalformedAnswer, InvalidSignature):
        signatures = {}
    seats = (seat for seat in history.seats.values() if seat.owner in signatures and not seat.withdrawn)
    return Slashing(signatures, tuple(sorted(seat.number for seat in seats)))

"""Recompute a round and compare it with what the chain accepted. Pure: values in, outcome or first divergence out.

Everything here trusts nothing but the chain's events and hashes: input bytes were hashed by whoever read them, the
rest is recomputed with the same function every honest attester uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.attestation import Domain, beacon_seed, commitment_hash, quiet_seed, result_digest
from contracts.values import Address, ProjectConfiguration
from node.checkpoint import Checkpoint
from node.errors import MalformedCheckpoint, MalformedMessage
from node.manifest import Manifest
from node.merkle import PositionTree
from node.rounds.history import RoundHistory, SwarmHistory
from node.rounds.inputs import absent_from, inputs_of, open_update
from node.rounds.outcome import InputLeaf, RoundOutcome, compute_outcome, input_leaf
from verifier import objects
from verifier.verdict import Reject, reject, shown

# Field of a result, and its name in the contract; compared in this order.
RESULT_FIELDS: Mapping[str, str] = {
    "prev_cid": "prevCid",
    "input_root": "inputRoot",
    "cid": "cid",
    "data_root": "dataRoot",
    "weight_root": "weightRoot",
    "reward_root": "rewardRoot",
    "cumulative_total": "cumulativeTotal",
}


@dataclass(frozen=True, eq=False)
class RoundMaterial:
    """Everything a round is recomputed from. `messages`: bytes by seat, each known to hash to what was revealed.

    `base`, `previous`: checkpoint the round started from, and the one before (None when base is genesis). `earned`: wei
    by account before this round. `failed`: seats whose training the swarm found invented.
    """

    base: Checkpoint
    previous: Checkpoint | None
    messages: Mapping[int, bytes]
    earned: Mapping[Address, int]
    failed: frozenset[int] = frozenset()


def check_opening(
    round_: RoundHistory,
    history: SwarmHistory,
    configuration: ProjectConfiguration,
    block_hashes: Mapping[int, bytes],
) -> Reject | None:
    """The seed must follow from the round before and a block pinned in it, the pool from the project's configuration.

    A block whose hash is not known is not checked.
    """
    where = f"opening of round {round_.number}"
    seed = _seed(round_, history, block_hashes)
    if seed is not None and round_.seed != seed:
        return reject(round_.number, where, "seed", seed, round_.seed)
    if round_.pool_wei != configuration.round_pool:
        return reject(round_.number, where, "pool", configuration.round_pool, round_.pool_wei)
    return None


def _seed(round_: RoundHistory, history: SwarmHistory, block_hashes: Mapping[int, bytes]) -> bytes | None:
    if round_.number == 1:
        return quiet_seed(history.genesis_digest, 1)
    before = history.round(round_.number - 1)
    if not before.was_revealed_in:
        return quiet_seed(before.seed, round_.number)
    block_hash = block_hashes.get(before.pinned_block or 0)
    return None if block_hash is None else beacon_seed(block_hash, before.reveals_hash, round_.number)


def check_inputs(round_: RoundHistory, seats: Sequence[int]) -> Reject | None:
    """The input set of a record must be revealed updates, and the one the result was signed for."""
    name = str(objects.round_record(round_.number))
    unrevealed = [seat for seat in seats if seat not in round_.reveal_by_seat]
    if unrevealed or list(seats) != sorted(set(seats)):
        return reject(round_.number, name, "inputs", "revealed seats in ascending order", list(seats))
    reveals = [round_.reveal_by_seat[seat] for seat in seats]
    root = PositionTree(input_leaf(InputLeaf(item.seat, item.digest, item.data_root)) for item in reveals).root
    expected = round_.accepted.result.input_root
    if root == expected:
        return None
    evidence = {
        "input_seats": ", ".join(map(str, seats)),
        "revealed_seats": ", ".join(map(str, sorted(round_.reveal_by_seat))),
    }
    return reject(round_.number, name, "inputRoot", expected, root, evidence)


def check_commitments(round_: RoundHistory, domain: Domain) -> Reject | None:
    """Every reveal must open its seat's commitment. Of one in a batch the chain knows a hash over all of them only.

    Whoever committed directly may have promised something else as well, and then what was opened first counts.
    """
    for reveal in round_.reveals:
        commit = round_.commit_by_seat[reveal.seat]
        if commit.commitment is None or reveal.batch is not None:
            continue
        where = f"commitment of seat {reveal.seat} in round {round_.number}"
        opened = commitment_hash(
            domain, round_.number, reveal.seat, commit.owner, reveal.digest, reveal.data_root, reveal.salt
        )
        if opened != commit.commitment:
            evidence = {"salt": shown(reveal.salt), "transaction": shown(reveal.place.transaction_hash)}
            return reject(round_.number, where, "commitment", commit.commitment, opened, evidence)
    return None


def check_base(round_: RoundHistory, base: Checkpoint, number: int, previous_digest: bytes) -> Reject | None:
    """The base checkpoint must say that it is what round `number` produced from `previous_digest`."""
    name = str(objects.checkpoint(number))
    if base.round != number:
        return reject(round_.number, name, "round", number, base.round)
    if base.previous_digest != previous_digest:
        return reject(round_.number, name, "previous digest", previous_digest, base.previous_digest)
    return None


def recompute(
    manifest: Manifest, domain: Domain, history: SwarmHistory, round_: RoundHistory, material: RoundMaterial
) -> RoundOutcome | Reject:
    """Open every message and compute the round's outcome again."""
    updates = {}
    for seat, data in sorted(material.messages.items()):
        reveal = round_.reveal_by_seat[seat]
        try:
            updates[seat] = open_update(data, manifest, domain, round_, reveal)
        except MalformedMessage as error:
            name = str(objects.message(round_.number, seat))
            evidence = {"digest": shown(reveal.digest), "transaction": shown(reveal.place.transaction_hash)}
            return reject(round_.number, name, "content", "the update that was revealed", error.reason, evidence)
    return compute_outcome(
        manifest=manifest,
        round=round_.number,
        seed=round_.seed,
        base=material.base,
        previous=material.previous,
        inputs=inputs_of(round_, updates),
        absent=absent_from(history, round_, frozenset(updates)),
        pool_wei=round_.pool_wei,
        earned=material.earned,
        failed=material.failed,
    )


def compare_result(
    round_: RoundHistory, outcome: RoundOutcome, produced: bytes, manifest: Manifest, evidence: Mapping[str, str]
) -> Reject | None:
    """Compare the accepted result field by field. `evidence`: what the published leaves of a root say, by field."""
    acceptance = round_.accepted
    for field, name in RESULT_FIELDS.items():
        expected, found = getattr(outcome.result, field), getattr(acceptance.result, field)
        if expected != found:
            details = {"transaction": shown(acceptance.place.transaction_hash)}
            if field in evidence:
                details["first_difference"] = evidence[field]
            if field == "cid":
                details["first_difference"] = _first_parameter(outcome.checkpoint, produced, manifest)
            return reject(round_.number, f"result of round {round_.number}", name, expected, found, details)
    return None


def check_result_hash(round_: RoundHistory, domain: Domain) -> Reject | None:
    """The hash on record must be that of the result on record."""
    acceptance = round_.accepted
    expected = result_digest(domain, round_.number, acceptance.result)
    if acceptance.result_hash == expected:
        return None
    return reject(round_.number, f"result of round {round_.number}", "resultHash", expected, acceptance.result_hash)


def _first_parameter(recomputed: Checkpoint, produced: bytes, manifest: Manifest) -> str:
    """Where the checkpoint that was signed differs from the one that follows."""
    try:
        signed = Checkpoint.from_bytes(produced, manifest)
    except MalformedCheckpoint as error:
        return f"the signed checkpoint cannot be read: {error.reason}"
    different = np.flatnonzero(signed.theta != recomputed.theta)
    if len(different) == 0:
        return "the headers differ, the parameters do not"
    index = int(different[0])
    expected, found = int(recomputed.theta[index]), int(signed.theta[index])
    return f"{len(different)} parameters differ, first parameter {index}: expected {expected}, found {found}"

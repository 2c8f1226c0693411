"""Accepted rounds to look for fraud in: honest ones, as peers compute them, and ways to make one false."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from eth_account import Account

from contracts.attestation import Domain, Result, commitment_hash, result_digest
from contracts.batches import BatchOpening, chain_of, pack_openings, sign_commitment
from contracts.disputes import NO_RESULT, Case
from contracts.values import Address
from node.aggregation.aggregate import next_theta
from node.aggregation.history import Histories
from node.aggregation.reasons import Reason
from node.checkpoint import Checkpoint, data_leaves
from node.codec import MessageHeader, Update, encode, parse
from node.codec import data_leaves as records_of
from node.fraud import Evidence, Facts, arithmetic_of
from node.fraud.revealed import direct_seats
from node.manifest import Manifest, TensorSpec
from node.merkle import PositionTree, StandardTree
from node.rounds.outcome import (
    Absent,
    InputUpdate,
    PackedContribution,
    RewardLeaf,
    compute_outcome,
    contribution_leaf,
    pack_contributions,
    reward_leaf,
    unpack_contributions,
)

RULES = ("mean", "clipped-mean", "geometric-median", "krum(f=1)", "normalized-mean", "flag", "multi-krum(f=1,keep=2)")
ROUND, PREVIOUS = 7, 5

Alteration = Callable[[Evidence, random.Random], Evidence | None]


def account(number: int) -> Address:
    """One of a few accounts that sign."""
    return Address(Account.from_key(key_of(number)).address)


@cache
def key_of(number: int) -> bytes:
    """Its private key."""
    return hashlib.sha256(b"account %d" % number).digest()


def honest_round(chance: random.Random, domain: Domain, *, manifest: Manifest | None = None) -> Evidence:
    """A round as honest peers compute it, with everything on the chain that belongs to it."""
    manifest = manifest or a_manifest(chance)
    seats = sorted(chance.sample(range(1, 200), chance.choice((1, 2, 3, 5, 8, 12))))
    holders = {seat: chance.randrange(6) for seat in seats}
    owners = {seat: account(holder) for seat, holder in holders.items()}
    base = Checkpoint(manifest.digest, ROUND - 1, bytes(32), _theta(manifest, chance), Histories.empty(manifest))
    revealed = [seat for seat in seats if chance.random() < 0.8]
    updates = _updates(manifest, revealed, chance)
    present = {seat: updates[seat] for seat in revealed if chance.random() < 0.9}
    inputs = [
        InputUpdate(
            seat=seat,
            owner=owners[seat],
            commit_order=order,
            digest=digest_of(seat),
            data_root=root_of_update(update, manifest),
            update=update,
        )
        for order, (seat, update) in enumerate(chance.sample(list(present.items()), len(present)))
    ]
    absent = [
        Absent(seat, owners[seat], Reason.NOT_AVAILABLE if seat in updates else chance.choice(list(Reason)[1:3]))
        for seat in seats
        if seat not in present
    ]
    first = chance.random() < 0.3
    earned = {} if first else {account(chance.randrange(9)): chance.getrandbits(90) for _ in range(chance.randrange(6))}
    pool = chance.choice((0, 1, 10**18, chance.getrandbits(100)))
    outcome = compute_outcome(
        manifest=manifest,
        round=ROUND,
        seed=chance.randbytes(32),
        base=base,
        previous=None,
        inputs=inputs,
        absent=absent,
        pool_wei=pool,
        earned=earned,
        failed=[seat for seat in present if chance.random() < 0.1],
    )
    base_result = NO_RESULT
    if not first:
        roots = [chance.randbytes(32) for _ in range(5)]
        leaves = [RewardLeaf(who, total) for who, total in earned.items() if total]
        root = StandardTree([reward_leaf(leaf) for leaf in leaves]).root
        base_result = Result(roots[0], roots[1], roots[2], base.data_root, roots[3], root, sum(earned.values()))
    updates_shown = {seat: root_of_update(update, manifest) for seat, update in updates.items()}
    revelations = _revelations(updates_shown, holders, domain, chance)
    case = Case(
        domain.project, ROUND, outcome.result, base_result, pack_contributions(outcome.contributions), revelations
    )
    facts = Facts(
        domain=domain,
        accepted=True,
        result_hash=result_digest(domain, ROUND, outcome.result),
        previous=0 if first else PREVIOUS,
        base_hash=None if first else result_digest(domain, PREVIOUS, base_result),
        reveals_hash=chain_of(revelations),
        genesis_data_root=base.data_root if first else chance.randbytes(32),
        arithmetic_hash=arithmetic_of(manifest).hash,
        pool_wei=pool,
        samples_trainers=chance.random() < 0.2,
        owners=owners,
        committed=frozenset(item.seat for item in absent if item.reason is Reason.NO_REVEAL),
        weights={who: list(owners.values()).count(who) for who in set(owners.values())},
    )
    return Evidence(manifest, facts, case, earned, base.theta, outcome.checkpoint.theta, updates)


def a_manifest(chance: random.Random) -> Manifest:
    """Tensors of all kinds: dense and sparse, one level and two, shorter and longer than a chunk."""
    tensors = []
    for number in range(chance.randint(1, 3)):
        count = chance.choice((0, 1, 7, 64, 200))
        size = chance.choice((1, 5, 63, 64, 65, 700)) if count == 0 else chance.choice((1, 90, 4095, 4097, 8200))
        tensors.append(
            TensorSpec(f"t{number}", (size,), count, grid_bits=chance.randint(8, 30), bits=chance.choice((1, 2)))
        )
    return Manifest(
        task="test",
        tensors=tuple(tensors),
        rule=chance.choice(RULES),
        byzantine=1,
        alpha_q16=chance.choice((1, 1 << 16, 64 << 16, chance.randint(1, 64 << 16))),
        share_cap_q16=chance.choice((1 << 16, 1 << 14, chance.randint(1, 1 << 16))),
    )


def root_of_update(update: Update, manifest: Manifest) -> bytes:
    """What a seat reveals of its update."""
    return PositionTree(records_of(update, manifest.layout)).root


def revealed_directly(seat: int, data_root: bytes) -> bytes:
    """An update that its owner revealed, as the project chains it."""
    return seat.to_bytes(4, "big") + digest_of(seat) + data_root + bytes(32)


def digest_of(seat: int) -> bytes:
    """Of a seat's message."""
    return hashlib.sha256(b"message %d" % seat).digest()


def with_result(evidence: Evidence, **changes: object) -> Evidence:
    """The same round with another result accepted."""
    case = evidence.case
    result = replace(case.result, **changes)  # type: ignore[arg-type]
    digest = result_digest(evidence.facts.domain, case.round, result)
    return replace(evidence, case=replace(case, result=result), facts=replace(evidence.facts, result_hash=digest))


def with_contributions(evidence: Evidence, contributions: Sequence[PackedContribution]) -> Evidence:
    """The same round with other contributions accepted; the total is made to fit, as the project demands it."""
    paid = sum(item.reward_wei for item in contributions)
    altered = with_result(
        evidence,
        weight_root=PositionTree(map(contribution_leaf, contributions)).root,
        cumulative_total=evidence.case.base.cumulative_total + paid,
    )
    return replace(altered, case=replace(altered.case, contributions=pack_contributions(contributions)))


def with_negative_weights(evidence: Evidence, chance: random.Random) -> Evidence:
    """The same round by a rule that pushes away from updates it filtered: no less honest."""
    contributions = [
        replace(item, weight=-chance.randrange(1 << 16)) if item.reason == Reason.FILTERED else item
        for item in unpack_contributions(evidence.case.contributions)
    ]
    weighted = [item for item in contributions if item.weight]
    assert evidence.base is not None
    updates = [evidence.updates[item.seat] for item in weighted]
    theta = next_theta(evidence.base, updates, [item.weight for item in weighted], evidence.manifest)
    altered = with_result(evidence, data_root=PositionTree(data_leaves(theta)).root)
    return replace(with_contributions(altered, contributions), accepted=theta)


def _revelations(
    data_roots: Mapping[int, bytes], holders: Mapping[int, int], domain: Domain, chance: random.Random
) -> tuple[bytes, ...]:
    """Updates as they were revealed, one by one and out of batches, among openings that count for nothing."""
    items: list[bytes] = []
    batch: list[BatchOpening] = []

    def close() -> None:
        if batch:
            items.append(bytes([chance.randrange(8)]) + pack_openings(batch))
            batch.clear()

    def opening(seat: int, data_root: bytes, *, holder: int, signer: int) -> BatchOpening:
        who, salt = account(holder), chance.randbytes(32)
        commitment = commitment_hash(domain, ROUND, seat, who, digest_of(seat), data_root, salt)
        signature = sign_commitment(domain, key_of(signer), ROUND, seat, commitment)
        return BatchOpening(len(batch), seat, who, digest_of(seat), data_root, salt, signature)

    for seat in chance.sample(list(data_roots), len(data_roots)):
        if chance.random() < 0.3:  # somebody else's signature under the owner's name, or an account without the seat
            stranger = holders[seat] + 1
            batch.append(
                opening(seat, chance.randbytes(32), holder=chance.choice((holders[seat], stranger)), signer=stranger)
            )
        if chance.random() < 0.5:
            close()
            items.append(revealed_directly(seat, data_roots[seat]))
        else:
            batch.append(opening(seat, data_roots[seat], holder=holders[seat], signer=holders[seat]))
        if chance.random() < 0.2:  # too late
            batch.append(opening(seat, chance.randbytes(32), holder=holders[seat], signer=holders[seat]))
            close()
            items.append(revealed_directly(seat, chance.randbytes(32)))
    for seat, holder in holders.items():
        if seat not in data_roots and chance.random() < 0.2:
            batch.append(opening(seat, chance.randbytes(32), holder=holder, signer=holder + 1))
    close()
    return tuple(items)


def _theta(manifest: Manifest, chance: random.Random) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Parameters in the middle of their range, or at its ends."""
    generator = np.random.default_rng(chance.getrandbits(32))
    ends = np.iinfo(np.int32)
    if chance.random() < 0.3:
        count = manifest.layout.parameter_count
        return generator.choice(np.array([ends.min, ends.max, 0], dtype=np.int32), count)
    return generator.integers(-(1 << 30), 1 << 30, manifest.layout.parameter_count).astype(np.int32)


def _updates(manifest: Manifest, seats: Sequence[int], chance: random.Random) -> dict[int, Update]:
    """What seats send: a common direction with noise of all sizes, now and then zeros and copies."""
    generator = np.random.default_rng(chance.getrandbits(32))
    count = manifest.layout.parameter_count
    common, found = generator.standard_normal(count), {}
    for seat in seats:
        scale = chance.choice((0.0, 1e-6, 0.01, 0.01, 0.01, 0.5))
        vector = (scale * (common + generator.standard_normal(count))).astype(np.float32)
        header = MessageHeader(bytes(32), ROUND, seat, bytes(32), manifest.digest)
        found[seat] = parse(encode(vector, manifest, header), manifest)
        if found and chance.random() < 0.15:
            found[seat] = found[chance.choice(list(found))]
    return found


# ---- what a captured quorum could sign instead ----------------------------------------------------------------------


def another_parameter(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """One coordinate of the new state is another."""
    assert evidence.accepted is not None
    theta = evidence.accepted.copy()
    at = chance.randrange(len(theta))
    theta[at] += chance.choice((-1, 1)) if abs(int(theta[at])) < 1 << 30 else -np.sign(theta[at])
    return replace(with_result(evidence, data_root=PositionTree(data_leaves(theta)).root), accepted=theta)


def another_reward(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """A seat gets more or less than its share."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    at = chance.randrange(len(contributions))
    reward = contributions[at].reward_wei
    contributions[at] = replace(
        contributions[at], reward_wei=reward - 1 if reward and chance.random() < 0.5 else reward + 1
    )
    return with_contributions(evidence, contributions)


def another_root(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """The input root or the reward root is over something else."""
    return with_result(evidence, **{chance.choice(("input_root", "reward_root")): chance.randbytes(32)})


def another_score(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """A seat that earned has another score, so that it should have earned something else."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    total, pool = sum(item.score for item in contributions), evidence.facts.pool_wei
    for at, item in enumerate(contributions):
        score = item.score * 3 // 2
        cap = pool * evidence.manifest.share_cap_q16 >> 16
        if item.score and min(cap, pool * score // (total - item.score + score)) != item.reward_wei:
            contributions[at] = replace(item, score=score)
            return with_contributions(evidence, contributions)
    return None


def another_reason(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """A seat that counted is said not to have, or the other way round."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    at = chance.randrange(len(contributions))
    item = contributions[at]
    groups = ((0,), (8,), (5, 6, 7, 9), (3, 4), (1, 2))
    (own,) = (group for group in groups if item.reason in group)
    if evidence.facts.samples_trainers and item.reason == 3:
        own = (1, 2, 3, 4)
    reason = chance.choice([reason for reason in (*range(10), 10, 255) if reason not in own])
    contributions[at] = replace(item, reason=reason)
    return with_contributions(evidence, contributions)


def another_weight(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """A seat that must not have weight has some, or one that must has none."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    at = chance.randrange(len(contributions))
    item = contributions[at]
    weight = 0 if item.reason in (0, 8) else chance.choice((1, 65536, 2**31 - 1))
    contributions[at] = replace(item, weight=weight)
    return with_contributions(evidence, contributions)


def a_seat_less(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """A seat that revealed is not there at all, or one where all must be."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    gone = chance.choice(contributions)
    if evidence.facts.samples_trainers and (
        gone.reason in (1, 2, 3) or gone.seat not in direct_seats(evidence.case.revelations)
    ):
        return None
    return with_contributions(evidence, [item for item in contributions if item != gone])


def seats_in_disorder(evidence: Evidence, chance: random.Random) -> Evidence | None:
    """Two seats changed places, or one is there twice."""
    contributions = list(unpack_contributions(evidence.case.contributions))
    if len(contributions) < 2:
        return None
    at = chance.randrange(len(contributions) - 1)
    if chance.random() < 0.5:
        contributions[at], contributions[at + 1] = contributions[at + 1], contributions[at]
    else:
        contributions[at] = contributions[at + 1]
    return with_contributions(evidence, contributions)


ALTERATIONS: Mapping[str, Alteration] = {
    item.__name__: item
    for item in (
        another_parameter,
        another_reward,
        another_root,
        another_score,
        another_reason,
        another_weight,
        a_seat_less,
        seats_in_disorder,
    )
}

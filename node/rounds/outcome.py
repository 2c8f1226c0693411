"""What a round comes to: a pure function of base state, input set, rule and pool, in integers from end to end.

Every honest attester computes these bytes and signs their hash; every auditor computes them again.

Order of work: judge (`node.aggregation.judgement`) -> rewards -> roots.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.attestation import Result
from contracts.values import Address
from node.aggregation.judgement import JudgedInput, Judgement, judge
from node.aggregation.reasons import Reason
from node.aggregation.rewards import accumulate, address_bytes, share_pool
from node.checkpoint import Checkpoint
from node.manifest import Manifest
from node.merkle import PositionTree, StandardTree
from node.storage.unixfs import root_of

__all__ = [
    "Absent",
    "Contribution",
    "InputLeaf",
    "InputUpdate",
    "PackedContribution",
    "Reason",
    "RewardLeaf",
    "RoundOutcome",
    "compute_outcome",
    "contribution_leaf",
    "input_leaf",
    "pack_contributions",
    "reward_leaf",
    "unpack_contributions",
]

PACKED_BYTES: Final = 41


@dataclass(frozen=True, eq=False)
class InputUpdate(JudgedInput):
    """A revealed update that the swarm holds. `digest`: of its message."""

    owner: Address
    digest: bytes


@dataclass(frozen=True)
class Absent:
    """A seat without an input in this round, and why."""

    seat: int
    owner: Address
    reason: Reason


@dataclass(frozen=True)
class InputLeaf:
    """Leaf of the input tree."""

    seat: int
    digest: bytes
    data_root: bytes


@dataclass(frozen=True)
class Contribution:
    """What became of a seat: leaf of the weight tree.

    `weight` Q16, signed: what its update counted in the aggregate. `score` Q46. `reason` NONE iff the score counts.
    """

    seat: int
    owner: Address
    digest: bytes | None
    weight: int
    score: int
    reason: Reason
    reward_wei: int


@dataclass(frozen=True)
class PackedContribution:
    """A contribution as the chain has it. `reason` may be none that is known: the chain takes what a quorum signs."""

    seat: int
    weight: int
    score: int
    reason: int
    reward_wei: int


@dataclass(frozen=True)
class RewardLeaf:
    """Leaf of the reward tree: all that an account has ever earned in the project."""

    account: Address
    cumulative_wei: int


@dataclass(frozen=True, eq=False)
class RoundOutcome:
    """Everything a round decides. `contributions` in seat order; `inputs` too; `rewards` sorted by address bytes."""

    result: Result
    checkpoint: Checkpoint
    checkpoint_bytes: bytes
    inputs: tuple[InputLeaf, ...]
    contributions: tuple[Contribution, ...]
    rewards: tuple[RewardLeaf, ...]


def compute_outcome(
    *,
    manifest: Manifest,
    round: int,
    seed: bytes,
    base: Checkpoint,
    previous: Checkpoint | None,
    inputs: Sequence[InputUpdate],
    absent: Sequence[Absent],
    pool_wei: int,
    earned: Mapping[Address, int],
    failed: Collection[int] = (),
) -> RoundOutcome:
    """Compute a round. The order of `inputs`, `absent` and `earned` does not matter.

    `failed`: seats whose training was checked and found invented. Their messages are inputs like others, so that all
    can see what they were, but the round is judged without them: what does not come from training has no place in the
    model, must not vouch for others, and is not paid.

    `seed`: the round's 32 bytes. `base`: the checkpoint the round started from; `previous`: the one before it (None
    when base is genesis). `earned`: cumulative wei by account before this round. Raises ValueError when a seat is
    there twice or a checkpoint is of another manifest.
    """
    inputs = sorted(inputs, key=lambda item: item.seat)
    _check(manifest, base, previous, [item.seat for item in inputs] + [item.seat for item in absent])
    judgement = judge(
        manifest,
        round=round,
        seed=seed,
        state=base.state,
        previous_theta=None if previous is None else previous.theta,
        inputs=[item for item in inputs if item.seat not in failed],
    )
    checkpoint = Checkpoint(manifest.digest, round, base.digest, judgement.state.theta, judgement.state.histories)
    data = checkpoint.to_bytes()
    contributions = _contributions(manifest, inputs, failed, absent, judgement, pool_wei)
    totals = accumulate(earned, [item.owner for item in contributions], [item.reward_wei for item in contributions])
    rewards = tuple(RewardLeaf(account, total) for account, total in totals.items())
    leaves = tuple(InputLeaf(item.seat, item.digest, item.data_root) for item in inputs)
    result = Result(
        prev_cid=base.digest,
        input_root=PositionTree(map(input_leaf, leaves)).root,
        cid=root_of(data).digest,
        data_root=checkpoint.data_root,
        weight_root=PositionTree(map(contribution_leaf, contributions)).root,
        reward_root=StandardTree([reward_leaf(item) for item in rewards]).root,
        cumulative_total=sum(totals.values()),
    )
    return RoundOutcome(result, checkpoint, data, leaves, contributions, rewards)


def input_leaf(leaf: InputLeaf) -> bytes:
    """abi.encode(uint32 seat, bytes32 digest, bytes32 dataRoot)."""
    return _word(leaf.seat) + leaf.digest + leaf.data_root


def contribution_leaf(contribution: Contribution | PackedContribution) -> bytes:
    """abi.encode(uint32 seat, int32 weight, uint128 score, uint8 reason, uint128 reward)."""
    fields = (contribution.score, int(contribution.reason), contribution.reward_wei)
    weight = contribution.weight.to_bytes(32, "big", signed=True)
    return _word(contribution.seat) + weight + b"".join(map(_word, fields))


def pack_contributions(contributions: Sequence[Contribution | PackedContribution]) -> bytes:
    """What goes on the chain with a result, `PACKED_BYTES` each: seat, weight, score, reason, reward, big-endian."""
    return b"".join(
        item.seat.to_bytes(4, "big")
        + item.weight.to_bytes(4, "big", signed=True)
        + item.score.to_bytes(16, "big")
        + int(item.reason).to_bytes(1, "big")
        + item.reward_wei.to_bytes(16, "big")
        for item in contributions
    )


def unpack_contributions(packed: bytes) -> tuple[PackedContribution, ...]:
    """Read them back. Raises ValueError where there is no whole number of them."""
    if len(packed) % PACKED_BYTES:
        raise ValueError(f"{len(packed)} bytes of contributions, expected a multiple of {PACKED_BYTES}")
    return tuple(_unpacked(packed[at : at + PACKED_BYTES]) for at in range(0, len(packed), PACKED_BYTES))


def reward_leaf(leaf: RewardLeaf) -> bytes:
    """abi.encode(address account, uint128 cumulative)."""
    return bytes(12) + address_bytes(leaf.account) + _word(leaf.cumulative_wei)


def _contributions(
    manifest: Manifest,
    inputs: Sequence[InputUpdate],
    failed: Collection[int],
    absent: Sequence[Absent],
    judgement: Judgement,
    pool_wei: int,
) -> tuple[Contribution, ...]:
    """One contribution a seat, in seat order."""
    rewards = share_pool(judgement.scores, pool_wei, manifest.share_cap_q16)
    made = [
        Contribution(
            seat=item.seat,
            owner=item.owner,
            digest=item.digest,
            weight=judgement.weights[i],
            score=judgement.scores[i],
            reason=judgement.reasons[i],
            reward_wei=rewards[i],
        )
        for i, item in enumerate(item for item in inputs if item.seat not in failed)
    ]
    made += [
        Contribution(item.seat, item.owner, item.digest, 0, 0, Reason.FAILED_CHECK, 0)
        for item in inputs
        if item.seat in failed
    ]
    missed = [Contribution(item.seat, item.owner, None, 0, 0, item.reason, 0) for item in absent]
    return tuple(sorted(made + missed, key=lambda item: item.seat))


def _unpacked(data: bytes) -> PackedContribution:
    return PackedContribution(
        seat=int.from_bytes(data[:4], "big"),
        weight=int.from_bytes(data[4:8], "big", signed=True),
        score=int.from_bytes(data[8:24], "big"),
        reason=data[24],
        reward_wei=int.from_bytes(data[25:], "big"),
    )


def _check(manifest: Manifest, base: Checkpoint, previous: Checkpoint | None, seats: Sequence[int]) -> None:
    if len(set(seats)) != len(seats):
        raise ValueError(f"a seat is there twice: {sorted(seats)}")
    for checkpoint in (base, previous):
        if checkpoint is not None and checkpoint.manifest_digest != manifest.digest:
            raise ValueError(f"checkpoint of manifest {checkpoint.manifest_digest.hex()}, not {manifest.digest.hex()}")


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")

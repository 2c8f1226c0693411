"""The outcome of a round: one result whatever the order, and every seat's reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from eth_abi import encode as abi_encode
from eth_utils import to_checksum_address

from contracts.values import Address
from node.checkpoint import Checkpoint, genesis
from node.codec import MessageHeader, data_leaves, encode, parse
from node.manifest import Manifest, TensorSpec
from node.merkle import ZERO_HASH, PositionTree, StandardTree, verify_position, verify_standard
from node.rounds.outcome import (
    PACKED_BYTES,
    Absent,
    Contribution,
    InputLeaf,
    InputUpdate,
    Reason,
    RewardLeaf,
    RoundOutcome,
    compute_outcome,
    contribution_leaf,
    input_leaf,
    pack_contributions,
    reward_leaf,
    unpack_contributions,
)
from node.storage.unixfs import import_bytes, last
from tests.node.aggregation.messages import Draw, Message, manifest, random_message, round_messages

TENSORS = (TensorSpec("w", (3, 4096), 64), TensorSpec("b", (3,), 0))
MANIFEST = manifest(tensors=TENSORS, alpha_q16=1 << 16)
LAYOUT = MANIFEST.layout
POOL_WEI = 10**18
MESSAGES = round_messages(LAYOUT, "outcome", 10)


def account(number: int) -> Address:
    return to_checksum_address(hashlib.sha256(f"account {number}".encode()).digest()[:20])


def an_input(seat: int, message: Message, *, owner: int | None = None, content: bytes | None = None) -> InputUpdate:
    return InputUpdate(
        seat=seat,
        owner=account(seat if owner is None else owner),
        commit_order=100 - seat,
        digest=hashlib.sha256(f"digest {seat}".encode()).digest(),
        data_root=hashlib.sha256(content or f"content {seat}".encode()).digest(),
        update=message,
    )


def inputs_of(messages: Sequence[Message]) -> list[InputUpdate]:
    return [an_input(seat, message) for seat, message in enumerate(messages, start=1)]


def negated(message: Message) -> Message:
    return Message(message.positions, -message.mantissas, message.shifts)


def outcome_of(inputs: Sequence[InputUpdate], **changes: Any) -> RoundOutcome:
    m: Manifest = changes.get("manifest", MANIFEST)
    arguments: dict[str, Any] = {
        "manifest": m,
        "round": 1,
        "seed": bytes(32),
        "base": genesis(m),
        "previous": None,
        "inputs": inputs,
        "absent": [],
        "pool_wei": POOL_WEI,
        "earned": {},
    }
    return compute_outcome(**{**arguments, **changes})


def reasons(outcome: RoundOutcome) -> dict[int, Reason]:
    return {item.seat: item.reason for item in outcome.contributions}


def test_a_round_moves_the_state_and_pays_the_pool_to_who_agreed() -> None:
    outcome = outcome_of(inputs_of([*MESSAGES[:6], negated(MESSAGES[6]), negated(MESSAGES[7])]))
    assert not np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)
    paid = [item for item in outcome.contributions if item.reward_wei]
    assert len(paid) == 4
    assert all(item.weight > 0 and item.score > 0 and item.reason is Reason.NONE for item in paid)
    assert POOL_WEI - 4 < sum(item.reward_wei for item in paid) <= POOL_WEI
    assert reasons(outcome)[7] is reasons(outcome)[8] is Reason.FILTERED


def test_the_order_of_inputs_does_not_matter() -> None:
    inputs = inputs_of(MESSAGES[:8])
    absent = [Absent(9, account(9), Reason.NO_COMMIT), Absent(10, account(10), Reason.NO_REVEAL)]
    earned = {account(i): 10 * i for i in range(1, 5)}
    expected = outcome_of(inputs, absent=absent, earned=earned)
    for order in islice(permutations(range(8)), 0, 40320, 6011):
        shuffled = outcome_of(
            [inputs[i] for i in order], absent=absent[::-1], earned=dict(reversed(list(earned.items())))
        )
        assert shuffled.result == expected.result
        assert shuffled.contributions == expected.contributions
        assert shuffled.rewards == expected.rewards
        assert shuffled.checkpoint_bytes == expected.checkpoint_bytes


def test_the_result_names_what_it_came_from_and_what_it_is() -> None:
    outcome = outcome_of(inputs_of(MESSAGES[:8]))
    result = outcome.result
    assert result.prev_cid == genesis(MANIFEST).digest == outcome.checkpoint.previous_digest
    assert result.cid == last(import_bytes(outcome.checkpoint_bytes)).cid.digest == outcome.checkpoint.digest
    assert result.data_root == outcome.checkpoint.data_root
    assert Checkpoint.from_bytes(outcome.checkpoint_bytes, MANIFEST).round == 1
    assert result.cumulative_total == sum(item.cumulative_wei for item in outcome.rewards)


def test_every_leaf_is_proved_under_its_root() -> None:
    absent = [Absent(11, account(11), Reason.NOT_AVAILABLE)]
    outcome = outcome_of(inputs_of(MESSAGES[:8]), absent=absent, earned={account(11): 5})
    weights = PositionTree(map(contribution_leaf, outcome.contributions))
    inputs = PositionTree(map(input_leaf, outcome.inputs))
    rewards = StandardTree([reward_leaf(item) for item in outcome.rewards])
    assert outcome.result.weight_root == weights.root
    assert outcome.result.input_root == inputs.root
    assert outcome.result.reward_root == rewards.root
    assert [item.seat for item in outcome.contributions] == [1, 2, 3, 4, 5, 6, 7, 8, 11]
    for i, contribution in enumerate(outcome.contributions):
        leaf = contribution_leaf(contribution)
        assert verify_position(outcome.result.weight_root, i, 9, leaf, weights.proof(i))
    for i, reward in enumerate(outcome.rewards):
        assert verify_standard(outcome.result.reward_root, reward_leaf(reward), rewards.proof(i))
    accounts = [bytes.fromhex(item.account[2:]) for item in outcome.rewards]
    assert accounts == sorted(accounts)


def test_leaves_are_abi_encoded() -> None:
    digest, root = hashlib.sha256(b"d").digest(), hashlib.sha256(b"r").digest()
    assert input_leaf(InputLeaf(7, digest, root)) == abi_encode(["uint32", "bytes32", "bytes32"], [7, digest, root])
    for weight in (65535, 0, -65536):
        contribution = Contribution(7, account(7), digest, weight, 1 << 100, Reason.FILTERED, 10**20)
        assert contribution_leaf(contribution) == abi_encode(
            ["uint32", "int32", "uint128", "uint8", "uint128"], [7, weight, 1 << 100, 7, 10**20]
        )
    assert reward_leaf(RewardLeaf(account(7), 9)) == abi_encode(["address", "uint128"], [account(7), 9])


def test_what_goes_on_the_chain_is_read_back() -> None:
    outcome = outcome_of(inputs_of(MESSAGES[:8]), absent=[Absent(11, account(11), Reason.NO_REVEAL)])
    negative = replace(outcome.contributions[0], weight=-65536, reason=Reason.FILTERED)
    packed = pack_contributions([negative, *outcome.contributions[1:]])
    read = unpack_contributions(packed)
    assert len(packed) == PACKED_BYTES * len(read)
    assert pack_contributions(read) == packed
    assert (read[0].seat, read[0].weight, read[0].reason) == (1, -65536, Reason.FILTERED)
    for found, expected in zip(read[1:], outcome.contributions[1:], strict=True):
        assert contribution_leaf(found) == contribution_leaf(expected)
    with pytest.raises(ValueError, match="40 bytes of contributions"):
        unpack_contributions(packed[:40])


def test_only_the_earliest_commit_of_a_copy_counts() -> None:
    inputs = inputs_of(MESSAGES[:8])
    copy = replace(inputs[0], seat=9, owner=account(9), commit_order=200)
    outcome = outcome_of([*inputs, copy])
    assert reasons(outcome)[9] is Reason.DUPLICATE
    assert reasons(outcome)[1] is not Reason.DUPLICATE
    without = outcome_of(inputs, absent=[Absent(9, account(9), Reason.NO_COMMIT)])
    assert [c.reward_wei for c in outcome.contributions] == [c.reward_wei for c in without.contributions]
    assert np.array_equal(outcome.checkpoint.theta, without.checkpoint.theta)
    assert len(outcome.inputs) == 9, "the copy was an input and is listed as one"


def test_a_zero_update_is_named_and_does_not_drag_the_median() -> None:
    zero = random_message(LAYOUT, "zero", largest=0)
    inputs = inputs_of(MESSAGES[:8])
    zeros = [an_input(9 + i, zero, content=b"zero %d" % i) for i in range(9)]
    outcome = outcome_of([*inputs, *zeros])
    assert all(reasons(outcome)[9 + i] is Reason.ZERO_UPDATE for i in range(9))
    assert np.array_equal(outcome.checkpoint.theta, outcome_of(inputs).checkpoint.theta)


def test_a_round_without_inputs_keeps_the_state_and_pays_nobody() -> None:
    outcome = outcome_of([], absent=[Absent(1, account(1), Reason.NO_REVEAL)])
    assert np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)
    assert outcome.checkpoint.round == 1
    assert outcome.rewards == ()
    assert outcome.result.reward_root == ZERO_HASH
    assert outcome.result.cumulative_total == 0
    assert reasons(outcome) == {1: Reason.NO_REVEAL}


def test_totals_of_earlier_rounds_stay_when_nobody_earns() -> None:
    outcome = outcome_of([], earned={account(1): 7, account(2): 0})
    assert outcome.rewards == (RewardLeaf(account(1), 7),)
    assert outcome.result.cumulative_total == 7


@pytest.mark.parametrize("present", [1, 2, 3, 4])
def test_fewer_inputs_than_an_honest_majority_keep_the_state(present: int) -> None:
    outcome = outcome_of(inputs_of(MESSAGES[:present]))
    assert np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)
    assert set(reasons(outcome).values()) == {Reason.FILTERED}
    assert outcome.rewards == ()


@pytest.mark.parametrize("present", [5, 6, 7])
def test_missing_peers_do_not_stop_a_round_with_an_honest_majority(present: int) -> None:
    attackers = [negated(message) for message in MESSAGES[present - 2 : present]]
    outcome = outcome_of(inputs_of([*MESSAGES[: present - 2], *attackers]))
    weights = [item.weight for item in outcome.contributions]
    assert weights[-2:] == [0, 0]
    assert sum(weight > 0 for weight in weights) == min(4, present - 2)
    assert not np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)


def test_a_lone_peer_moves_the_state_under_the_mean_but_has_nobody_to_agree_with() -> None:
    outcome = outcome_of(inputs_of(MESSAGES[:1]), manifest=replace(MANIFEST, rule="mean"))
    assert reasons(outcome) == {1: Reason.NO_NEW_DIRECTION}
    assert outcome.contributions[0].weight == 1 << 16
    assert not np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)


def test_a_huge_update_is_clipped_to_the_median() -> None:
    loud = Message(MESSAGES[0].positions, MESSAGES[0].mantissas, MESSAGES[0].shifts + np.uint8(8))
    m = replace(MANIFEST, rule="multi-krum(f=0,keep=5)")
    weights = [item.weight for item in outcome_of(inputs_of([loud, *MESSAGES[1:5]]), manifest=m).contributions]
    assert weights[0] < weights[1] / 200


def test_seats_of_one_owner_are_paid_into_one_account() -> None:
    inputs = [replace(item, owner=account(99)) for item in inputs_of(MESSAGES[:8])]
    outcome = outcome_of(inputs, earned={account(99): 3})
    assert outcome.rewards == (RewardLeaf(account(99), 3 + sum(c.reward_wei for c in outcome.contributions)),)


def test_a_share_is_capped_and_the_rest_goes_to_nobody() -> None:
    outcome = outcome_of(inputs_of(MESSAGES[:8]), manifest=replace(MANIFEST, share_cap_q16=1 << 13))
    assert {item.reward_wei for item in outcome.contributions} == {0, POOL_WEI // 8}
    assert sum(item.reward_wei for item in outcome.contributions) == POOL_WEI // 2


def test_repeating_what_moved_the_state_counts_less_than_saying_it_first() -> None:
    inputs = inputs_of(MESSAGES[:8])
    first = outcome_of(inputs)
    repeated = outcome_of(inputs, round=2, base=first.checkpoint, previous=genesis(MANIFEST))
    unknown = outcome_of(inputs, round=2, base=first.checkpoint)
    assert sum(c.score for c in repeated.contributions) < sum(c.score for c in unknown.contributions) / 2


def test_identical_directions_tie_toward_the_lower_seats() -> None:
    same = [Message(MESSAGES[0].positions, MESSAGES[0].mantissas, MESSAGES[0].shifts) for _ in range(8)]
    outcome = outcome_of(inputs_of(same))
    assert [item.weight > 0 for item in outcome.contributions] == [True] * 4 + [False] * 4
    assert len({item.reward_wei for item in outcome.contributions if item.weight}) == 1


def test_nothing_but_zeros_keeps_the_state() -> None:
    zeros = [random_message(LAYOUT, f"zero {i}", largest=0) for i in range(8)]
    outcome = outcome_of(inputs_of(zeros))
    assert set(reasons(outcome).values()) == {Reason.ZERO_UPDATE}
    assert np.array_equal(outcome.checkpoint.theta, genesis(MANIFEST).theta)


def sent(vector: npt.NDArray[np.float32], seat: int) -> InputUpdate:
    """A vector as it arrives: encoded, parsed, its data root computed from the records."""
    header = MessageHeader(
        run_id=bytes(32), round=1, seat=seat, base_digest=genesis(MANIFEST).digest, manifest_digest=MANIFEST.digest
    )
    data = encode(vector, MANIFEST, header)
    update = parse(data, MANIFEST)
    root = PositionTree(data_leaves(update, LAYOUT)).root
    return InputUpdate(
        seat=seat,
        owner=account(seat),
        commit_order=seat,
        digest=hashlib.sha256(data).digest(),
        data_root=root,
        update=update,
    )


def test_a_copy_under_another_seat_is_a_duplicate_on_the_wire_too() -> None:
    draw = Draw("wire")
    common = draw.normal(LAYOUT.parameter_count)
    vectors = [(0.01 * (common + draw.normal(LAYOUT.parameter_count))).astype(np.float32) for _ in range(7)]
    inputs = [sent(vector, seat) for seat, vector in enumerate(vectors, start=1)]
    copy = sent(vectors[2], 8)
    assert copy.digest != inputs[2].digest
    outcome = outcome_of([*inputs, copy])
    assert reasons(outcome)[8] is Reason.DUPLICATE
    assert reasons(outcome)[3] is not Reason.DUPLICATE
    assert sum(item.reward_wei for item in outcome.contributions) > POOL_WEI - 8


def test_impossible_calls_are_refused() -> None:
    inputs = inputs_of(MESSAGES[:3])
    with pytest.raises(ValueError, match="twice"):
        outcome_of([*inputs, inputs[0]])
    with pytest.raises(ValueError, match="twice"):
        outcome_of(inputs, absent=[Absent(2, account(2), Reason.NO_COMMIT)])
    with pytest.raises(ValueError, match="manifest"):
        outcome_of(inputs, base=genesis(replace(MANIFEST, seed=9)))


def test_a_seat_that_failed_its_check_is_on_record_and_counts_for_nothing() -> None:
    inputs = inputs_of(MESSAGES[:8])
    found, without = outcome_of(inputs, failed={3, 5}), outcome_of([item for item in inputs if item.seat not in {3, 5}])
    assert reasons(found)[3] is reasons(found)[5] is Reason.FAILED_CHECK
    failed = [item for item in found.contributions if item.seat in {3, 5}]
    assert all((item.weight, item.score, item.reward_wei) == (0, 0, 0) for item in failed)
    assert [item.digest for item in failed] == [inputs[2].digest, inputs[4].digest]
    # Its message stays among the inputs; the model, the merits and the pay of the others are those of a round without.
    assert found.result.input_root == outcome_of(inputs).result.input_root
    assert found.checkpoint_bytes == without.checkpoint_bytes
    assert [item for item in found.contributions if item.seat not in {3, 5}] == list(without.contributions)

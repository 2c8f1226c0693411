"""Checkpoints: one byte string a state, no other accepted, and floats in and out without surprise."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import cbor2
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from node.aggregation.contribution import MERIT_LIMIT
from node.aggregation.history import Histories
from node.checkpoint import (
    Checkpoint,
    data_leaves,
    dequantise,
    flatten,
    genesis,
    quantise,
    to_safetensors,
    to_tensors,
    unflatten,
)
from node.errors import MalformedCheckpoint
from node.manifest import Manifest, TensorSpec
from node.merkle import PositionTree, verify_position
from node.storage.unixfs import import_bytes, last

MANIFEST = Manifest(
    task="digits",
    tensors=(
        TensorSpec("hidden.weight", (30, 200), 256),
        TensorSpec("hidden.bias", (30,), 0),
        TensorSpec("output.weight", (10, 30), 256, order="column", grid_bits=24),
    ),
    rule="mean",
    byzantine=0,
    alpha_q16=1 << 16,
)
COUNT = MANIFEST.layout.parameter_count


FIELDS = {"kind": "swarmproof-checkpoint-1", "manifest": MANIFEST.digest, "round": 1, "previous": bytes(32)}


def some_checkpoint(**changes: object) -> Checkpoint:
    theta = np.arange(COUNT, dtype=np.int64) * 7_919_191 % (1 << 32) - (1 << 31)
    fields: dict[str, object] = {
        "manifest_digest": MANIFEST.digest,
        "round": 3,
        "previous_digest": hashlib.sha256(b"before").digest(),
        "theta": theta.astype(np.int32),
    }
    return Checkpoint(**{**fields, **changes})  # type: ignore[arg-type]


def test_bytes_read_back_to_the_same_state_and_bytes() -> None:
    checkpoint = some_checkpoint()
    again = Checkpoint.from_bytes(checkpoint.to_bytes(), MANIFEST)
    assert (again.round, again.previous_digest) == (checkpoint.round, checkpoint.previous_digest)
    assert np.array_equal(again.theta, checkpoint.theta)
    assert again.to_bytes() == checkpoint.to_bytes()


def test_state_is_little_endian_after_a_cbor_header() -> None:
    checkpoint = some_checkpoint()
    data = checkpoint.to_bytes()
    header = cbor2.loads(data[: -4 * COUNT])
    assert header == {
        "kind": "swarmproof-checkpoint-1",
        "manifest": MANIFEST.digest,
        "round": 3,
        "previous": checkpoint.previous_digest,
        "seats": 0,
    }
    assert int.from_bytes(data[-4:], "little", signed=True) == checkpoint.theta[-1]


def test_digest_is_that_of_the_stored_object() -> None:
    checkpoint = some_checkpoint()
    assert checkpoint.digest == last(import_bytes(checkpoint.to_bytes())).cid.digest
    assert checkpoint.to_bytes()[0] not in (0x12, 0x0A), "a raw block must not look like a dag-pb node"


@pytest.mark.parametrize("cut", [1, 3, 4, 100, 4 * COUNT, 4 * COUNT + 50])
def test_cut_or_lengthened_bytes_are_refused(cut: int) -> None:
    data = some_checkpoint().to_bytes()
    for damaged in (data[:-cut], data + bytes(cut), data[cut:]):
        with pytest.raises(MalformedCheckpoint):
            Checkpoint.from_bytes(damaged, MANIFEST)


def test_every_changed_header_byte_is_refused_or_changes_the_meaning() -> None:
    checkpoint = some_checkpoint()
    data = checkpoint.to_bytes()
    for at in range(len(data) - 4 * COUNT):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            try:
                read = Checkpoint.from_bytes(bytes(damaged), MANIFEST)
            except MalformedCheckpoint:
                continue
            assert read.to_bytes() == bytes(damaged)
            assert (read.round, read.previous_digest) != (checkpoint.round, checkpoint.previous_digest)


@pytest.mark.parametrize(
    "header",
    [
        {
            "kind": "swarmproof-checkpoint-1",
            "manifest": MANIFEST.digest,
            "round": True,
            "previous": bytes(32),
            "seats": 0,
        },
        {
            "kind": "swarmproof-checkpoint-1",
            "manifest": MANIFEST.digest,
            "round": -1,
            "previous": bytes(32),
            "seats": 0,
        },
        {
            "kind": "swarmproof-checkpoint-1",
            "manifest": MANIFEST.digest,
            "round": 1 << 64,
            "previous": bytes(32),
            "seats": 0,
        },
        {"kind": "swarmproof-checkpoint-1", "manifest": MANIFEST.digest, "round": 1, "previous": bytes(31), "seats": 0},
        {"kind": "swarmproof-checkpoint-1", "manifest": bytes(32), "round": 1, "previous": bytes(32), "seats": 0},
        {"kind": "swarmproof-checkpoint-2", "manifest": MANIFEST.digest, "round": 1, "previous": bytes(32), "seats": 0},
        {"kind": "swarmproof-checkpoint-1", "manifest": MANIFEST.digest, "round": 1, "seats": 0},
        {**FIELDS, "seats": 1},
        {**FIELDS, "seats": -1},
        {**FIELDS, "seats": 1 << 14},
        {**FIELDS, "seats": b""},
        [1, 2, 3],
        "text",
    ],
)
def test_headers_that_say_something_else_are_refused(header: object) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.from_bytes(cbor2.dumps(header, canonical=True) + bytes(4 * COUNT), MANIFEST)


def test_a_header_that_is_not_canonical_is_refused() -> None:
    checkpoint = some_checkpoint()
    header = {
        "round": 3,
        "previous": checkpoint.previous_digest,
        "manifest": MANIFEST.digest,
        "kind": "swarmproof-checkpoint-1",
        "seats": 0,
    }
    with pytest.raises(MalformedCheckpoint, match="not canonical"):
        Checkpoint.from_bytes(cbor2.dumps(header) + checkpoint.to_bytes()[-4 * COUNT :], MANIFEST)


REMEMBERING = replace(MANIFEST, history_buckets=16)


def remembering_checkpoint(seats: tuple[int, ...], ages: tuple[int, ...]) -> Checkpoint:
    sketches = np.arange(32 * len(seats), dtype=np.int64).reshape(-1, 2, 16) * -(1 << 50)
    return some_checkpoint(
        round=1000,
        manifest_digest=REMEMBERING.digest,
        histories=Histories(seats, ages, sketches, tuple(-seat for seat in seats)),
    )


def test_histories_follow_the_parameters() -> None:
    checkpoint = remembering_checkpoint((2, 7), (1, 300))
    data = checkpoint.to_bytes()
    again = Checkpoint.from_bytes(data, REMEMBERING)
    assert (again.histories.seats, again.histories.ages, again.histories.merits) == ((2, 7), (1, 300), (-2, -7))
    assert np.array_equal(again.histories.sketches, checkpoint.histories.sketches)
    assert again.to_bytes() == data
    assert int.from_bytes(data[-8:], "little", signed=True) == checkpoint.histories.sketches[-1, -1, -1]
    assert checkpoint.digest != remembering_checkpoint((2, 7), (1, 301)).digest


@pytest.mark.parametrize("seats", [(7, 2), (2, 2)])
def test_histories_out_of_order_are_refused(seats: tuple[int, ...]) -> None:
    data = remembering_checkpoint(seats, (1, 1)).to_bytes()
    with pytest.raises(MalformedCheckpoint, match="ascending seats"):
        Checkpoint.from_bytes(data, REMEMBERING)


@pytest.mark.parametrize("age", [0, 1001, (1 << 32) - 1])
def test_ages_that_no_round_can_lead_to_are_refused(age: int) -> None:
    data = remembering_checkpoint((2, 7), (1000, age)).to_bytes()
    with pytest.raises(MalformedCheckpoint, match=f"age {age} of seat 7, expected 1 to the round, 1000"):
        Checkpoint.from_bytes(data, REMEMBERING)


@pytest.mark.parametrize("value", [1 << 62, -(1 << 62), -(1 << 63), (1 << 62) - 1])
def test_memories_that_the_next_round_could_overflow_are_refused(value: int) -> None:
    sketches = np.zeros((1, 2, 16), dtype=np.int64)
    sketches[0, 1, 5] = value
    histories = Histories((3,), (2,), sketches, (0,))
    data = some_checkpoint(manifest_digest=REMEMBERING.digest, histories=histories).to_bytes()
    if abs(value) < 1 << 62:
        assert Checkpoint.from_bytes(data, REMEMBERING).histories.sketches[0, 1, 5] == value
    else:
        with pytest.raises(MalformedCheckpoint, match="a memory reaches"):
            Checkpoint.from_bytes(data, REMEMBERING)


@pytest.mark.parametrize("excess", [0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_merits_beyond_what_rounds_can_come_to_are_refused(sign: int, excess: int) -> None:
    merit = sign * (MERIT_LIMIT + excess)
    histories = Histories((3,), (2,), np.zeros((1, 2, 0), dtype=np.int64), (merit,))
    data = some_checkpoint(histories=histories).to_bytes()
    if excess == 0:
        assert Checkpoint.from_bytes(data, MANIFEST).histories.merits == (merit,)
    else:
        with pytest.raises(MalformedCheckpoint, match=f"merit {merit} of seat 3"):
            Checkpoint.from_bytes(data, MANIFEST)


@given(st.binary(max_size=300))
def test_arbitrary_headers_are_refused_without_a_crash(header: bytes) -> None:
    with pytest.raises(MalformedCheckpoint):
        Checkpoint.from_bytes(header + bytes(4 * COUNT), MANIFEST)


def test_states_of_another_type_cannot_be_checkpoints() -> None:
    with pytest.raises(MalformedCheckpoint):
        some_checkpoint(theta=np.zeros(COUNT, dtype=np.int64))
    with pytest.raises(MalformedCheckpoint):
        some_checkpoint(theta=np.zeros((COUNT, 1), dtype=np.int32))


def test_genesis_is_a_function_of_the_manifest_in_integers() -> None:
    expected: list[int] = []
    for tensor in MANIFEST.tensors:
        if len(tensor.shape) == 1:
            expected += [0] * tensor.size
            continue
        bound = math.isqrt((1 << 2 * tensor.grid_bits) // tensor.shape[1])
        stream = hashlib.shake_256(b"swarmproof genesis" + MANIFEST.digest + tensor.name.encode())
        data = stream.digest(4 * tensor.size)
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        expected += [(word * (2 * bound + 1) >> 32) - bound for word in words]
    first = genesis(MANIFEST)
    assert first.theta.tolist() == expected
    assert (first.round, first.previous_digest, first.manifest_digest) == (0, bytes(32), MANIFEST.digest)


def test_genesis_is_uniform_within_the_fan_in_bound_and_zero_for_biases() -> None:
    tensors = to_tensors(genesis(MANIFEST), MANIFEST)
    bound = 1 / math.sqrt(200)
    hidden = tensors["hidden.weight"]
    assert np.abs(hidden).max() <= bound
    assert np.abs(hidden).max() > 0.99 * bound
    assert abs(hidden.mean()) < 0.03 * bound
    assert hidden.std() == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert not tensors["hidden.bias"].any()


def test_genesis_differs_between_manifests() -> None:
    assert not np.array_equal(genesis(replace(MANIFEST, seed=1)).theta, genesis(MANIFEST).theta)


def test_quantise_rounds_to_the_grid_and_saturates() -> None:
    vector = np.zeros(COUNT)
    vector[:6] = [1.0, -1.0, 2.0**-27, 3 * 2.0**-27, 40.0, -40.0]
    theta = quantise(vector, MANIFEST)
    assert theta[:6].tolist() == [1 << 26, -(1 << 26), 0, 2, (1 << 31) - 1, -(1 << 31)]
    vector[0] = np.nan
    with pytest.raises(ValueError, match="not a number"):
        quantise(vector, MANIFEST)


def test_dequantise_is_one_rounding_away_from_exact() -> None:
    checkpoint = some_checkpoint()
    vector = dequantise(checkpoint.theta, MANIFEST)
    for tensor, start in zip(MANIFEST.tensors, MANIFEST.layout.tensor_starts, strict=False):
        exact = checkpoint.theta[start : start + tensor.size].astype(np.float64) / (1 << tensor.grid_bits)
        assert np.array_equal(vector[start : start + tensor.size], exact.astype(np.float32))


def test_flatten_honours_the_order_of_each_tensor() -> None:
    tensors = {
        "hidden.weight": np.arange(6000, dtype=np.float32).reshape(30, 200),
        "hidden.bias": np.arange(30, dtype=np.float32),
        "output.weight": np.arange(300, dtype=np.float32).reshape(10, 30),
    }
    vector = flatten(tensors, MANIFEST)
    assert vector[:3].tolist() == [0, 1, 2]
    assert vector[6030:6033].tolist() == [0, 30, 60], "column order: the first index runs fastest"
    back = unflatten(vector, MANIFEST)
    assert all(np.array_equal(back[name], tensors[name]) for name in tensors)
    assert all(array.flags.c_contiguous for array in back.values())


def test_flatten_refuses_tensors_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        flatten({"hidden.weight": np.zeros((30, 200))}, MANIFEST)


def test_export_is_safetensors_with_the_checkpoint_it_came_from() -> None:
    checkpoint = some_checkpoint()
    data = to_safetensors(checkpoint, MANIFEST)
    tensors = safetensors.numpy.load(data)
    expected = to_tensors(checkpoint, MANIFEST)
    assert tensors.keys() == expected.keys()
    assert all(np.array_equal(tensors[name], expected[name]) for name in expected)
    assert checkpoint.digest.hex().encode() in data


def test_data_root_opens_sixty_four_parameters_at_a_time() -> None:
    checkpoint = some_checkpoint()
    leaves = data_leaves(checkpoint.theta)
    assert len(leaves) == -(-COUNT // 64)
    assert all(len(leaf) == 256 for leaf in leaves)
    assert b"".join(leaves)[: 4 * COUNT] == checkpoint.theta.tobytes()
    tree = PositionTree(leaves)
    assert tree.root == checkpoint.data_root
    assert verify_position(checkpoint.data_root, 17, len(leaves), leaves[17], tree.proof(17))

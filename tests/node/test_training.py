"""Local training and error feedback."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from node.checkpoint import dequantise, flatten, unflatten
from node.errors import ManifestError, StateError
from node.manifest import LocalTraining, Manifest
from node.tasks import Shard, Split, Task, load_task
from node.training import ErrorFeedback, Trainer, TrainingDiverged, batches, load_parameters

Q16 = 1 << 16


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("digits")


@pytest.fixture(scope="module")
def shard(task: Task) -> Shard:
    return task.shards(8, Split(), 0)[0]


def _theta(manifest: Manifest) -> np.ndarray:
    return np.random.default_rng(0).integers(-(2**22), 2**22, manifest.layout.parameter_count, dtype=np.int32)


def _local(task: Task, **changes: object) -> Manifest:
    manifest = task.default_manifest()
    return task.default_manifest(local=dataclasses.replace(manifest.local, **changes))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_two_trainers_agree_bit_by_bit_whatever_the_thread_setting(task: Task, shard: Shard, optimizer: str) -> None:
    manifest = _local(task, optimizer=optimizer)
    theta = _theta(manifest)
    first = Trainer(task, manifest, shard, seat=3, seed=1).pseudo_gradient(theta, 4)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        second = Trainer(load_task("digits"), manifest, shard, seat=3, seed=1).pseudo_gradient(theta, 4)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert first.dtype == np.float32
    assert first.shape == (manifest.layout.parameter_count,)
    assert first.tobytes() == second.tobytes()


def test_a_trainer_carries_nothing_from_one_round_into_the_next(task: Task, shard: Shard) -> None:
    manifest = task.default_manifest()
    theta = _theta(manifest)
    trainer = Trainer(task, manifest, shard, seat=1, seed=0)
    expected = trainer.pseudo_gradient(theta, 2)
    trainer.pseudo_gradient(theta // 2, 3)
    assert trainer.pseudo_gradient(theta, 2).tobytes() == expected.tobytes()


def test_seed_seat_and_round_each_change_the_batches(task: Task, shard: Shard) -> None:
    manifest = task.default_manifest()
    theta = _theta(manifest)
    updates = {
        Trainer(task, manifest, shard, seat=seat, seed=seed).pseudo_gradient(theta, number).tobytes()
        for seed, seat, number in [(0, 1, 1), (1, 1, 1), (0, 2, 1), (0, 1, 2)]
    }
    assert len(updates) == 4


def test_training_leaves_theta_and_torchs_global_random_state_alone(task: Task, shard: Shard) -> None:
    manifest = task.default_manifest()
    theta = _theta(manifest)
    copy, state = theta.copy(), torch.get_rng_state()
    Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(theta, 1)
    assert np.array_equal(theta, copy)
    assert torch.equal(state, torch.get_rng_state())


def test_one_sgd_step_is_the_learning_rate_times_the_gradient(task: Task, shard: Shard) -> None:
    manifest = _local(task, optimizer="sgd", steps=1, batch_size=len(shard), learning_rate_millionths=100_000)
    theta = _theta(manifest)
    model = task.model()
    load_parameters(model, unflatten(dequantise(theta, manifest), manifest))
    task.loss(model, shard, torch.Generator()).backward()  # type: ignore[no-untyped-call]
    gradient = flatten({name: item.grad.numpy() for name, item in model.named_parameters()}, manifest)
    delta = Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(theta, 1)
    assert np.allclose(delta, 0.1 * gradient, atol=1e-6)


def test_taking_the_pseudo_gradient_away_lowers_the_loss(task: Task, shard: Shard) -> None:
    manifest = task.default_manifest()
    theta = _theta(manifest)
    delta = Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(theta, 1)
    losses = []
    for values in (theta, theta - np.round(delta * 2.0**26).astype(np.int32)):
        model = task.model()
        load_parameters(model, unflatten(dequantise(values, manifest), manifest))
        losses.append(task.evaluate(model).loss)
    assert losses[1] < losses[0]


def test_a_column_ordered_tensor_trains_to_the_same_weights(task: Task, shard: Shard) -> None:
    row = task.default_manifest()
    column = dataclasses.replace(row, tensors=tuple(dataclasses.replace(item, order="column") for item in row.tensors))
    theta = _theta(row)
    tensors = unflatten(dequantise(theta, row), row)
    turned = np.round(flatten(tensors, column) * 2.0**26).astype(np.int32)
    assert not np.array_equal(turned, theta)
    delta_row = Trainer(task, row, shard, seat=1, seed=0).pseudo_gradient(theta, 1)
    delta_column = Trainer(task, column, shard, seat=1, seed=0).pseudo_gradient(turned, 1)
    assert np.array_equal(np.sort(delta_row), np.sort(delta_column))
    hidden = slice(0, row.tensors[0].size)
    shape = row.tensors[0].shape
    assert np.array_equal(delta_row[hidden].reshape(shape), delta_column[hidden].reshape(shape, order="F"))


def test_a_manifest_of_another_model_is_refused_by_tensor(task: Task, shard: Shard) -> None:
    manifest = load_task("digits", options={"width": 8}).default_manifest()
    with pytest.raises(ManifestError, match=r"tensor hidden\.bias: .* \(64,\), the manifest lists \(8,\)"):
        Trainer(task, manifest, shard, seat=1, seed=0)


def test_diverged_training_is_an_error_and_not_an_update(task: Task, shard: Shard) -> None:
    manifest = _local(task, optimizer="sgd", learning_rate_millionths=10**9, weight_decay_millionths=10**9)
    with pytest.raises(TrainingDiverged, match="round 6") as caught:
        Trainer(task, manifest, shard, seat=1, seed=0).pseudo_gradient(_theta(manifest), 6)
    assert caught.value.round == 6


@settings(deadline=None)
@given(examples=st.integers(1, 40), batch=st.integers(1, 50), steps=st.integers(1, 12), seed=st.integers(0, 2**63 - 1))
def test_batches_are_full_without_repeats_and_cover_the_shard(examples: int, batch: int, steps: int, seed: int) -> None:
    local = LocalTraining(steps=steps, batch_size=batch)
    order = [indices.tolist() for indices in batches(examples, local, seed)]
    size = min(batch, examples)
    assert len(order) == steps
    assert all(len(indices) == len(set(indices)) == size for indices in order)
    first_epoch = [index for indices in order[: examples // size] for index in indices]
    assert len(set(first_epoch)) == len(first_epoch)
    assert order == [indices.tolist() for indices in batches(examples, local, seed)]


def test_what_a_message_leaves_out_is_carried_into_the_next() -> None:
    feedback = ErrorFeedback(3, beta_q16=Q16 // 2)
    assert feedback.corrected(np.array([1, 2, 4], np.float32)).tolist() == [1, 2, 4]
    feedback.sent(np.array([0, 0, 4], np.float32))
    assert feedback.residual.tolist() == [1, 2, 0]
    assert feedback.corrected(np.array([1, 0, 1], np.float32)).tolist() == [1.5, 1, 1]


def test_without_decay_nothing_is_ever_lost() -> None:
    generator = np.random.default_rng(0)
    feedback, sent, wanted = ErrorFeedback(64, beta_q16=Q16), np.zeros(64), np.zeros(64)
    for _ in range(50):
        update = generator.standard_normal(64).astype(np.float32)
        corrected = feedback.corrected(update)
        decoded = np.where(np.abs(corrected) >= np.sort(np.abs(corrected))[-8], corrected, np.float32(0))
        feedback.sent(decoded)
        sent, wanted = sent + decoded, wanted + update
    assert np.allclose(sent + feedback.residual, wanted, atol=1e-4)


def test_the_corrected_vector_is_the_callers_to_change() -> None:
    feedback = ErrorFeedback(2, beta_q16=Q16)
    feedback.corrected(np.ones(2, np.float32))[:] = 7
    assert feedback.residual.tolist() == [1, 1]


def test_error_feedback_survives_its_file_bit_by_bit(tmp_path: Path) -> None:
    feedback = ErrorFeedback(100, beta_q16=62259)
    feedback.corrected(np.random.default_rng(0).standard_normal(100).astype(np.float32))
    feedback.save(tmp_path / "1-1.safetensors")
    again = ErrorFeedback.load(tmp_path / "1-1.safetensors", 100, beta_q16=62259)
    update = np.ones(100, np.float32)
    assert again.corrected(update).tobytes() == feedback.corrected(update).tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["1-1.safetensors"]


def test_a_peer_without_a_file_starts_from_zeros(tmp_path: Path) -> None:
    feedback = ErrorFeedback.load_or_clear(tmp_path / "absent", 5, beta_q16=Q16)
    assert feedback.residual.tolist() == [0] * 5


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "length", "type", "name", "infinite"])
def test_a_damaged_file_is_a_state_error_that_names_it(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "2-7.safetensors"
    whole = safetensors.numpy.save({"residual": np.zeros(8, np.float32)})
    path.write_bytes(
        {
            "cut": whole[:-1],
            "empty": b"",
            "noise": bytes(range(256)),
            "length": safetensors.numpy.save({"residual": np.zeros(7, np.float32)}),
            "type": safetensors.numpy.save({"residual": np.zeros(8, np.float64)}),
            "name": safetensors.numpy.save({"other": np.zeros(8, np.float32)}),
            "infinite": safetensors.numpy.save({"residual": np.full(8, np.inf, np.float32)}),
        }[damage]
    )
    with pytest.raises(StateError, match=r"2-7\.safetensors"):
        ErrorFeedback.load_or_clear(path, 8, beta_q16=Q16)


@pytest.mark.parametrize(("optimizer", "momentum"), [("adamw", 900), ("sgd", 900), ("sgd", 0)])
def test_a_round_in_parts_ends_in_the_same_bits(task: Task, shard: Shard, optimizer: str, momentum: int) -> None:
    manifest = _local(task, optimizer=optimizer, momentum_thousandths=momentum, steps=7)
    trainer = Trainer(task, manifest, shard, seat=3, seed=1)
    start = trainer.start(_theta(manifest))
    whole = trainer.advance(start, 4, range(7))
    middle = Trainer(task, manifest, shard, seat=3, seed=1).advance(start, 4, range(3))
    end = Trainer(task, manifest, shard, seat=3, seed=1).advance(middle, 4, range(3, 7))
    assert end.parameters.tobytes() == whole.parameters.tobytes()
    assert [moment.tobytes() for moment in end.moments] == [moment.tobytes() for moment in whole.moments]
    expected = start.parameters - whole.parameters
    assert trainer.pseudo_gradient(_theta(manifest), 4).tobytes() == expected.tobytes()

"""The embedded task."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from node.errors import TaskError
from node.manifest import Manifest
from node.tasks import Split, Task, load_task
from node.training import check_parameters


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("digits")


def test_train_and_test_images_together_are_the_published_set_without_overlap(task: Task) -> None:
    shard = task.shards(1, Split(), 0)[0]
    held_out = task._test  # type: ignore[attr-defined]
    together = np.concatenate([shard.inputs.numpy(), held_out.inputs.numpy()])
    published = load_digits().data.astype(np.uint8)
    assert (len(shard), len(held_out)) == (1437, 360)
    assert sorted(map(bytes, together)) == sorted(map(bytes, published))


def test_shards_are_equal_for_equal_seeds_across_two_loads(task: Task) -> None:
    for split in (Split(), Split.parse("dirichlet(0.5)")):
        for left, right in zip(task.shards(8, split, 5), load_task("digits").shards(8, split, 5), strict=True):
            assert torch.equal(left.inputs, right.inputs)
            assert torch.equal(left.labels, right.labels)


def test_a_model_of_zeros_guesses_with_the_loss_of_ten_equal_chances(task: Task) -> None:
    evaluation = task.evaluate(task.model())
    assert evaluation.accuracy < 0.2
    assert evaluation.loss == pytest.approx(np.log(10), rel=1e-5)


def test_a_trained_model_is_recognised_as_better(task: Task) -> None:
    model, shard = task.model(), task.shards(1, Split(), 0)[0]
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.1, generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        task.loss(model, shard, generator).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert task.evaluate(model).accuracy > 0.9


def test_making_a_model_leaves_torchs_global_random_state_alone(task: Task) -> None:
    before = torch.get_rng_state()
    task.model()
    assert torch.equal(before, torch.get_rng_state())


def test_the_default_manifest_fits_the_model_and_survives_its_bytes(task: Task) -> None:
    manifest = task.default_manifest(seed=7)
    check_parameters(task.model(), manifest)
    assert manifest.seed == 7
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert [tensor.entries_per_chunk for tensor in manifest.tensors] == [256, 0, 256, 0]


def test_the_width_in_the_manifest_is_the_width_of_the_model() -> None:
    manifest = load_task("digits", options={"width": 17}).default_manifest()
    again = load_task(manifest.task, options=manifest.task_options)
    check_parameters(again.model(), manifest)
    assert manifest.tensors[0].shape == (17, 64)


@pytest.mark.parametrize("options", [{"depth": 2}, {"width": 0}, {"width": "wide"}, {"width": 1 << 20}])
def test_options_the_task_cannot_use_are_refused(options: dict[str, int | str]) -> None:
    with pytest.raises(TaskError, match="digits"):
        load_task("digits", options=options)

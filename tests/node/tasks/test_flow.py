"""Drawing digits: learning, drawing, judging."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from node.attacks import load_attack
from node.checkpoint import genesis
from node.errors import TaskError
from node.generation import GenerationError, Sampling
from node.generation.models import load_model
from node.generation.task import require_generative
from node.manifest import Manifest
from node.tasks import Split, load_task
from node.tasks.flow import FlowTask
from node.tasks.nearest import nearest_labels
from node.training import check_parameters, one_thread

PROMPTS = [str(number % 10) for number in range(12)]
SEEDS = [hashlib.sha256(bytes([number])).digest() for number in range(12)]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def task() -> FlowTask:
    task = load_task("flow")
    assert isinstance(task, FlowTask)
    return task


@pytest.fixture(scope="module")
def trained(task: FlowTask) -> nn.Module:
    """Trained centrally: the swarm's way is the demonstration's to show."""
    manifest = task.default_manifest()
    model = load_model(task, manifest, genesis(manifest)).requires_grad_(True).train()
    shard, generator = task.shards(1, Split(), 0)[0], torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    with one_thread():
        for _ in range(300):
            batch = shard.take(torch.randint(len(shard), (64,), generator=generator))
            optimizer.zero_grad()
            task.loss(model, batch, generator).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return model.eval().requires_grad_(False)


def test_a_trained_model_draws_what_it_is_asked_for(task: FlowTask, trained: nn.Module) -> None:
    evaluation = task.evaluate(trained)
    assert evaluation.accuracy > 0.8
    assert evaluation.loss < 0.3
    assert task.evaluate(trained) == evaluation
    assert task.evaluate(task.model()).accuracy < 0.3


def test_a_drawing_does_not_depend_on_its_batch_but_for_rounding(task: FlowTask, trained: nn.Module) -> None:
    together = task.generate(trained, PROMPTS, SEEDS, task.default_sampling)
    for place in (0, 11):
        (alone,) = task.generate(trained, PROMPTS[place : place + 1], SEEDS[place : place + 1], task.default_sampling)
        assert np.allclose(alone.trace, together[place].trace, atol=1e-4)
        assert np.abs(alone.content.astype(int) - together[place].content.astype(int)).max() <= 1


def test_the_trace_leads_from_the_seeds_noise_to_the_pixels(task: FlowTask, trained: nn.Module) -> None:
    first, second = task.generate(trained, ["3", "3"], SEEDS[:2], Sampling("euler", 5))
    assert (first.kind, first.content.shape, first.trace.shape) == ("image", (8, 8), (6, 64))
    assert not np.array_equal(first.trace[0], second.trace[0])
    assert np.array_equal(first.content.ravel(), np.rint((np.clip(first.trace[-1], -1, 1) + 1) * 127.5))
    # With one step less to go each, the last goes all the way to the picture the model expects there.
    with torch.inference_mode():
        picture = trained(torch.from_numpy(first.trace[-2:-1].copy()), torch.tensor([0.8]), torch.tensor([3]))
    assert np.allclose(first.trace[-1], picture.numpy(), atol=1e-5)


def test_the_class_and_the_number_of_steps_matter(task: FlowTask, trained: nn.Module) -> None:
    def drawn(prompt: str, steps: int) -> np.ndarray:
        return task.generate(trained, [prompt], SEEDS[:1], Sampling("euler", steps))[0].content

    assert not np.array_equal(drawn("1", 20), drawn("7", 20))
    assert not np.array_equal(drawn("1", 20), drawn("1", 10))


def test_all_randomness_of_the_loss_comes_from_the_generator(task: FlowTask) -> None:
    manifest = task.default_manifest()
    model, batch = load_model(task, manifest, genesis(manifest)), task.shards(8, Split(), 0)[0]
    state = torch.get_rng_state()
    first, again, other = (float(task.loss(model, batch, torch.Generator().manual_seed(seed))) for seed in (1, 1, 2))
    assert first == again != other
    assert torch.equal(state, torch.get_rng_state())


def test_the_manifest_fits_the_model_and_names_its_data(task: FlowTask) -> None:
    manifest = task.default_manifest(seed=3)
    check_parameters(task.model(), manifest)
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert manifest.task_options["dataset"] == "digits"


def test_whoever_only_draws_needs_no_data() -> None:
    task = load_task("flow", options={"dataset": "mnist", "width": 16, "blocks": 1})
    drawn = require_generative(task).generate(task.model(), ["4"], SEEDS[:1], Sampling("euler", 2))
    assert drawn[0].content.shape == (28, 28)
    with pytest.raises(TaskError, match="flow needs a folder with the MNIST"):
        task.default_manifest()


@pytest.mark.parametrize("prompt", ["", "10", "-1", "seven", "²", "1 2"])
def test_what_is_no_digit_cannot_be_drawn(task: FlowTask, prompt: str) -> None:
    with pytest.raises(GenerationError, match="draws one digit"):
        task.check_prompt(prompt)


def test_prompts_have_one_form_and_other_samplers_are_refused(task: FlowTask) -> None:
    assert task.check_prompt(" 7\n") == "7"
    with pytest.raises(GenerationError, match="euler, not greedy"):
        task.generate(task.model(), ["7"], SEEDS[:1], Sampling("greedy", 5))
    with pytest.raises(TaskError, match="digits generates nothing"):
        require_generative(load_task("digits"))


@pytest.mark.parametrize("options", [{"dataset": "cats"}, {"width": 0}, {"depth": 2}])
def test_options_the_task_cannot_use_are_refused(options: dict[str, int | str]) -> None:
    with pytest.raises(TaskError, match="task flow"):
        load_task("flow", options=options)


@pytest.mark.parametrize("attack", ["label-flip", "label-swap", "label-swap-added", "backdoor"])
def test_attacks_on_labels_and_images_poison_its_shards(task: FlowTask, attack: str) -> None:
    shard = task.shards(8, Split(), 0)[0]
    poisoned = load_attack(attack).poison_shard(shard)
    assert len(poisoned) != len(shard) or not torch.equal(poisoned.labels, shard.labels)


def test_the_nearest_image_names_the_class_and_the_first_of_equals_wins() -> None:
    references = np.array([[0, 0], [255, 255], [255, 255], [0, 254]], dtype=np.uint8)
    pixels = np.array([[1, 0], [250, 251], [0, 255]], dtype=np.uint8)
    assert nearest_labels(pixels, references, np.array([4, 5, 6, 7])).tolist() == [4, 5, 7]

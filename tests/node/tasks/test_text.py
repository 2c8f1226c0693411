"""Continuing texts: data, learning, writing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from node.attacks import load_attack
from node.checkpoint import genesis
from node.errors import ConfigurationError, TaskError
from node.generation import GenerationError, Sampling
from node.generation.models import load_model
from node.manifest import LocalTraining, Manifest
from node.tasks import Split, load_task
from node.tasks.corpus import LIBRARY_MODULES, digest_of, read_corpus
from node.tasks.text import TextTask
from node.training import Trainer, check_parameters

TEXT = b"".join(b"%d times %d is %d.\n" % (a, b, a * b) for a in range(40) for b in range(12))
SMALL: dict[str, int | str] = {"context": 48, "width": 16, "heads": 2, "blocks": 1}
SEEDS = [hashlib.sha256(bytes([number])).digest() for number in range(4)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "input.txt").write_bytes(TEXT)
    return folder


@pytest.fixture(scope="module")
def task(folder: Path) -> TextTask:
    task = load_task("text", data_dir=folder, options=SMALL)
    assert isinstance(task, TextTask)
    return task


def test_shards_and_held_out_windows_are_the_text_and_share_nothing(task: TextTask) -> None:
    shards = task.shards(4, Split(), 0)
    windows = sorted(bytes(row) for shard in shards for row in shard.inputs.numpy())
    held_out = [bytes(row) for row in task.test.inputs.numpy()]
    cut = [TEXT[at : at + 48] for at in range(0, len(TEXT) - 48, 48)]
    assert sorted(windows + held_out) == sorted(cut)
    assert len(held_out) == len(cut) // 16
    assert all(torch.equal(shard.inputs[:, 1:].long(), shard.labels[:, :-1]) for shard in shards)


def test_shards_are_equal_for_equal_seeds_and_unlike_ones_take_unlike_parts(task: TextTask, folder: Path) -> None:
    split = Split.parse("dirichlet(0.1)")
    again = load_task("text", data_dir=folder, options=SMALL).shards(4, split, 5)
    shards = task.shards(4, split, 5)
    assert all(torch.equal(left.inputs, right.inputs) for left, right in zip(shards, again, strict=True))
    assert max(map(len, shards)) > 2 * min(map(len, shards))


def test_training_lowers_the_loss_on_text_nobody_trains_on(task: TextTask) -> None:
    local = LocalTraining("adamw", steps=60, batch_size=8, learning_rate_millionths=10_000)
    manifest = task.default_manifest(local=local)
    theta = genesis(manifest).theta
    delta = Trainer(task, manifest, task.shards(2, Split(), 0)[0], seat=1, seed=0).pseudo_gradient(theta, 1)
    stepped = theta - np.round(delta.astype(np.float64) * 2.0**26).astype(np.int32)
    losses = []
    for values in (theta, stepped):
        checkpoint = genesis(manifest)
        object.__setattr__(checkpoint, "theta", values)
        losses.append(task.evaluate(load_model(task, manifest, checkpoint)).loss)
    assert losses[0] == pytest.approx(np.log(256), abs=0.3)
    assert losses[1] < 2.6  # the entropy of single bytes is 2.8


@pytest.mark.parametrize("sampling", [Sampling("greedy", 12), Sampling("gumbel", 12), Sampling("beam", 12, beams=3)])
def test_a_text_does_not_depend_on_its_batch_but_for_rounding(task: TextTask, sampling: Sampling) -> None:
    manifest = task.default_manifest()
    model = load_model(task, manifest, genesis(manifest))
    prompts = ["3 times ", "4 times ", "é", "20 times 2"]
    together = task.generate(model, prompts, SEEDS, sampling)
    for prompt, seed, made in zip(prompts, SEEDS, together, strict=True):
        (alone,) = task.generate(model, [prompt], [seed], sampling)
        assert np.array_equal(alone.content, made.content)
        assert np.allclose(alone.trace, made.trace, atol=1e-4)
        assert (made.kind, made.content.shape, made.trace.shape) == ("text", (12,), (12, 16))


def test_a_claimed_text_is_checked_in_one_reading(task: TextTask) -> None:
    manifest, sampling = task.default_manifest(), Sampling("gumbel", 12)
    model = load_model(task, manifest, genesis(manifest))
    (made,) = task.generate(model, ["3 times "], SEEDS[:1], sampling)
    own, trace = task.margins(model, "3 times ", made.content, SEEDS[0], sampling)
    assert own.max() < 1e-4
    assert np.allclose(trace, made.trace, atol=1e-4)
    assert task.margins(model, "3 times ", made.content, SEEDS[1], sampling)[0].mean() > 0.5
    for wrong in (made.content[:5], np.full(12, 256)):
        with pytest.raises(GenerationError):
            task.margins(model, "3 times ", wrong, SEEDS[0], sampling)


def test_a_project_is_trained_on_one_text_only(task: TextTask, tmp_path: Path) -> None:
    manifest = task.default_manifest()
    check_parameters(task.model(), manifest)
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert manifest.task_options["corpus"] == digest_of(TEXT)
    (tmp_path / "input.txt").write_bytes(TEXT + b"!")
    other = load_task("text", data_dir=tmp_path, options=manifest.task_options)
    with pytest.raises(TaskError, match=f"the project is trained on {digest_of(TEXT)}"):
        other.shards(2, Split(), 0)


def test_whoever_only_writes_needs_no_text(task: TextTask) -> None:
    options = dict(task.default_manifest().task_options)
    bare = load_task("text", options=options)
    assert isinstance(bare, TextTask)
    assert len(bare.generate(bare.model(), ["a"], SEEDS[:1], Sampling("greedy", 4))[0].content) == 4
    with pytest.raises(TaskError, match="the library of Python"):
        bare.shards(2, Split(), 0)


def test_pythons_own_library_is_text_enough() -> None:
    text = read_corpus(None, expected="")
    assert len(text) > 1 << 20
    assert len(set(LIBRARY_MODULES)) == len(LIBRARY_MODULES)
    assert b"def " in text


def test_missing_and_short_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"input\.txt cannot be read"):
        load_task("text", data_dir=tmp_path).default_manifest()
    (tmp_path / "input.txt").write_bytes(b"too short")
    with pytest.raises(TaskError, match="9 bytes are 0 windows"):
        load_task("text", data_dir=tmp_path).shards(2, Split(), 0)


@pytest.mark.parametrize("options", [{"heads": 5}, {"corpus": 7}, {"layers": 2}, {"context": 0}])
def test_options_the_task_cannot_use_are_refused(options: dict[str, int | str]) -> None:
    with pytest.raises(TaskError, match="task text"):
        load_task("text", options=options)


@pytest.mark.parametrize(
    ("prompt", "sampling", "complaint"),
    [
        ("", Sampling("greedy", 4), "0 bytes"),
        ("x" * 65, Sampling("greedy", 4), "65 bytes"),
        ("\ud800", Sampling("greedy", 4), "is not text"),
        ("x" * 40, Sampling("greedy", 9), "at most 48 together"),
        ("x", Sampling("euler", 4), "not euler"),
    ],
)
def test_prompts_and_sampling_it_cannot_take_are_refused(
    task: TextTask, prompt: str, sampling: Sampling, complaint: str
) -> None:
    with pytest.raises(GenerationError, match=complaint):
        task.generate(task.model(), [prompt], SEEDS[:1], sampling)


def test_flipped_labels_poison_a_text_and_attacks_on_classes_are_refused(task: TextTask) -> None:
    shard = task.shards(4, Split(), 0)[0]
    flipped = load_attack("label-flip").poison_shard(shard)
    assert torch.equal(flipped.labels, 255 - shard.labels)
    for name in ("label-swap", "label-swap-added", "backdoor"):
        with pytest.raises(ConfigurationError, match=f"attack {name} needs a label an example"):
            load_attack(name).poison_shard(shard)

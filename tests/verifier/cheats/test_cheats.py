"""Every cheat makes something else than was asked for, of the same form, and leaves the model alone."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from node.generation import Generation, Sampling
from node.tasks.text import TextTask
from tests.verifier.calibration import tiny
from verifier.cheats import CHEATS, HONEST, load_cheat
from verifier.errors import CheatImpossible, UnknownCheat

PROMPTS = ("3", "7", "9")
SEEDS = tuple(bytes([at]) * 32 for at in range(3))
IMAGE_CHEATS = [name for name, cheat in CHEATS.items() if "image" in cheat.kinds and name != HONEST]


@dataclass(frozen=True)
class Pinned:
    checkpoint_digest: bytes = tiny.CHECKPOINT
    sampling: Sampling = tiny.SAMPLING


def made(name: str, class_: Pinned | None = None, history: Sequence[bytes] = (tiny.OLDER,)) -> list[Generation]:
    return load_cheat(name).generate(tiny.TinyTask(), tiny.load, class_ or Pinned(), history, PROMPTS, SEEDS)  # type: ignore[arg-type]


@torch.inference_mode()
def test_the_honest_one_makes_what_the_class_asks_for() -> None:
    expected = tiny.TinyTask().generate(tiny.load(tiny.CHECKPOINT), PROMPTS, SEEDS, tiny.SAMPLING)
    for found, wanted in zip(made(HONEST), expected, strict=True):
        np.testing.assert_array_equal(found.trace, wanted.trace)


@pytest.mark.parametrize("name", IMAGE_CHEATS)
@torch.inference_mode()
def test_a_cheat_differs_in_every_output_but_not_in_form(name: str) -> None:
    before = copy.deepcopy(tiny.load(tiny.CHECKPOINT).state_dict())
    for found, honest in zip(made(name), made(HONEST), strict=True):
        assert found.content.shape == honest.content.shape
        assert found.trace.shape == honest.trace.shape
        assert np.abs(found.trace[-1] - honest.trace[-1]).max() > 1e-4
    after = tiny.load(tiny.CHECKPOINT).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@torch.inference_mode()
def test_fewer_bits_are_farther_from_the_truth() -> None:
    honest = tiny.pixels(made(HONEST))
    errors = [np.abs(tiny.pixels(made(name)) - honest).mean() for name in ("int8", "int4")]
    assert errors[0] < errors[1]


@torch.inference_mode()
def test_integer_weights_take_no_more_values_than_their_bits_allow() -> None:
    seen: list[nn.Module] = []

    class Watching(tiny.TinyTask):
        def generate(self, model: nn.Module, *arguments: object) -> list[Generation]:  # type: ignore[override]
            seen.append(model)
            return []

    load_cheat("int4").generate(Watching(), tiny.load, Pinned(), (), PROMPTS, SEEDS)  # type: ignore[arg-type]
    weights = [parameter for parameter in seen[0].parameters() if parameter.ndim > 1]
    assert all(len(row.unique()) <= 15 for weight in weights for row in weight.flatten(1))


@torch.inference_mode()
def test_a_stretched_trace_starts_and_ends_where_the_steps_did() -> None:
    half = replace(tiny.SAMPLING, steps=tiny.SAMPLING.steps // 2)
    told, true = made("half-steps"), made(HONEST, Pinned(sampling=half))
    for stretched, short in zip(told, true, strict=True):
        np.testing.assert_array_equal(stretched.trace[[0, -1]], short.trace[[0, -1]])
        np.testing.assert_allclose(stretched.trace[::2], short.trace, atol=1e-6)


@pytest.mark.parametrize("sampler", ["gumbel", "greedy"])
@torch.inference_mode()
def test_texts_are_cheated_at_in_all_ways_and_keep_their_length(sampler: Literal["gumbel", "greedy"]) -> None:
    task = TextTask(data_dir=None, options={"width": 16, "heads": 2, "context": 32})
    models = {digest: text_model(task, seed) for seed, digest in enumerate((tiny.CHECKPOINT, tiny.OLDER))}
    class_, texts = Pinned(sampling=Sampling(sampler, 12)), ("ROMEO:", "7", "To be")

    def made_as(name: str) -> list[Generation]:
        return load_cheat(name).generate(task, models.__getitem__, class_, (tiny.OLDER,), texts, SEEDS)

    honest = made_as(HONEST)
    for name in (name for name, cheat in CHEATS.items() if "text" in cheat.kinds and name != HONEST):
        if (name, sampler) == ("cooler", "greedy"):
            continue  # nothing to lower, see below
        found = made_as(name)
        assert [len(each.content) for each in found] == [12, 12, 12]
        same = [np.array_equal(a.trace, b.trace) for a, b in zip(found, honest, strict=True)]
        # Greedy texts do not depend on their seeds, and half of one character is that character.
        # A little less temperature may choose the same bytes.
        if name != "cooler":
            assert sum(same) == {("other-seed", "greedy"): 3, ("half-prompt", sampler): 1}.get((name, sampler), 0), name


def text_model(task: TextTask, seed: int) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    model = task.model().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.mark.parametrize(
    ("name", "class_", "history", "cause"),
    [
        ("older-checkpoint", Pinned(), (), "there is none before that of the class"),
        ("older-checkpoint", Pinned(), (tiny.CHECKPOINT,), "there is none before that of the class"),
        ("half-steps", Pinned(sampling=Sampling("euler", 1)), (), "1 steps are all of 1"),
        ("fewer-layers", Pinned(), (), "no stack of two layers"),
        ("other-sampler", Pinned(), (), "images are made with one only"),
        ("cooler", Pinned(), (), "sampler euler has none to lower"),
    ],
)
def test_a_cheat_without_anything_to_work_with_says_so(
    name: str, class_: Pinned, history: tuple[bytes, ...], cause: str
) -> None:
    with pytest.raises(CheatImpossible, match=cause):
        made(name, class_, history)


def test_an_unknown_cheat_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownCheat, match="unknown cheat 'int2'; there are honest, half-steps"):
        load_cheat("int2")

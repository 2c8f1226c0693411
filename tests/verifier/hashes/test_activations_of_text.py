"""Proofs from a language model that generated token by token, checked by reading its text at once."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from node.generation.base import Generation, Sampling
from node.tasks.text import TextTask
from node.tasks.text_model import TextModel
from verifier.hashes.activations import FLOAT32_LIMITS, ProofCheck, build_proof, check_proof

TASK = TextTask(data_dir=None, options={"context": 96, "width": 48, "heads": 3, "blocks": 2})
SAMPLING = Sampling("gumbel", steps=40)
PROMPTS = ["To be, or", "What light", "A"]
SEEDS = [bytes([number]) * 32 for number in range(3)]


@pytest.fixture(scope="module")
def model() -> TextModel:
    """A network with random weights."""
    generator = torch.Generator().manual_seed(0)
    made = TASK.model()
    assert isinstance(made, TextModel)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def made(model: TextModel) -> list[Generation]:
    """What a worker makes in a batch of three."""
    return TASK.generate(model, PROMPTS, SEEDS, SAMPLING)


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Operations split over two threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def checked(proof: bytes, reader: TextModel, place: int, text: Generation) -> ProofCheck:
    """What a verifier says who reads one text alone."""
    content = text.content.astype(np.int64)
    sampling = Sampling("gumbel", steps=len(content))
    _, states = TASK.margins(reader, PROMPTS[place], content, SEEDS[place], sampling)
    return check_proof(proof, states)


def test_a_text_made_in_a_batch_passes_by_one_prefill_far_within_the_limits(
    model: TextModel, made: list[Generation]
) -> None:
    for place, text in enumerate(made):
        check = checked(build_proof(text.trace), model, place, text)
        assert check.passed, check.problem
        assert [chunk.kept for chunk in check.chunks] == [128, 128]
        assert max(chunk.mean for chunk in check.chunks) < FLOAT32_LIMITS.mean / 4


def test_a_text_passes_with_another_number_of_threads(model: TextModel, two_threads: None) -> None:
    text = TASK.generate(model, PROMPTS[:1], SEEDS[:1], Sampling("gumbel", steps=6))[0]
    torch.set_num_threads(1)
    assert checked(build_proof(text.trace), model, 0, text).passed


def test_no_text_of_another_prompt_seed_or_place_passes(model: TextModel, made: list[Generation]) -> None:
    for place, text in enumerate(made):
        other = made[(place + 1) % 3]
        assert not checked(build_proof(other.trace), model, place, text).passed
        assert not checked(build_proof(text.trace), model, (place + 1) % 3, text).passed


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_weights_of_fewer_bits_do_not_pass(model: TextModel, bits: int) -> None:
    cheaper = copy.deepcopy(model)
    for parameter in cheaper.parameters():
        step = parameter.abs().max() / (2 ** (bits - 1) - 1)
        parameter.copy_((parameter / step).round() * step)
    for place, text in enumerate(TASK.generate(cheaper, PROMPTS, SEEDS, SAMPLING)):
        assert not checked(build_proof(text.trace), model, place, text).passed

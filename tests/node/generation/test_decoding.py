"""Choosing tokens, against a plain reading of the rules and against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from node.generation import Sampling
from node.generation.decoding import choose_tokens, margins
from node.generation.noise import gumbel_noise
from node.tasks.text_model import TextModel

PROMPT = torch.tensor([[5, 7, 7]])
SEED = bytes(range(32))


class Coins:
    """A language model over three tokens whose scores depend on the last token alone; hidden states are one-hot."""

    def __init__(self, table: list[list[float]]) -> None:
        self.table = torch.tensor(table)

    def __call__(
        self, tokens: torch.Tensor, memory: object = None
    ) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
        kept = torch.zeros(len(tokens), 1, 1, 1)
        return torch.nn.functional.one_hot(tokens, len(self.table)).float(), [(kept, kept)]

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden @ self.table


@pytest.fixture(scope="module")
def model() -> TextModel:
    model = TextModel(context=16, width=16, heads=2, blocks=2)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3, generator=generator)
    return model


def reread(model: TextModel, prompt: torch.Tensor, tokens: np.ndarray) -> torch.Tensor:
    """Scores of each token, by reading everything before it anew, without memory."""
    rows = []
    with torch.inference_mode():
        for place in range(len(tokens)):
            text = torch.cat([prompt[0], torch.from_numpy(tokens[:place].copy())])
            rows.append(model.scores(model(text.unsqueeze(0))[0][0, -1]))
    return torch.stack(rows)


def test_greedy_takes_the_best_of_what_a_reading_without_memory_gives(model: TextModel) -> None:
    tokens, hidden = choose_tokens(model, PROMPT, [SEED], Sampling("greedy", 8))
    scores = reread(model, PROMPT, tokens[0])
    assert tokens[0].tolist() == scores.argmax(dim=1).tolist()
    assert torch.allclose(model.scores(torch.from_numpy(hidden[0])), scores, atol=1e-4)


def test_gumbel_takes_the_best_of_scores_and_noise_of_its_seed(model: TextModel) -> None:
    tokens, _ = choose_tokens(model, PROMPT, [SEED], Sampling("gumbel", 8, temperature_q16=1 << 15))
    noise = torch.from_numpy(gumbel_noise([SEED], 8 * 256)).view(8, 256)
    assert tokens[0].tolist() == (reread(model, PROMPT, tokens[0]) + noise / 2).argmax(dim=1).tolist()


def test_gumbel_at_temperature_zero_is_greedy_and_warm_depends_on_the_seed(model: TextModel) -> None:
    greedy, _ = choose_tokens(model, PROMPT, [SEED], Sampling("greedy", 8))
    cold, _ = choose_tokens(model, PROMPT, [SEED], Sampling("gumbel", 8, temperature_q16=0))
    warm = [choose_tokens(model, PROMPT, [seed], Sampling("gumbel", 8))[0].tolist() for seed in (SEED, bytes(32))]
    assert cold.tolist() == greedy.tolist()
    assert warm[0] != warm[1]


def test_gumbel_draws_from_the_softmax() -> None:
    coins = Coins([[0.0, 1.0, 2.0]] * 3)
    seeds = [number.to_bytes(32, "big") for number in range(4000)]
    tokens, _ = choose_tokens(coins, torch.zeros(4000, 1, dtype=torch.int64), seeds, Sampling("gumbel", 1))
    shares = np.bincount(tokens[:, 0], minlength=3) / len(tokens)
    assert np.allclose(shares, torch.softmax(torch.tensor([0.0, 1.0, 2.0]), dim=0).numpy(), atol=0.03)


def test_a_beam_as_wide_as_all_paths_finds_the_best_path_there_is() -> None:
    table = [[0.1, 1.0, -0.4], [0.7, 0.2, 0.6], [2.0, -1.0, 0.3]]
    tokens, hidden = choose_tokens(Coins(table), torch.tensor([[0]]), [SEED], Sampling("beam", 4, beams=27))
    logs = torch.log_softmax(torch.tensor(table), dim=1)

    def total(path: tuple[int, ...]) -> float:
        return float(sum(logs[before, after] for before, after in itertools.pairwise((0, *path))))

    best = max(itertools.product(range(3), repeat=4), key=total)
    assert tuple(tokens[0].tolist()) == best
    assert hidden[0].argmax(axis=1).tolist() == [0, *best[:3]]


def test_among_equal_scores_the_lowest_token_wins() -> None:
    equal = Coins([[1.0, 1.0, 1.0]] * 3)
    for sampling in (Sampling("greedy", 5), Sampling("beam", 5, beams=2)):
        tokens, _ = choose_tokens(equal, torch.tensor([[2]]), [SEED], sampling)
        assert tokens[0].tolist() == [0] * 5


@pytest.mark.parametrize("sampling", [Sampling("greedy", 6), Sampling("gumbel", 6)])
def test_own_tokens_have_no_margin_and_others_have_one(model: TextModel, sampling: Sampling) -> None:
    tokens, hidden = choose_tokens(model, PROMPT, [SEED], sampling)
    own, trace = margins(model, PROMPT[0], torch.from_numpy(tokens[0]), SEED, sampling)
    assert own.max() < 1e-4
    assert np.allclose(trace, hidden[0], atol=1e-4)
    other = torch.from_numpy((tokens[0] + 1) % 256)
    assert (margins(model, PROMPT[0], other, SEED, sampling)[0] > 0).all()

"""Choosing tokens one after another: greedy, with Gumbel noise of a seed, or with a beam.

The rules are pinned so that whoever computes the same scores chooses the same tokens: among equal scores the lowest
token wins. Texts have a fixed number of tokens; nothing ends one early.

Shape legend: B = texts of a batch, P = tokens of the prompt, T = tokens to choose, D = width, V = tokens there are,
W = beams.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from node.generation.base import Sampling
from node.generation.noise import gumbel_noise
from node.manifest import Q16_ONE

Memory = list[tuple[torch.Tensor, torch.Tensor]]
Chosen = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


class LanguageModel(Protocol):
    """What decoding asks of a model; see `node.tasks.text_model.TextModel`."""

    def __call__(self, tokens: torch.Tensor, memory: Memory | None = None) -> tuple[torch.Tensor, Memory]:
        """Final hidden states (B, T, D) of tokens (B, T) after those in memory, and the grown memory."""

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scores (..., V) of the next token."""


def choose_tokens(model: LanguageModel, prompts: torch.Tensor, seeds: list[bytes], sampling: Sampling) -> Chosen:
    """Continue `prompts` int64 (B, P) by `sampling.steps` tokens.

    Returns the tokens int64 (B, T) and the hidden states float32 (B, T, D) that each was chosen from.
    """
    with torch.inference_mode():
        if sampling.sampler == "beam":
            found = [_beam(model, prompt, sampling) for prompt in prompts]
            return np.stack([tokens for tokens, _ in found]), np.stack([hidden for _, hidden in found])
        return _one_path(model, prompts, seeds, sampling)


def margins(
    model: LanguageModel, prompt: torch.Tensor, tokens: torch.Tensor, seed: bytes, sampling: Sampling
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """How far each claimed token's score is below the best one's: float32 (T,), 0 where it is what we would choose.

    One reading of `prompt` (P,) and `tokens` (T,) together; greedy and Gumbel only. Also returns the hidden states
    (T, D) that the tokens were chosen from. After Token-DiFR (arXiv:2511.20621): a different machine may flip a token
    whose margin is rounding error, a different model moves margins by orders of magnitude.
    """
    with torch.inference_mode():
        hidden, _ = model(torch.cat([prompt, tokens[:-1]]).unsqueeze(0))
        hidden = hidden[0, len(prompt) - 1 :]
        scores = model.scores(hidden)
        scores = scores + _noise([seed], sampling, scores.shape[-1])[0]
        claimed = scores.gather(1, tokens.unsqueeze(1)).squeeze(1)
        return (scores.max(dim=1).values - claimed).numpy(), hidden.numpy()


def _one_path(model: LanguageModel, prompts: torch.Tensor, seeds: list[bytes], sampling: Sampling) -> Chosen:
    hidden, memory = model(prompts)
    chosen: list[torch.Tensor] = []
    states: list[torch.Tensor] = []
    noise_BTV: torch.Tensor | None = None
    for step in range(sampling.steps):
        state = hidden[:, -1]
        scores = model.scores(state)
        if noise_BTV is None:
            noise_BTV = _noise(seeds, sampling, scores.shape[-1])
        # argmax gives the first of equal scores.
        token = (scores + noise_BTV[:, step]).argmax(dim=1)
        chosen.append(token)
        states.append(state)
        if step + 1 < sampling.steps:
            hidden, memory = model(token.unsqueeze(1), memory)
    return torch.stack(chosen, dim=1).numpy(), torch.stack(states, dim=1).numpy()


def _noise(seeds: list[bytes], sampling: Sampling, tokens: int) -> torch.Tensor:
    """What is added to the scores, float32 (B, T, V): temperature times Gumbel noise samples from their softmax."""
    shape = (len(seeds), sampling.steps, tokens)
    if sampling.sampler != "gumbel":
        return torch.zeros(1, 1, 1).expand(shape)
    noise = torch.from_numpy(gumbel_noise(seeds, sampling.steps * tokens)).view(shape)
    return noise * (sampling.temperature_q16 / Q16_ONE)


def _beam(model: LanguageModel, prompt: torch.Tensor, sampling: Sampling) -> Chosen:
    """The best of `beams` paths by summed log probability, kept in order: equal sums by the better path's rank, then
    by token."""
    hidden, memory = model(prompt.unsqueeze(0))
    states, chosen = hidden[:, -1:, :], torch.zeros(1, 0, dtype=torch.int64)  # (W, so far + 1, D), (W, so far)
    totals = torch.zeros(1)
    for step in range(sampling.steps):
        ahead = totals.unsqueeze(1) + torch.log_softmax(model.scores(states[:, -1]), dim=1)
        order = torch.sort(ahead.flatten(), descending=True, stable=True).indices[: sampling.beams]
        path, token = order // ahead.shape[1], order % ahead.shape[1]
        totals = ahead.flatten()[order]
        chosen = torch.cat([chosen[path], token.unsqueeze(1)], dim=1)
        states = states[path]
        if step + 1 < sampling.steps:
            memory = [(keys[path], values[path]) for keys, values in memory]
            hidden, memory = model(token.unsqueeze(1), memory)
            states = torch.cat([states, hidden], dim=1)
    return chosen[0].numpy(), states[0].numpy()

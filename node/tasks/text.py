"""Task `text`: a small language model over bytes that continues a prompt.

It learns the sources of Python's own library, or the file input.txt of a data folder (tiny Shakespeare, say).

Shape legend: B = texts of a batch, M = examples, C = context, T = tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from node.errors import TaskError
from node.generation.base import Generation, GenerationError, Sampling
from node.generation.decoding import choose_tokens, margins
from node.generation.noise import check_seeds
from node.manifest import Q16_ONE, LocalTraining, Manifest, SpotChecks
from node.tasks.base import Evaluation, Options, Shard
from node.tasks.corpus import digest_of, read_corpus
from node.tasks.defaults import propose, tensors_of
from node.tasks.options import OptionReader
from node.tasks.splits import Split, partition
from node.tasks.text_model import TOKENS, TextModel

PROMPT_BYTES: Final = 64
GENERATED_TOKENS: Final = 64

_PARTS: Final = 10  # of the text, taken for classes where shards shall be unlike
_HELD_OUT_EVERY: Final = 16
_EVALUATED: Final = 64


class TextTask:
    """Options: `context`, `width`, `heads`, `blocks` of the network, and `corpus`, the text's sha2-256.

    The text is read when it is first needed: whoever only generates needs none.
    """

    name = "text"

    def __init__(self, *, data_dir: Path | None, options: Options) -> None:
        read = OptionReader(self.name, options)
        self._context = read.number("context", 128, most=1 << 12)
        self._width, self._heads = read.number("width", 96, most=1 << 12), read.number("heads", 3, most=64)
        self._blocks = read.number("blocks", 2, most=64)
        self._expected, self._data_dir = read.word("corpus", ""), data_dir
        read.finish()
        if self._width % self._heads:
            raise TaskError(f"task text: width {self._width} is no multiple of its {self._heads} heads")

    @cached_property
    def _corpus(self) -> bytes:
        return read_corpus(self._data_dir, expected=self._expected)

    @cached_property
    def _windows(self) -> npt.NDArray[np.uint8]:
        return cut_windows(self._corpus, self._context)

    @cached_property
    def test(self) -> Shard:
        """Held-out windows, from all over the text."""
        held_out = self._windows[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
        return _shard(held_out[:: max(1, len(held_out) // _EVALUATED)][:_EVALUATED])

    @property
    def default_sampling(self) -> Sampling:
        """64 bytes with the seed's Gumbel noise: a fair sample of what the model thinks, that can be checked."""
        return Sampling("gumbel", GENERATED_TOKENS)

    def model(self) -> nn.Module:
        """A TextModel with all parameters zero."""
        return TextModel(context=self._context, width=self._width, heads=self._heads, blocks=self._blocks)

    def shards(self, count: int, split: Split, seed: int) -> list[Shard]:
        """Cut the training windows; equal arguments give equal shards. Where shards shall be unlike, the tenths of the
        text are dealt out as classes are."""
        train = np.delete(self._windows, np.s_[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY], axis=0)
        places = np.arange(len(train)) * _PARTS // len(train)
        parts = partition(places, count, split, np.random.Generator(np.random.PCG64(seed)))
        return [_shard(train[part]) for part in parts]

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        """Mean cross entropy in nats a byte; nothing in it is random."""
        return functional.cross_entropy(_scores(model, batch.inputs), batch.labels.flatten())

    def evaluate(self, model: nn.Module) -> Evaluation:
        """Part of the next bytes guessed, and nats a byte, on held-out windows."""
        with torch.inference_mode():
            scores, labels = _scores(model, self.test.inputs), self.test.labels.flatten()
            accuracy = float((scores.argmax(dim=1) == labels).float().mean())
            return Evaluation(accuracy, float(functional.cross_entropy(scores, labels)))

    def check_prompt(self, prompt: str) -> str:
        """The prompt as it is, if it has 1 to 64 bytes in UTF-8. Raises GenerationError."""
        try:
            size = len(prompt.encode())
        except UnicodeEncodeError as error:
            raise GenerationError(f"prompt {prompt[:64]!a} is not text: {error.reason}") from error
        if not 1 <= size <= PROMPT_BYTES:
            raise GenerationError(f"a prompt of {size} bytes, expected 1 to {PROMPT_BYTES}")
        return prompt

    def generate(
        self, model: nn.Module, prompts: Sequence[str], seeds: Sequence[bytes], sampling: Sampling
    ) -> list[Generation]:
        """Continue each prompt. See `GenerativeTask.generate`; prompts of one length are read together."""
        check_seeds(prompts, seeds)
        language_model = self._language_model(model, sampling)
        lengths: defaultdict[int, list[int]] = defaultdict(list)
        tokens = [self._prompt_tokens(prompt, sampling) for prompt in prompts]
        for place, prompt in enumerate(tokens):
            lengths[len(prompt)].append(place)
        made: dict[int, Generation] = {}
        for places in lengths.values():
            together = torch.stack([tokens[place] for place in places])
            chosen, hidden = choose_tokens(language_model, together, [seeds[place] for place in places], sampling)
            for row, place in enumerate(places):
                made[place] = Generation("text", chosen[row].copy(), hidden[row].copy())
        return [made[place] for place in range(len(prompts))]

    def margins(
        self, model: nn.Module, prompt: str, content: npt.NDArray[np.int64], seed: bytes, sampling: Sampling
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Margins (T,) and trace (T, D) of a claimed text, in one reading: see `node.generation.decoding.margins`.

        Raises GenerationError for tokens that are no bytes or not as many as `sampling` asks for, and for a beam.
        """
        if sampling.sampler == "beam" or content.shape != (sampling.steps,):
            raise GenerationError(f"margins of {content.shape} tokens by {sampling.sampler}, expected {sampling.steps}")
        if not ((content >= 0) & (content < TOKENS)).all():
            raise GenerationError(f"tokens from {content.min()} to {content.max()} are not bytes")
        language_model = self._language_model(model, sampling)
        return margins(
            language_model, self._prompt_tokens(prompt, sampling), torch.from_numpy(content.copy()), seed, sampling
        )

    def default_manifest(self, **overrides: Any) -> Manifest:
        """A manifest that trains well; `overrides` replace its fields. Raises TaskError without the text."""
        fields = {
            "tensors": tensors_of(self.model(), 1024),
            "shard_count": 8,
            "byzantine": 2,
            "alpha_q16": Q16_ONE,
            "beta_q16": Q16_ONE * 9 // 10,
            "local": LocalTraining("adamw", steps=20, batch_size=8, learning_rate_millionths=6000),
            "checks": SpotChecks(seats=2),  # a replay takes as long as training: of 8 seats a quarter
        }
        sizes = {"context": self._context, "width": self._width, "heads": self._heads, "blocks": self._blocks}
        return propose(self.name, {**sizes, "corpus": digest_of(self._corpus)}, fields, overrides)

    def _language_model(self, model: nn.Module, sampling: Sampling) -> TextModel:
        if sampling.sampler == "euler":
            raise GenerationError("task text chooses tokens: sampler greedy, gumbel or beam, not euler")
        if not isinstance(model, TextModel):
            raise GenerationError(f"task text generates with a TextModel, not {type(model).__name__}")
        return model

    def _prompt_tokens(self, prompt: str, sampling: Sampling) -> torch.Tensor:
        data = self.check_prompt(prompt).encode()
        if len(data) + sampling.steps > self._context:
            raise GenerationError(
                f"a prompt of {len(data)} bytes and {sampling.steps} to generate, at most {self._context} together"
            )
        return torch.from_numpy(np.frombuffer(data, dtype=np.uint8).astype(np.int64))


def cut_windows(corpus: bytes, context: int) -> npt.NDArray[np.uint8]:
    """Cut a text into windows uint8 (M, C + 1) that share one byte with the next; the rest is left out.

    Raises TaskError for a text too short to hold anything out.
    """
    count = (len(corpus) - 1) // context
    if count < 2 * _HELD_OUT_EVERY:
        raise TaskError(
            f"task text: {len(corpus)} bytes are {count} windows, at least {2 * _HELD_OUT_EVERY} are needed"
        )
    tokens = np.frombuffer(corpus, dtype=np.uint8)
    return np.lib.stride_tricks.sliding_window_view(tokens, context + 1)[: count * context : context].copy()


def _shard(windows: npt.NDArray[np.uint8]) -> Shard:
    tokens = torch.from_numpy(windows)
    return Shard(tokens[:, :-1], tokens[:, 1:].long(), TOKENS)


def _scores(model: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """Scores (B T, V) of what follows each token of (B, T)."""
    assert isinstance(model, TextModel)
    hidden, _ = model(tokens)
    return model.scores(hidden).flatten(0, 1)

"""The network of the text task: a small transformer over bytes.

Vaswani et al., 2017, section 3.4 for the scale of embeddings, as in GPT-2 (normalisation before each part, weights of
input and output tied), with RMS normalisation (Zhang and Sennrich, 2019) and without biases.

Shape legend: B = texts of a batch, T = tokens, P = tokens read before, D = width, A = heads, V = 256 tokens.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import nn
from torch.nn import functional

TOKENS: Final = 256

Memory = list[tuple[torch.Tensor, torch.Tensor]]  # keys and values (B, A, P, D/A) of each block


class Norm(nn.Module):
    """RMS normalisation. The parameter is what the gain has over 1: vectors of a new project start at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.excess = nn.Parameter(torch.zeros(width))

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """The stream (..., D) at root mean square 1, times the gain."""
        return functional.rms_norm(stream, stream.shape[-1:]) * (1 + self.excess)


class TextBlock(nn.Module):
    """Attention to what came before, then two layers a token."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.layers_norm = Norm(width), Norm(width)
        self.queries_keys_values = _linear(width, 3 * width)
        self.attended = _linear(width, width)
        self.up, self.down = _linear(width, 4 * width), _linear(4 * width, width)

    def forward(
        self, stream: torch.Tensor, before: tuple[torch.Tensor, torch.Tensor] | None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """The stream (B, T, D) after this block, and keys and values of all tokens so far.

        `before`: those of the tokens before; then T must be 1.
        """
        batch, length, width = stream.shape
        together = self.queries_keys_values(self.attention_norm(stream))
        split = together.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = split[0], split[1], split[2]
        if before is not None:
            keys, values = torch.cat([before[0], keys], dim=2), torch.cat([before[1], values], dim=2)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=before is None)
        stream = stream + self.attended(mixed.transpose(1, 2).reshape(batch, length, width))
        stream = stream + self.down(functional.gelu(self.up(self.layers_norm(stream)), approximate="tanh"))
        return stream, (keys, values)


class TextModel(nn.Module):
    """Bytes -> final hidden states; `scores` of a hidden state say which byte comes next."""

    def __init__(self, *, context: int, width: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.context = context
        # On "meta" the usual initialisation does nothing, so torch's global random state is left alone.
        self.tokens = nn.Embedding(TOKENS, width, device="meta").to_empty(device="cpu")
        self.positions = nn.Embedding(context, width, device="meta").to_empty(device="cpu")
        self.blocks = nn.ModuleList(TextBlock(width, heads) for _ in range(blocks))
        self.norm = Norm(width)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()

    def forward(self, tokens: torch.Tensor, memory: Memory | None = None) -> tuple[torch.Tensor, Memory]:
        """Final hidden states float32 (B, T, D) of `tokens` (B, T), and the memory to read on from.

        `memory`: of the tokens before; then T must be 1. No more than `context` tokens in all.
        """
        start = 0 if memory is None else memory[0][0].shape[2]
        places = torch.arange(start, start + tokens.shape[1])
        # Rows of a new project have length 0.6: as they are, whatever the blocks add would drown them.
        stream = (self.tokens(tokens.long()) + self.positions(places)) * math.sqrt(self.tokens.embedding_dim)
        grown: Memory = []
        for number, block in enumerate(self.blocks):
            stream, kept = block(stream, None if memory is None else memory[number])
            grown.append(kept)
        return self.norm(stream), grown

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scores (..., V) of the next byte for hidden states (..., D): logits in nats."""
        return functional.linear(hidden, self.tokens.weight)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False, device="meta").to_empty(device="cpu")

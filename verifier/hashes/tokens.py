"""Exact digest of a text: keccak-256 of its tokens.

Equal or not, so a class that uses it has threshold 0, or any other: unrelated digests are never within it. The seed is
hashed along. A digest that somebody fixed before the job had its seed is therefore the digest of nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.errors import HashError
from node.generation.base import Generation
from node.merkle import keccak
from verifier.hashes.base import Kind, require_array, require_kind, require_seed

_DOMAIN = keccak(b"SwarmProof digest of tokens, version 1")


class TokensHash:
    """`tokens`: for texts."""

    name = "tokens"
    kinds: tuple[Kind, ...] = ("text",)

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """keccak(domain, seed, ids), ids as 64-bit big-endian numbers. Raises HashError."""
        require_kind(generation, self.name, self.kinds)
        require_seed(seed)
        tokens = require_tokens(generation.content)
        return int.from_bytes(keccak(_DOMAIN + seed + tokens.astype(">i8").tobytes()), "big")


def require_tokens(content: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """The same array, as token ids. Raises HashError unless int64 (T,), not empty, none negative."""
    require_array(content, "tokens", np.int64, 1)
    tokens = content.astype(np.int64, copy=False)
    if tokens.min() < 0:
        raise HashError(f"token {int(tokens.argmin())} is {int(tokens.min())}, expected none below 0")
    return tokens

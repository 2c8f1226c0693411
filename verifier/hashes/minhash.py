"""Minhash of a text: one bit each of 256 minima over its shingles, so that distance measures what the texts share.

Two texts whose sets of shingles have Jaccard similarity J differ in about 256 (1 - J) / 2 bits: two minima are equal
with probability J, and else their lowest bits agree by chance.
Source: Broder, SEQUENCES 1997; one bit a minimum: Li and Koenig, WWW 2010, section 3.

Shape legend: T = tokens, N = shingles, P = permutations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import HashError
from node.generation.base import Generation
from verifier.hashes.base import DIGEST_BITS, Kind, require_kind, require_seed
from verifier.hashes.tokens import require_tokens

SHINGLE_TOKENS: Final = 5
MAXIMUM_SHINGLES: Final = 1 << 16
_PRIME: Final = np.uint64((1 << 32) + 15)
_BLOCK: Final = 1 << 10
_DOMAIN = b"swarmproof minhash"

UInt64 = npt.NDArray[np.uint64]


class MinHash:
    """`minhash`: for texts. The job's seed draws the permutations."""

    name = "minhash"
    kinds: tuple[Kind, ...] = ("text",)

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """The digest of the set of all runs of five tokens (of the whole text if it is shorter). Raises HashError."""
        require_kind(generation, self.name, self.kinds)
        require_seed(seed)
        tokens = require_tokens(generation.content).astype(">i8")
        length = min(SHINGLE_TOKENS, len(tokens))
        runs = np.lib.stride_tricks.sliding_window_view(tokens, length)
        return set_minhash((run.tobytes() for run in runs), key=seed)


def set_minhash(items: Iterable[bytes], *, key: bytes) -> int:
    """256 bits of a set; the order of the items and how often they occur change nothing. `key`: 32 bytes.

    Raises HashError for no items and for more than 65,536.
    """
    require_seed(key, "key")
    unique = set(items)
    if not 0 < len(unique) <= MAXIMUM_SHINGLES:
        raise HashError(f"a set of {len(unique)} items, expected 1 to {MAXIMUM_SHINGLES}")
    short = [hashlib.blake2s(item, key=key, digest_size=4).digest() for item in unique]
    places_N = np.frombuffer(b"".join(short), dtype=">u4").astype(np.uint64)
    minima = _minima(places_N, *_permutations(key))
    return int.from_bytes(np.packbits((minima & np.uint64(1)).astype(bool)).tobytes(), "big")


def _minima(places_N: UInt64, factors_P: UInt64, offsets_P: UInt64) -> UInt64:
    """The least of (factor * place + offset) mod a prime above 2^32, for each permutation (P,)."""
    least = np.full(len(factors_P), _PRIME)
    for start in range(0, len(places_N), _BLOCK):
        products = np.outer(factors_P, places_N[start : start + _BLOCK]) + offsets_P[:, None]  # below 2^64
        np.minimum(least, (products % _PRIME).min(axis=1), out=least)
    return least


def _permutations(key: bytes) -> tuple[UInt64, UInt64]:
    """Factors 1 to 2^32 - 1 and offsets below 2^32, (P,) each."""
    words = np.frombuffer(hashlib.shake_256(_DOMAIN + key).digest(8 * DIGEST_BITS), dtype=">u4").astype(np.uint64)
    return np.maximum(words[:DIGEST_BITS], np.uint64(1)), words[DIGEST_BITS:]

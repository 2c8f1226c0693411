"""Randomness that every machine draws alike: integers from shake-256 of the seed, with no float until the last step.

Shape legend: B = outputs of a batch, D = values drawn for each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from node.generation.base import SEED_BYTES, GenerationError

_SUMMANDS: Final = 12
_HALF: Final = 0xFFFF * _SUMMANDS // 2


def check_seeds(prompts: Sequence[str], seeds: Sequence[bytes]) -> None:
    """Raise GenerationError unless there is a seed of 32 bytes for each prompt, and a prompt at all."""
    if len(prompts) != len(seeds) or not prompts:
        raise GenerationError(f"{len(prompts)} prompts and {len(seeds)} seeds, expected as many and at least one")
    for seed in seeds:
        if len(seed) != SEED_BYTES:
            raise GenerationError(f"a seed of {len(seed)} bytes, expected {SEED_BYTES}")


def normal_noise(seeds: Sequence[bytes], count: int) -> npt.NDArray[np.float32]:
    """Standard normal values, float32 (B, D = count), exactly the same everywhere.

    Each is the centred sum of twelve uniform 16-bit numbers over 2^16 (Irwin-Hall: variance 1, within +-6). The sum is
    an integer below 2^20, so no logarithm of one platform's library and no rounding comes in.
    """
    words = _words(b"swarmproof normal noise", seeds, "<u2", count * _SUMMANDS)
    sums = words.reshape(len(seeds), count, _SUMMANDS).sum(axis=2, dtype=np.int32) - _HALF
    noise: npt.NDArray[np.float32] = sums.astype(np.float32) / np.float32(1 << 16)
    return noise


def gumbel_noise(seeds: Sequence[bytes], count: int) -> npt.NDArray[np.float32]:
    """Standard Gumbel values -log(-log(u)), float32 (B, D = count), of uniform 32-bit u = (k + 1/2) / 2^32.

    Computed in float64 and rounded once: libraries that differ in the last bit of a logarithm give the same float32 but
    for about one value in 10^8, which moves by 10^-7 of itself.
    """
    words = _words(b"swarmproof gumbel noise", seeds, "<u4", count)
    uniform = (words.astype(np.float64) + 0.5) / float(1 << 32)
    noise: npt.NDArray[np.float32] = (-np.log(-np.log(uniform))).astype(np.float32)
    return noise


def _words(domain: bytes, seeds: Sequence[bytes], dtype: str, count: int) -> npt.NDArray[np.unsignedinteger]:
    size = count * np.dtype(dtype).itemsize
    data = b"".join(hashlib.shake_256(domain + seed).digest(size) for seed in seeds)
    return np.frombuffer(data, dtype=dtype).reshape(len(seeds), count)

"""Proofs that a text was made by a model: the largest numbers of its final hidden states, checked by one prefill.

For every 32 tokens a proof holds the 128 values of largest magnitude: where they are, and their float32 bits. A
verifier feeds prompt and text through its own model at once and finds the same places, signs and exponents, and
mantissas a few steps apart, although another batch, thread count or order of sums gave them. Other weights, another
precision or another prompt do not.

What a proof does not show is how tokens were chosen: whoever takes a text from anywhere and prefills it has the proof.
Where that matters a class hashes `tokens`.

Source: Ong et al., "TOPLOC" (ICML 2025), section 4: its comparison, without the polynomial that packs the values.

Shape legend: T = tokens, D = width of the hidden states, N = values of one chunk of tokens, K = values kept of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import HashError
from node.generation.base import Generation
from node.merkle import keccak
from verifier.hashes.base import Kind, require_array, require_kind, require_seed

CHUNK_TOKENS: Final = 32
KEPT: Final = 128
MAXIMUM_WIDTH: Final = 1 << 20
MAXIMUM_TOKENS: Final = 1 << 16

_MAGIC: Final = b"SPA1"
_HEADER: Final = np.dtype([("magic", "S4"), ("tokens", "<u4"), ("width", "<u4")])
_ENTRY: Final = np.dtype([("place", "<u4"), ("value", "<f4")])
_MANTISSA_BITS: Final = 23
_DOMAIN = keccak(b"SwarmProof digest of a proof of activations, version 1")

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Limits:
    """How far a chunk may be off.

    `mismatches`: of 128 values those that are not among the verifier's largest, or have another sign or exponent; fewer
    in proportion where a chunk has fewer values. `mean`, `median`: of the mantissas' differences over the others, in
    steps of 2^-23.
    """

    mismatches: int
    mean: int
    median: int


# Both sides computed in float32. Measured on task text: another batch and thread count move the mean by 1.2 steps, no
# sign or exponent; weights of eight bits by 14,700 steps, noise of 10^-4 on the weights by 3,800.
FLOAT32_LIMITS: Final = Limits(mismatches=8, mean=256, median=128)
# One of them in bfloat16, whose step is 2^16 of ours: what the paper's authors publish. It lets weights of four bits
# pass on task text; a class that mixes precisions needs limits of its own.
BFLOAT16_LIMITS: Final = Limits(mismatches=38, mean=10 << 16, median=8 << 16)


@dataclass(frozen=True)
class ChunkDistance:
    """How far one chunk is off. `mean` and `median` are infinite where nothing matches."""

    kept: int
    mismatches: int
    mean: float
    median: float

    def within(self, limits: Limits) -> bool:
        """Whether all three are within the limits."""
        allowed = limits.mismatches * self.kept // KEPT
        return self.mismatches <= allowed and self.mean <= limits.mean and self.median <= limits.median


@dataclass(frozen=True)
class ProofCheck:
    """What a prefill says of a proof. `problem`: why it fails, empty if it passes; `chunks`: as far as it was read."""

    problem: str
    chunks: tuple[ChunkDistance, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the model that was prefilled can have made the text."""
        return not self.problem


class ActivationsHash:
    """`activations`: for texts. Commits to a proof; digests are within a threshold only of proofs equal to the bit."""

    name = "activations"
    kinds: tuple[Kind, ...] = ("text",)

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """keccak(domain, seed, proof). Raises HashError."""
        require_kind(generation, self.name, self.kinds)
        require_seed(seed)
        return int.from_bytes(keccak(_DOMAIN + seed + build_proof(generation.trace)), "big")


def build_proof(states: Float32) -> bytes:
    """The proof of final hidden states, float32 (T, D): 12 bytes and 8 for each value kept. Raises HashError."""
    _require_states(states)
    header = np.array([(_MAGIC, *states.shape)], dtype=_HEADER)
    return header.tobytes() + b"".join(_largest(chunk).tobytes() for chunk in _chunks(states))


def check_proof(proof: bytes, states: Float32, limits: Limits = FLOAT32_LIMITS) -> ProofCheck:
    """Compare a stranger's proof with one's own hidden states of the same text, float32 (T, D), from one prefill.

    Never raises for any `proof`; raises HashError for states that cannot be.
    """
    _require_states(states)
    header = np.array([(_MAGIC, *states.shape)], dtype=_HEADER).tobytes()
    if proof[: len(header)] != header:
        return ProofCheck(f"the header is {proof[: len(header)].hex()}, expected {header.hex()}")
    expected = [_largest(chunk) for chunk in _chunks(states)]
    length = len(header) + sum(entries.nbytes for entries in expected)
    if len(proof) != length:
        return ProofCheck(f"{len(proof)} bytes, expected {length}")
    distances: list[ChunkDistance] = []
    offset = len(header)
    for index, (own, chunk) in enumerate(zip(expected, _chunks(states), strict=True)):
        claimed = np.frombuffer(proof, dtype=_ENTRY, count=len(own), offset=offset)
        offset += own.nbytes
        problem = _malformed(claimed, chunk.size)
        if not problem:
            distances.append(_distance(claimed, own))
            problem = "" if distances[-1].within(limits) else f"{distances[-1]} is not within {limits}"
        if problem:
            return ProofCheck(f"from token {index * CHUNK_TOKENS}: {problem}", tuple(distances))
    return ProofCheck("", tuple(distances))


def _chunks(states: Float32) -> Iterator[Float32]:
    """Values (N,) of 32 tokens each, the last of what is left."""
    for start in range(0, len(states), CHUNK_TOKENS):
        yield states[start : start + CHUNK_TOKENS].ravel()


def _largest(values: Float32) -> npt.NDArray[np.void]:
    """The K entries of largest magnitude, by place; of equal ones those that come first."""
    order = np.argsort(-np.abs(values), kind="stable")[:KEPT]
    entries = np.empty(len(order), dtype=_ENTRY)
    entries["place"] = np.sort(order)
    entries["value"] = values[entries["place"]]
    return entries


def _malformed(claimed: npt.NDArray[np.void], size: int) -> str:
    """Why entries of a stranger cannot be, or nothing."""
    places = claimed["place"].astype(np.int64)
    if places[-1] >= size or (np.diff(places) <= 0).any():
        return f"places do not ascend below {size}"
    if not np.isfinite(claimed["value"]).all():
        return "a value is not finite"
    return ""


def _distance(claimed: npt.NDArray[np.void], own: npt.NDArray[np.void]) -> ChunkDistance:
    """Compare where both have an entry; everything else is a mismatch."""
    _, in_claimed, in_own = np.intersect1d(claimed["place"], own["place"], assume_unique=True, return_indices=True)
    left = claimed["value"][in_claimed].view("<u4").astype(np.int64)
    right = own["value"][in_own].view("<u4").astype(np.int64)
    same = left >> _MANTISSA_BITS == right >> _MANTISSA_BITS  # sign and exponent
    steps = np.abs(left[same] - right[same])
    mismatches = len(own) - len(steps)
    if len(steps) == 0:
        return ChunkDistance(len(own), mismatches, float("inf"), float("inf"))
    return ChunkDistance(len(own), mismatches, float(steps.mean()), float(np.median(steps)))


def _require_states(states: Float32) -> None:
    require_array(states, "hidden states", np.float32, 2)
    if len(states) > MAXIMUM_TOKENS or states.shape[1] > MAXIMUM_WIDTH:
        raise HashError(f"hidden states of shape {states.shape}, expected up to ({MAXIMUM_TOKENS}, {MAXIMUM_WIDTH})")
    if not states.any():
        raise HashError(f"hidden states of shape {states.shape} are all zero")

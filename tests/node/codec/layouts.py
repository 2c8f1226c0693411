"""Manifests, headers and vectors for tests of the codec."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from node.codec import MessageHeader
from node.manifest import Manifest, TensorSpec

Float32 = npt.NDArray[np.float32]


def manifest_of(tensors: Sequence[TensorSpec]) -> Manifest:
    """A manifest of these tensors; what else it says does not concern the codec."""
    return Manifest(task="test", tensors=tuple(tensors), rule="mean", byzantine=0, alpha_q16=1 << 16)


def header_for(manifest: Manifest, *, round: int = 3, seat: int = 4) -> MessageHeader:
    """A header with recognisable digests."""
    return MessageHeader(bytes(range(32)), round, seat, bytes(range(32, 64)), manifest.digest, bytes(range(64, 96)))


# One sparse tensor of more than a chunk, one dense, one of 2 bits shorter than a chunk, one dense of two chunks.
MIXED = manifest_of(
    (
        TensorSpec("hidden.weight", (50, 97), 64),
        TensorSpec("hidden.bias", (13,), 0),
        TensorSpec("output.weight", (7, 100), 200, bits=2),
        TensorSpec("scale", (4100,), 0),
    )
)


def normal_vector(manifest: Manifest, *, seed: int = 0, deviation: float = 0.01) -> Float32:
    """Gaussian values: supports spread evenly."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return (generator.standard_normal(manifest.layout.parameter_count) * deviation).astype(np.float32)


def clustered_vector(manifest: Manifest, *, seed: int = 0) -> Float32:
    """Values whose size varies slowly along the vector, so that survivors come in runs and zstd wins over Rice."""
    count = manifest.layout.parameter_count
    envelope = np.exp(4 * np.sin(np.arange(count) / 20) + np.cos(np.arange(count) / 7))
    return (normal_vector(manifest, seed=seed, deviation=1e-4) * envelope).astype(np.float32)


def tensors() -> st.SearchStrategy[TensorSpec]:
    """Tensors from one element to a little over two chunks, sparse and dense."""
    sizes = st.one_of(st.integers(1, 70), st.sampled_from([4095, 4096, 4097, 8192, 9000]))
    counts = st.sampled_from([0, 1, 7, 64, 256, 2048, 4095, 4096])
    return st.builds(
        lambda size, count, bits: TensorSpec("t", (size,), count, bits=bits), sizes, counts, st.sampled_from([1, 2])
    )


def manifests() -> st.SearchStrategy[Manifest]:
    """Manifests of one to four such tensors."""
    return st.lists(tensors(), min_size=1, max_size=4).map(
        lambda specs: manifest_of(
            [TensorSpec(f"t{i}", spec.shape, spec.entries_per_chunk, bits=spec.bits) for i, spec in enumerate(specs)]
        )
    )


KINDS = ("normal", "clustered", "tied", "sparse", "zero", "tiny", "huge")


def vector_of(manifest: Manifest, kind: str, seed: int) -> Float32:
    """A vector of the kind: ordinary ones, and those that break careless code."""
    generator = np.random.Generator(np.random.PCG64(seed))
    count = manifest.layout.parameter_count
    if kind == "normal":
        return normal_vector(manifest, seed=seed)
    if kind == "clustered":
        return clustered_vector(manifest, seed=seed)
    if kind == "tied":
        return generator.choice(np.array([-0.02, -0.01, 0.01, 0.02], dtype=np.float32), size=count)
    if kind == "sparse":
        return np.where(generator.random(count) < 0.01, normal_vector(manifest, seed=seed), np.float32(0))
    if kind == "zero":
        return np.where(generator.random(count) < 0.5, np.float32(0), np.float32(-0.0))
    scale = {"tiny": 2.0**-40, "huge": 7.0}[kind]
    return np.clip(normal_vector(manifest, seed=seed, deviation=scale), -31, 31)

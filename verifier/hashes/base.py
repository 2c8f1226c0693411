"""What a hash of outputs is, and what all of them refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from node.errors import HashError
from node.generation.base import SEED_BYTES, Generation

DIGEST_BITS: Final = 256
Kind = Literal["image", "text"]


class OutputHash(Protocol):
    """A function from outputs to 256 bits: alike outputs have digests that differ in few of them."""

    @property
    def name(self) -> str:
        """As classes name it."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """Of outputs it takes."""

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """The digest, 0 <= digest < 2^256. `seed`: the job's, 32 bytes. Raises HashError."""


def require_seed(seed: bytes, name: str = "seed") -> None:
    """Raise HashError unless it has 32 bytes."""
    if len(seed) != SEED_BYTES:
        raise HashError(f"a {name} of {len(seed)} bytes, expected {SEED_BYTES}")


def require_kind(generation: Generation, hash_name: str, kinds: Sequence[Kind]) -> None:
    """Raise HashError for a kind of output that the hash does not take."""
    if generation.kind not in kinds:
        raise HashError(f"{hash_name} of a {generation.kind}, expected {' or '.join(kinds)}")


def require_array(values: npt.NDArray[np.generic], name: str, dtype: type[np.generic], dimensions: int) -> None:
    """Raise HashError unless it has that dtype and number of dimensions, is not empty, and is finite if of floats."""
    if values.dtype != dtype or values.ndim != dimensions or values.size == 0:
        expected = f"{np.dtype(dtype).name} of {dimensions} dimensions, not empty"
        raise HashError(f"{name}: {values.dtype} of shape {values.shape}, expected {expected}")
    if np.issubdtype(dtype, np.floating) and not np.isfinite(values).all():
        bad = int(np.argmin(np.isfinite(values)))
        raise HashError(f"{name}: value {bad} is {values.ravel()[bad]}, expected a finite one")

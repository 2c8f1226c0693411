"""Simhash of the path that led to an output: few bits differ where the numbers were almost the same.

See `node.simhash` for the projections. The job's seed is the key, so no two outputs with one digest can be prepared
before the job has one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.generation.base import Generation
from node.merkle import keccak
from node.simhash import simhash
from verifier.hashes.base import DIGEST_BITS, Kind, require_array, require_seed

_DOMAIN = b"swarmproof simhash of an output"


class Simhash:
    """`simhash`: of an image's last latent, or of all final hidden states of a text."""

    name = "simhash"
    kinds: tuple[Kind, ...] = ("image", "text")

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """The digest of the trace. Raises HashError for a seed of another length and a trace of zeros."""
        require_seed(seed)
        rows = generation.trace[-1:] if generation.kind == "image" else generation.trace
        return array_simhash(rows, key=keccak(_DOMAIN + seed))


def array_simhash(values: npt.NDArray[np.float32], *, key: bytes) -> int:
    """256 bits of a float32 array of any shape, row by row; `key`: 32 bytes. Raises HashError."""
    require_seed(key, "key")
    require_array(values, "values", np.float32, values.ndim)
    return simhash(values.ravel(), bits=DIGEST_BITS, key=key)

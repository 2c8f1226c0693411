"""Hashes that no class uses, to compare with those that classes do: perceptual hashes of the package imagehash.

ahash: brighter than the mean; dhash: brighter than the pixel to the left; whash: the same of Haar wavelets. 64 bits, or
256. Digests of 64 bits are the lowest of 256, so distances compare with a quarter of the bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import Image

from node.generation import Generation
from verifier.errors import CalibrationError
from verifier.hashes import HASHES, OutputHash, load_hash
from verifier.hashes.base import Kind, require_kind
from verifier.hashes.phash import enlarged


class OtherHash:
    """`function`: of imagehash. `side`: bits a side of its square."""

    kinds: tuple[Kind, ...] = ("image",)

    def __init__(self, function: str, side: int) -> None:
        self.name = f"{function}-{side * side}"
        self._function, self._side = function, side

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """See OutputHash. Raises CalibrationError where imagehash is not installed."""
        require_kind(generation, self.name, self.kinds)
        image = Image.fromarray(enlarged(generation.content.astype(np.uint8, copy=False)))
        bits = _imagehash(self._function)(image, hash_size=self._side).hash
        return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")


OTHER_HASHES: Final = {
    item.name: item for item in (OtherHash(name, side) for name in ("ahash", "dhash", "whash") for side in (8, 16))
}


def find_hash(name: str) -> OutputHash:
    """A hash of classes, or one of these. Raises HashError for an unknown one."""
    return OTHER_HASHES[name] if name in OTHER_HASHES and name not in HASHES else load_hash(name)


def _imagehash(function: str) -> Callable[..., Any]:
    try:
        import imagehash
    except ImportError:
        raise CalibrationError(f"{function} is a hash of the package imagehash, which is not installed") from None
    found: Callable[..., Any] = getattr(imagehash, {"ahash": "average_hash"}.get(function, function))
    return found

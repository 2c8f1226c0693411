"""Perceptual hash of an image: which of its 256 slowest waves are above the median.

The same bits as `imagehash.phash(image, hash_size=16, highfreq_factor=4)`, which the tests compare with, except that
coefficients are rounded first: in a picture of blocks, or a symmetric one, many are zero, and where the median is, too,
what a library's rounding leaves of them would decide bits.

Half of the bits are above the median, so distances between digests are even but for ties.
Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1.

Shape legend: H, W = rows and columns, S = side of the square that is transformed, F = frequencies a side.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from node.errors import HashError
from node.generation.base import Generation
from verifier.hashes.base import Kind, require_array, require_kind

SIDE: Final = 64
FREQUENCIES: Final = 16
MAXIMUM_SIDE: Final = 4096

# Row k: cos(pi k (2 n + 1) / (2 S)), the discrete cosine transform of type II.
_WAVES_FS: Final = np.cos(np.pi * np.outer(np.arange(FREQUENCIES), 2 * np.arange(SIDE) + 1) / (2 * SIDE))
_GRID: Final = 1 << 10  # coefficients reach 2^20, float64 errs by less than 2^-30


class PerceptualHash:
    """`phash`: for images. The seed changes nothing."""

    name = "phash"
    kinds: tuple[Kind, ...] = ("image",)

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """The digest of the pixels. Raises HashError for anything but an image."""
        require_kind(generation, self.name, self.kinds)
        require_array(generation.content, "pixels", np.uint8, 2)
        return perceptual_hash(generation.content.astype(np.uint8, copy=False))


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> int:
    """256 bits of grey pixels, uint8 (H, W), the mean brightness highest. Raises HashError."""
    square = np.asarray(Image.fromarray(enlarged(pixels)).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    coefficients = np.rint(_WAVES_FS @ square @ _WAVES_FS.T * _GRID).ravel()
    middle = len(coefficients) // 2
    twice_the_median = np.partition(coefficients, (middle - 1, middle))[middle - 1 : middle + 1].sum()
    return int.from_bytes(np.packbits(2 * coefficients > twice_the_median).tobytes(), "big")


def enlarged(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Every pixel repeated as often as both sides need to reach 64: exact, where interpolation would differ.

    Raises HashError for another dtype, no pixels, or a side above 4,096.
    """
    require_array(pixels, "pixels", np.uint8, 2)
    if max(pixels.shape) > MAXIMUM_SIDE:
        raise HashError(f"pixels of shape {pixels.shape}, expected sides up to {MAXIMUM_SIDE}")
    times = -(-SIDE // min(pixels.shape))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)

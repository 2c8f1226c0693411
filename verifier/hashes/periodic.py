"""A hash with a grain of its own: what moves an output by less than a cell moves few bits, what moves it more, half.

Every bit is the parity of the cell in which a random projection lies. Outputs whose projections differ by delta, much
less than the width of a cell, differ in about 256 |delta| / width bits; from one width on, in about 128. Angles
(`simhash`) and slow waves (`phash`) grow slowly instead: weights of eight bits move them by no more than rounding does.
The width lies between the two, far above what rounding changes and below what the smallest cheat does.

Source: Raginsky and Lazebnik, "Locality-sensitive binary codes from shift-invariant kernels", NIPS 2009, with a square
wave for the cosine; the parity of cells is that of Datar et al., SoCG 2004, section 3.

Shape legend: d = coordinates, m = sums, a power of two from 256 to 1,024.
"""

from __future__ import annotations

import hashlib
from math import isqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import HashError
from node.generation.base import Generation
from node.merkle import keccak
from node.simhash import hadamard
from verifier.hashes.base import DIGEST_BITS, Kind, require_array, require_seed
from verifier.hashes.tokens import require_tokens

_DOMAIN: Final = b"swarmproof periodic hash"
_SUMS: Final = 1024
_ONE: Final = 1 << 16  # values are rounded to multiples of 1 / 65,536
_LARGEST: Final = 1 << 10  # what lies beyond is cut
# Two rotations of 1,024 sums reach 2^15 times the largest of them, which is at most 2^26 times the coordinates in it:
# below 2^53, so every sum is an exact integer.
MAXIMUM_COORDINATES: Final = 1 << 21
PIXEL_CELL_Q16: Final = _ONE  # one of 256 shades of grey: rounding turns one pixel in ten thousand by so much
PATH_CELL_Q16: Final = _ONE // 512  # values of order one; rounding of float32 moves them by a millionth


class PeriodicHash:
    """`periodic`: of an image's pixels, or of all final hidden states of a text; of another text it is another hash."""

    name = "periodic"
    kinds: tuple[Kind, ...] = ("image", "text")

    def digest(self, generation: Generation, *, seed: bytes) -> int:
        """The digest; the job's seed draws the projections. Raises HashError."""
        if generation.kind == "image":
            return array_periodic(generation.content.astype(np.float32), key=seed, cell_q16=PIXEL_CELL_Q16)
        return array_periodic(generation.trace, key=bound_to_tokens(seed, generation), cell_q16=PATH_CELL_Q16)


def bound_to_tokens(key: bytes, generation: Generation) -> bytes:
    """A key of 32 bytes that another text does not have: no hidden state knows the token that was chosen from it.

    The key itself for an image, whose pixels rounding may change. Raises HashError for a key of another length.
    """
    require_seed(key, "key")
    if generation.kind == "image":
        return key
    return keccak(_DOMAIN + key + require_tokens(generation.content).astype(">i8").tobytes())


def array_periodic(values: npt.NDArray[np.float32], *, key: bytes, cell_q16: int) -> int:
    """256 bits of a float32 array of any shape; `key`: 32 bytes; `cell_q16`: width of a cell in Q16, at least 1.

    The width is that of a root mean square: a projection is divided by the square root of d. Projections are what two
    random rotations make of the coordinates, folded to m sums (node/simhash.py). Raises HashError for another dtype, no
    values or too many, and values that are not finite.
    """
    require_seed(key, "key")
    require_array(values, "values", np.float32, values.ndim)
    if values.size > MAXIMUM_COORDINATES:
        raise HashError(f"{values.size} values, expected at most {MAXIMUM_COORDINATES}")
    grid = np.rint(np.clip(values.ravel().astype(np.float64), -_LARGEST, _LARGEST) * _ONE)
    sums = _folded(grid, key)
    length = len(sums)
    stream = hashlib.shake_256(_DOMAIN + b" turns" + key).digest(length // 4 + 8 * DIGEST_BITS)
    first, second = np.unpackbits(np.frombuffer(stream[: length // 4], dtype=np.uint8)).reshape(2, length)
    once = hadamard(np.where(first, -sums, sums))
    projections = hadamard(np.where(second, -once, once))[:DIGEST_BITS].astype(np.int64)
    width = max(1, cell_q16 * isqrt(len(grid) * length))  # two rotations make everything sqrt(length) times as long
    offsets = np.frombuffer(stream[length // 4 :], dtype="<u8") % np.uint64(2 * width)
    cells = (projections + offsets.astype(np.int64)) // width
    return int.from_bytes(np.packbits((cells & 1).astype(bool)).tobytes(), "big")


def _folded(grid: npt.NDArray[np.float64], key: bytes) -> npt.NDArray[np.float64]:
    """256 to 1,024 sums, a power of two; where there are more coordinates, sum k is of every 1,024th from the k-th on,
    under random signs."""
    length = min(_SUMS, max(DIGEST_BITS, 1 << (len(grid) - 1).bit_length()))
    padded = np.zeros(-(-len(grid) // length) * length)
    padded[: len(grid)] = grid
    if len(padded) == length:
        return padded
    stream = hashlib.shake_256(_DOMAIN + b" folds" + key).digest(len(padded) // 8)
    signs = 1 - 2 * np.unpackbits(np.frombuffer(stream, dtype=np.uint8)).view(np.int8)
    return np.asarray((padded * signs).reshape(-1, length).sum(axis=0))

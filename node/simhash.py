"""Keyed simhash: signs of random projections; the distance in bits measures the angle between vectors.

Two vectors at angle a differ in about bits * a / pi bits (Charikar, STOC 2002, section 3). Projections are on random
sign vectors (Rademacher), in steps that are all linear and whose randomness is shake-256 of the key:

1. Random signs, and where d > 4096, each coordinate is added to a random one of 4,096 sums (count sketch). The square
   of a length changes by a factor of 1 +- sqrt(2 / 4096) = 1 +- 0.022 (Weinberger et al., ICML 2009, theorem 3), and
   so does the square of the difference between two vectors.
2. A Hadamard transform, which only rotates. It spreads what few coordinates hold (Ailon and Chazelle, STOC 2006):
   without it a coordinate larger than all others together would decide every sign alone.
3. Random signs and a Hadamard transform again. Each output alone is a projection on independent random signs. Together
   they are orthogonal; distances vary as with independent ones or less (measured: 0.5 to 1.2 times that variance).

Floats are first rounded to a grid so coarse that every sum after it is an integer below 2^53. Sums are then exact in
any order: equal vectors have equal digests on every machine, and nothing but a change of the input changes a bit.
A projection of exactly zero gives a 0. The opposite vector gives the opposite bits, but for such ties.

Shape legend: d = coordinates, m = sums, a power of two, at least as many as bits and at most 4096.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import HashError

KEY_BYTES: Final = 32
MAXIMUM_BITS: Final = 4096
MAXIMUM_COORDINATES: Final = 1 << 31

_SUMS: Final = 4096
_SUM_BITS: Final = 12
_EXACT_BITS: Final = 52  # a float64 holds integers of one bit more
_BLOCK: Final = 1 << 18
_SPREAD, _TURN = b"swarmproof simhash spread", b"swarmproof simhash turn"

Float64 = npt.NDArray[np.float64]


def simhash(vector: npt.NDArray[np.float32], *, bits: int, key: bytes) -> int:
    """The digest of `vector`, float32 (d,), as an integer below 2^bits; the first projection's sign is the highest bit.

    `bits`: a multiple of 8, at most 4096. `key`: 32 bytes. Besides the vector it takes about 20 MB whatever d is; 784
    coordinates take a tenth of a millisecond, 10^7 a third of a second. Raises HashError for another dtype or shape,
    for values that are not finite, and for a vector of zeros, which has no direction.
    """
    if bits <= 0 or bits % 8 or bits > MAXIMUM_BITS:
        raise HashError(f"{bits} bits, expected a multiple of 8 up to {MAXIMUM_BITS}")
    if len(key) != KEY_BYTES:
        raise HashError(f"a key of {len(key)} bytes, expected {KEY_BYTES}")
    sums = _on_grid(_spread(vector, bits, key), _EXACT_BITS - 2 * _SUM_BITS)
    rotated = hadamard(sums)
    ones = np.unpackbits(np.frombuffer(_stream(_TURN, key, 0, -(-len(sums) // 8)), np.uint8), count=len(sums))
    projections = hadamard(np.where(ones, -rotated, rotated))
    return int.from_bytes(np.packbits(projections[:bits] > 0).tobytes(), "big")


def _spread(vector: npt.NDArray[np.float32], bits: int, key: bytes) -> Float64:
    """Step 1: integers in float64 (m,), exact. Raises HashError."""
    largest = _largest(vector)
    length = min(_SUMS, 1 << (max(len(vector), bits) - 1).bit_length())
    sums = np.zeros(length)
    for index, start in enumerate(range(0, len(vector), _BLOCK)):
        piece = _on_grid(vector[start : start + _BLOCK], _EXACT_BITS - len(vector).bit_length(), largest)
        words = np.frombuffer(_stream(_SPREAD, key, index, 2 * len(piece)), dtype="<u2")
        signed = np.where(words >> 15, -piece, piece)
        if len(vector) > _SUMS:
            sums += np.bincount(words & (_SUMS - 1), weights=signed, minlength=_SUMS)
        else:
            sums[: len(signed)] = signed
    return sums


def hadamard(values: Float64) -> Float64:
    """The unnormalised Walsh-Hadamard transform of (m,), m a power of two: of rows, then of columns of a matrix that is
    about square. Lengths grow by a factor of sqrt(m)."""
    wide = 1 << len(values).bit_length() // 2
    matrix = values.reshape(-1, wide)
    return (_signs(len(matrix)) @ matrix @ _signs(wide)).ravel()


@cache
def _signs(side: int) -> Float64:
    """Hadamard's matrix of 1 and -1 (Sylvester's), at most 128 x 128."""
    matrix = np.ones((1, 1))
    while len(matrix) < side:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _largest(vector: npt.NDArray[np.float32]) -> float:
    """The largest magnitude of a vector that has a direction. Raises HashError."""
    if vector.dtype != np.float32 or vector.ndim != 1 or not 0 < len(vector) <= MAXIMUM_COORDINATES:
        raise HashError(f"{vector.dtype} of shape {vector.shape}, expected float32 (d,), 1 to {MAXIMUM_COORDINATES}")
    highest, lowest = float(vector.max()), float(vector.min())
    if not np.isfinite(highest) or not np.isfinite(lowest):
        raise HashError(f"a vector whose values reach from {lowest} to {highest}, expected finite ones")
    if highest == lowest == 0:
        raise HashError(f"a vector of {len(vector)} zeros has no direction")
    return max(highest, -lowest)


def _on_grid(values: npt.NDArray[np.floating], bits: int, largest: float | None = None) -> Float64:
    """Integers of at most 2^bits, float64: `values` times the power of two that brings `largest` there."""
    peak = float(np.abs(values).max()) if largest is None else largest
    if peak == 0:
        return np.zeros(len(values))  # every sum cancelled
    exponent = int(np.frexp(peak)[1])
    return np.rint(np.ldexp(values.astype(np.float64), bits - exponent))


def _stream(domain: bytes, key: bytes, index: int, length: int) -> bytes:
    """Random bytes of one block."""
    return hashlib.shake_256(domain + key + index.to_bytes(4, "big")).digest(length)

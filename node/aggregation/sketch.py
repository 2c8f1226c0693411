"""CountSketch: a vector of any length as a few hundred integers that keep inner products nearly as they are.

Every coordinate j is hashed to one bucket and one sign: S[bucket(j)] += sign(j) * v[j]. <S(x), S(y)> has the mean
<x, y> and a deviation of about |x| |y| / sqrt(B). The map is linear and integer, so sums of messages have the sums of
their sketches, bit for bit, in any order.

Source: Charikar, Chen and Farach-Colton, Finding frequent items in data streams, ICALP 2002. Hash: the finaliser of
splitmix64 (Steele, Lea and Flood, OOPSLA 2014).

Shape legend: m = entries, B = buckets.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

FEWEST_BUCKETS: Final = 16
MOST_BUCKETS: Final = 1 << 16

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class CountSketch:
    """A way to sketch. `buckets` B: a power of two. `key`: any bytes; another key is another pair of hashes.

    Raises ValueError for a number of buckets that is not a power of two from 16 to 65,536.
    """

    buckets: int
    key: bytes

    def __post_init__(self) -> None:
        if not FEWEST_BUCKETS <= self.buckets <= MOST_BUCKETS or self.buckets & (self.buckets - 1):
            raise ValueError(f"{self.buckets} buckets, expected a power of two from {FEWEST_BUCKETS} to {MOST_BUCKETS}")

    def of_entries(self, positions: Int64, values: Int64) -> Int64:
        """Sketch int64 (B,) of a sparse vector: `values` int64 (m,) at `positions` int64 (m,) >= 0.

        The sum of |values| must stay below 2^63.
        """
        hashes = self._hashes(positions)
        places = (hashes >> np.uint64(64 - self._bits)).astype(np.int64)
        # Neither sign nor bucket uses a bit of the other: buckets take the top ones, the sign the lowest.
        signed = np.where(hashes & np.uint64(1), values, -values)
        # add.at is exact in int64; bincount would add in float64.
        sketch = np.zeros(self.buckets, dtype=np.int64)
        np.add.at(sketch, places, signed)
        return sketch

    @cached_property
    def _bits(self) -> int:
        return self.buckets.bit_length() - 1

    @cached_property
    def _offset(self) -> np.uint64:
        return np.uint64(int.from_bytes(hashlib.sha256(b"count sketch" + self.key).digest()[:8], "big"))

    def _hashes(self, positions: Int64) -> npt.NDArray[np.uint64]:
        """64 well-mixed bits a position."""
        mixed = positions.astype(np.uint64)
        mixed *= _GOLDEN
        mixed += self._offset
        mixed ^= mixed >> np.uint64(30)
        mixed *= _MIX_1
        mixed ^= mixed >> np.uint64(27)
        mixed *= _MIX_2
        mixed ^= mixed >> np.uint64(31)
        return mixed

"""The periodic hash against its definition, and how distance grows: at once, and then no more."""

from __future__ import annotations

import hashlib
from math import isqrt, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import HashError
from tests.verifier.hashes.generations import SEED
from verifier.hashes.periodic import array_periodic

Q16 = 1 << 16


INDICES = np.arange(256)
TURN = 1 - 2 * (np.bitwise_count(INDICES[:, None] & INDICES).astype(np.int64) & 1)  # Hadamard's matrix, entry by entry


def by_definition(values: list[float], key: bytes, cell_q16: int) -> int:
    """In integers, for at most 256 values."""
    stream = hashlib.shake_256(b"swarmproof periodic hash turns" + key).digest(64 + 8 * 256)
    turned = np.array([round(value * Q16) for value in values] + [0] * (256 - len(values)))
    for signs in (stream[:32], stream[32:64]):
        turned = TURN @ [-v if signs[at // 8] >> (7 - at % 8) & 1 else v for at, v in enumerate(turned.tolist())]
    width, digest = max(1, cell_q16 * isqrt(256 * len(values))), 0
    for bit, projection in enumerate(turned.tolist()):
        offset = int.from_bytes(stream[64 + 8 * bit :][:8], "little") % (2 * width)
        digest = digest << 1 | (projection + offset) // width & 1
    return digest


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40), st.integers(1, 4 * Q16))
def test_bits_are_those_of_the_definition(values: list[float], cell_q16: int) -> None:
    array = np.array(values, dtype=np.float32)
    assert array_periodic(array, key=SEED, cell_q16=cell_q16) == by_definition(values, SEED, cell_q16)


@pytest.mark.parametrize("count", [784, 1024, 20_000])
def test_small_changes_move_bits_in_proportion_and_large_ones_half(count: int) -> None:
    generator = np.random.default_rng(count)
    values, direction = generator.standard_normal((2, count)).astype(np.float32)
    width = 1 / 64

    def moved(size: float) -> float:
        """Mean distance after a change of that root mean square, in widths of a cell."""
        other = values + np.float32(size * width) * direction
        keys = [bytes([at]) * 32 for at in range(40)]
        return float(np.mean([_distance(values, other, key) for key in keys]))

    def _distance(left: np.ndarray, right: np.ndarray, key: bytes) -> int:
        digests = [array_periodic(side, key=key, cell_q16=Q16 // 64) for side in (left, right)]
        return (digests[0] ^ digests[1]).bit_count()

    assert moved(0) == 0
    assert moved(0.05) == pytest.approx(256 * 0.05 * sqrt(2 / pi), rel=0.2)
    assert moved(1.5) == pytest.approx(128, abs=6)
    assert moved(50) == pytest.approx(128, abs=6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(HashError, match="expected a finite one"):
        array_periodic(np.array([1, value], dtype=np.float32), key=SEED, cell_q16=Q16)


def test_huge_values_are_cut_and_not_wrapped() -> None:
    huge = [array_periodic(np.full(9, size, dtype=np.float32), key=SEED, cell_q16=Q16) for size in (1e5, 1e30)]
    assert huge[0] == huge[1]


@pytest.mark.parametrize("values", [np.ones(3), np.ones(0, dtype=np.float32)])
def test_other_arrays_are_refused(values: np.ndarray) -> None:
    with pytest.raises(HashError, match="expected float32"):
        array_periodic(values, key=SEED, cell_q16=Q16)

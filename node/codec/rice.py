"""Rice coding of gaps: quotients in unary, remainders in `parameter` bits. Good where supports are spread evenly.

All quotients come first (q zeros, then a one), then all remainders, each part padded with zero bits to whole bytes; bit
0 of a byte is its lowest. Two parts instead of one stream, so that both sides are a few array operations.

Shape legend: m = gaps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.errors import MalformedMessage

MAXIMUM_PARAMETER = 12

Gaps = npt.NDArray[np.int64]


def best_parameter(gaps: Gaps) -> int:
    """The parameter with the shortest code, the smaller one of two equals."""
    bits = [int((gaps >> parameter).sum()) + len(gaps) * parameter for parameter in range(MAXIMUM_PARAMETER + 1)]
    return bits.index(min(bits))


def encode(gaps: Gaps, parameter: int) -> bytes:
    """Code gaps, int64 (m,) >= 0."""
    ends = np.cumsum((gaps >> parameter) + 1) - 1
    unary = np.zeros(int(ends[-1]) + 1, dtype=np.uint8)
    unary[ends] = 1
    remainders = (gaps[:, None] >> np.arange(parameter)) & 1
    return _pack(unary) + _pack(remainders.astype(np.uint8).ravel())


def decode(payload: bytes, parameter: int, count: int) -> Gaps:
    """Read exactly `count` >= 1 gaps, int64. Raises MalformedMessage for any other payload, also for loose padding."""
    remainder_bytes = -(-count * parameter // 8)
    split = len(payload) - remainder_bytes
    if split < -(-count // 8):
        raise MalformedMessage(f"Rice payload of {len(payload)} bytes for {count} gaps with parameter {parameter}")
    unary = np.unpackbits(np.frombuffer(payload, np.uint8, split), bitorder="little")
    ends = np.flatnonzero(unary)
    if len(ends) != count or (len(unary) - 1 - int(ends[-1])) >= 8:
        raise MalformedMessage(f"Rice payload holds {len(ends)} gaps, expected {count} without loose padding")
    gaps = (np.diff(ends, prepend=-1) - 1) << parameter
    if parameter:
        bits = np.unpackbits(np.frombuffer(payload, np.uint8, remainder_bytes, split), bitorder="little")
        if bits[count * parameter :].any():
            raise MalformedMessage("Rice remainders end in padding that is not zero")
        for place in range(parameter):
            gaps |= bits[place : count * parameter : parameter].astype(np.int64) << place
    return gaps


def _pack(bits: npt.NDArray[np.uint8]) -> bytes:
    return np.packbits(bits, bitorder="little").tobytes()

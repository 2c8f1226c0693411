"""Gaps in Golomb-Rice code: within 1.4% of the limit when the kept coordinates are spread evenly.

Payload: parameter b (1 byte, 0 to 12); quotients gap >> b in unary, each as zeros and a closing one; remainders in bit
planes: bit 0 of all gaps, then bit 1 of all, up to bit b - 1. Bits fill bytes from the lowest; both streams are padded
to a byte with zeros. b is the one with the fewest bits, the smallest of several, so that the same gaps have one Rice
payload only. Streams and planes, not codes one after the other, let both sides work on whole arrays.

Source: Rice and Plaunt, "Adaptive variable-length coding", IEEE Trans. Communications 19, 1971.

Shape legend: m = gaps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from node.errors import MalformedMessage

PARAMETER_MAXIMUM: Final = 12  # gaps are below 4096

UInt16 = npt.NDArray[np.uint16]


def payload_limit(count: int) -> int:
    """No payload of `count` gaps is longer: with b = 12, every gap takes 13 bits."""
    return 3 + -(-count * (PARAMETER_MAXIMUM + 1) // 8)


def encode(gaps: UInt16) -> bytes:
    """Code `gaps` uint16 (m,), each below 4096, m >= 1."""
    parameter = best_parameter(gaps)
    closing = np.cumsum((gaps >> parameter) + np.int64(1)) - 1
    unary = np.zeros(int(closing[-1]) + 1, dtype=np.uint8)
    unary[closing] = 1
    planes = gaps >> np.arange(parameter, dtype=np.uint16)[:, np.newaxis] & np.uint16(1)
    return b"".join(
        (
            bytes((parameter,)),
            np.packbits(unary, bitorder="little").tobytes(),
            np.packbits(planes.astype(np.uint8).ravel(), bitorder="little").tobytes(),
        )
    )


def decode(payload: memoryview, count: int) -> UInt16:
    """The `count` >= 1 gaps of a payload, uint16 (m,). Raises MalformedMessage unless it is exactly what encode gives.

    Gaps can reach 2^16 - 1 only; whether they fit their chunks is the caller's to check.
    """
    if len(payload) > payload_limit(count) or len(payload) < 2:
        raise MalformedMessage(f"Rice payload of {len(payload)} bytes for {count} indices")
    parameter = payload[0]
    if parameter > PARAMETER_MAXIMUM:
        raise MalformedMessage(f"Rice parameter {parameter}, at most {PARAMETER_MAXIMUM}")
    remainder_bytes = -(-count * parameter // 8)
    unary = payload[1 : len(payload) - remainder_bytes]
    if len(payload) < 1 + remainder_bytes:
        raise MalformedMessage(f"Rice payload of {len(payload)} bytes, its remainders alone take {remainder_bytes}")
    gaps = _quotients(unary, count, parameter)
    if parameter:
        _add_remainders(gaps, payload[len(payload) - remainder_bytes :], parameter)
    if best_parameter(gaps) != parameter:
        raise MalformedMessage(f"Rice parameter {parameter}, the shortest code has {best_parameter(gaps)}")
    return gaps


def best_parameter(gaps: UInt16) -> int:
    """The parameter with the fewest bits, the smallest of several. The number of bits is convex in the parameter."""
    bits = _bits(gaps, 0)
    for parameter in range(PARAMETER_MAXIMUM):
        following = _bits(gaps, parameter + 1)
        if following >= bits:
            return parameter
        bits = following
    return PARAMETER_MAXIMUM


def _bits(gaps: UInt16, parameter: int) -> int:
    return len(gaps) * (parameter + 1) + int((gaps >> parameter).sum(dtype=np.int64))


def _quotients(unary: memoryview, count: int, parameter: int) -> UInt16:
    """Read the unary stream; gaps without their remainders, uint16 (m,)."""
    bits = np.unpackbits(np.frombuffer(unary, dtype=np.uint8), bitorder="little")
    ends = np.flatnonzero(bits.view(np.bool_))
    del bits  # a parser's memory is counted
    if len(ends) != count:
        raise MalformedMessage(f"Rice payload with {len(ends)} indices, expected {count}")
    if len(unary) != ends[-1] // 8 + 1:
        raise MalformedMessage(f"Rice payload with {len(unary)} bytes of quotients, {ends[-1] // 8 + 1} are enough")
    quotients = np.empty(count, dtype=np.uint16)
    largest = max(int(ends[0]), int((ends[1:] - ends[:-1]).max(initial=1)) - 1)
    if largest << parameter > np.iinfo(np.uint16).max:
        raise MalformedMessage(f"Rice quotient {largest} with parameter {parameter} is longer than a chunk")
    quotients[0] = ends[0]
    np.subtract(ends[1:], ends[:-1], out=quotients[1:], casting="unsafe")
    quotients[1:] -= 1
    return np.left_shift(quotients, np.uint16(parameter))


def _add_remainders(gaps: UInt16, remainders: memoryview, width: int) -> None:
    """Read remainders of `width` bits into `gaps`. Raises MalformedMessage when the padding is not zero."""
    packed = np.frombuffer(remainders, dtype=np.uint8)
    used = len(gaps) * width % 8
    if used and packed[-1] >> used:
        raise MalformedMessage("Rice remainders are not padded with zeros")
    planes = np.unpackbits(packed, count=len(gaps) * width, bitorder="little").reshape(width, len(gaps))
    for place, plane in enumerate(planes):
        gaps |= plane.astype(np.uint16) << np.uint16(place)

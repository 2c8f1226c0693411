"""Gaps in buckets under zstd: the shorter code for real updates, whose kept coordinates cluster, and for long messages.

A gap below 16 is its own bucket; above, a bucket holds the gaps that share their four highest bits, as the distance
codes of DEFLATE do (RFC 1951, 3.2.5, with two bits there). Which bucket is worth compressing; the place within it is as
good as random and goes as it is. Measured on updates of MNIST this takes 0.4 bits an index less than compressing
varints, where a gap above 127 is cut at a bit that means nothing.

Payload: length of the frame (varint); one zstd frame (level 1) without its four magic bytes, with its content size,
without checksum or dictionary, that holds a byte a gap, the bucket; then the places in bit planes: bit 0 of all gaps
whose bucket has one, in order, then bit 1, up to bit 7. Bits fill bytes from the lowest, zeros pad the last byte.
Bucket = 8 e + (gap >> e), where e, the number of bits of the place, is the smallest with gap >> e below 16.

Source of the frame: RFC 8878.

Shape legend: m = gaps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import zstandard

from node.errors import MalformedMessage
from node.storage import varint

WINDOW_LIMIT_BYTES: Final = 128 << 20
_MANTISSA_BITS: Final = 3
_FIRST_LONG: Final = 2 << _MANTISSA_BITS  # gaps from here on share their bucket
_PLACE_BITS: Final = 8  # of the longest gaps, those from 2048 to 4095
_BUCKETS: Final = (_PLACE_BITS << _MANTISSA_BITS) + _FIRST_LONG

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]


def encode(gaps: UInt16) -> bytes:
    """Code `gaps` uint16 (m,), each below 4096, m >= 1."""
    place_bits = np.zeros(len(gaps), dtype=np.uint16)
    planes = []
    for bit in range(_PLACE_BITS):
        longer = gaps >= _FIRST_LONG << bit
        place_bits += longer
        planes.append((gaps[longer] >> bit & 1).astype(np.uint8))
    buckets = (place_bits << _MANTISSA_BITS) + (gaps >> place_bits)
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=False, write_content_size=True, write_dict_id=False)
    frame = compressor.compress(buckets.astype(np.uint8).tobytes())[len(zstandard.FRAME_HEADER) :]
    return varint.encode(len(frame)) + frame + np.packbits(np.concatenate(planes), bitorder="little").tobytes()


def decode(payload: memoryview, count: int) -> UInt16:
    """The `count` gaps of a payload, uint16 (m,), each below 4096. Raises MalformedMessage.

    The frame's header is judged before anything is decompressed: exactly `count` bytes of content and a window of
    128 MiB at most, so nothing larger is ever allocated.
    """
    try:
        frame_bytes, start = varint.decode(payload)  # type: ignore[arg-type]
    except ValueError as error:
        raise MalformedMessage(f"zstd frame length: {error}") from error
    if frame_bytes > len(payload) - start:
        raise MalformedMessage(f"zstd frame of {frame_bytes} bytes, {len(payload) - start} left")
    buckets = np.frombuffer(_decompress(payload[start : start + frame_bytes], count), dtype=np.uint8)
    if buckets.max() >= _BUCKETS:
        raise MalformedMessage(f"bucket {buckets.max()}, at most {_BUCKETS - 1}")
    place_bits = np.maximum(buckets >> _MANTISSA_BITS, 1) - np.uint8(1)
    gaps: UInt16 = (buckets - (place_bits << _MANTISSA_BITS)).astype(np.uint16) << place_bits
    _add_places(gaps, place_bits, np.frombuffer(payload[start + frame_bytes :], dtype=np.uint8))
    return gaps


def _decompress(payload: memoryview, count: int) -> bytes:
    frame = zstandard.FRAME_HEADER + payload
    try:
        parameters = zstandard.get_frame_parameters(frame)
        if parameters.content_size != count:
            raise MalformedMessage(f"zstd content of {parameters.content_size} bytes for {count} indices")
        if parameters.window_size > WINDOW_LIMIT_BYTES:
            raise MalformedMessage(f"zstd window of {parameters.window_size} bytes, at most {WINDOW_LIMIT_BYTES}")
        if parameters.dict_id or parameters.has_checksum:
            raise MalformedMessage("zstd frame with a dictionary or a checksum")
        content = zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedMessage(f"zstd: {error}") from error
    if len(content) != count:
        raise MalformedMessage(f"zstd content of {len(content)} bytes, its header says {count}")
    return content


def _add_places(gaps: UInt16, place_bits: UInt8, packed: UInt8) -> None:
    """Read the bit planes into `gaps`."""
    total = int(place_bits.sum(dtype=np.int64))
    if len(packed) != -(-total // 8):
        raise MalformedMessage(f"{len(packed)} bytes of places, expected {-(-total // 8)}")
    if total % 8 and packed[-1] >> total % 8:
        raise MalformedMessage("places are not padded with zeros")
    # Down: which of the gaps with more than `bit` bits have another one, as indices into those.
    levels, remaining = [], place_bits
    for bit in range(int(place_bits.max())):
        longer = np.flatnonzero(remaining > bit)
        remaining = remaining.take(longer)
        levels.append(longer)
    # And up again: a place is its lowest bit, and twice what is above it.
    end, above, of_those = total, np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int64)
    while levels:
        longer = levels.pop()
        start = end - len(longer)
        places = np.zeros(len(longer), dtype=np.uint8)
        places[of_those] = above
        places <<= 1
        places |= _bits(packed, start, end)
        end, above, of_those = start, places, longer
    spread = np.zeros(len(gaps), dtype=np.uint8)
    spread[of_those] = above
    gaps |= spread


def _bits(packed: UInt8, start: int, end: int) -> UInt8:
    bits = np.unpackbits(packed[start // 8 : -(-end // 8)], bitorder="little")
    return bits[start % 8 : start % 8 + end - start]

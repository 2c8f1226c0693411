"""Little-endian base-128 numbers (LEB128), one by one in headers and by the array for gaps.

Gaps go through zstd level 1 afterwards: supports of real updates cluster, which a general compressor finds.

Shape legend: m = gaps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import zstandard

from node.errors import MalformedMessage

ZSTD_LEVEL = 1
MAXIMUM_WINDOW_BYTES = 128 << 20
MAXIMUM_BYTES_PER_GAP = 4

Gaps = npt.NDArray[np.int64]


def write_number(value: int) -> bytes:
    """A number below 2^63."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def encode(gaps: Gaps) -> bytes:
    """Code and compress gaps, int64 (m,), 0 <= gap < 2^28."""
    lengths = 1 + (gaps >= 1 << 7) + (gaps >= 1 << 14) + (gaps >= 1 << 21).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    raw = np.empty(int(lengths.sum()), dtype=np.uint8)
    for place in range(MAXIMUM_BYTES_PER_GAP):
        here = lengths > place
        more = (lengths[here] > place + 1).astype(np.int64) << 7
        raw[starts[here] + place] = (gaps[here] >> 7 * place) & 0x7F | more
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_content_size=True).compress(raw.tobytes())


def decode(payload: bytes, count: int) -> Gaps:
    """Read exactly `count` >= 1 gaps, int64. Raises MalformedMessage; memory is bounded before anything is unpacked."""
    raw = np.frombuffer(_decompress(payload, MAXIMUM_BYTES_PER_GAP * count), dtype=np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    if len(ends) != count or int(ends[-1]) != len(raw) - 1:
        raise MalformedMessage(f"{len(ends)} gaps in {len(raw)} bytes, expected {count}")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if int(lengths.max()) > MAXIMUM_BYTES_PER_GAP:
        raise MalformedMessage(f"a gap takes {int(lengths.max())} bytes, at most {MAXIMUM_BYTES_PER_GAP}")
    if (raw[ends][lengths > 1] == 0).any():
        raise MalformedMessage("a gap is not in its shortest form")
    gaps = raw[starts].astype(np.int64) & 0x7F
    for place in range(1, int(lengths.max())):
        here = lengths > place
        gaps[here] |= (raw[starts[here] + place].astype(np.int64) & 0x7F) << 7 * place
    return gaps


def _decompress(payload: bytes, maximum_bytes: int) -> bytes:
    try:
        frame = zstandard.get_frame_parameters(payload)
        if not 0 < frame.content_size <= maximum_bytes or frame.window_size > MAXIMUM_WINDOW_BYTES or frame.dict_id:
            raise MalformedMessage(
                f"zstd frame of {frame.content_size} bytes and window {frame.window_size}, "
                f"at most {maximum_bytes} and {MAXIMUM_WINDOW_BYTES}"
            )
        unpacked = zstandard.ZstdDecompressor().decompress(
            payload, max_output_size=maximum_bytes, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise MalformedMessage(f"zstd: {error}") from error
    if len(unpacked) != frame.content_size:
        raise MalformedMessage(f"zstd frame holds {len(unpacked)} bytes, declares {frame.content_size}")
    return unpacked

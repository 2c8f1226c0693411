"""Gaps as varints under zstd: shorter than Rice where the kept coordinates cluster, as those of real updates do.

Payload: one zstd frame (level 1) without its four magic bytes, with its content size, without checksum or dictionary.
Content: each gap as a minimal LEB128 varint, one byte below 128 and two up to 16,383.

Sources: RFC 8878 (zstd); https://github.com/multiformats/unsigned-varint .

Shape legend: m = gaps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import zstandard

from node.codec.runs import runs
from node.errors import MalformedMessage

WINDOW_LIMIT_BYTES: Final = 128 << 20
_CONTINUED: Final = 0x80
_LONGEST: Final = 2  # bytes of a gap

UInt16 = npt.NDArray[np.uint16]


def encode(gaps: UInt16) -> bytes:
    """Code `gaps` uint16 (m,), each below 4096."""
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=False, write_content_size=True, write_dict_id=False)
    return compressor.compress(_varints(gaps))[len(zstandard.FRAME_HEADER) :]


def decode(payload: memoryview, count: int) -> UInt16:
    """The `count` gaps of a payload, uint16 (m,). Raises MalformedMessage.

    The frame's header is judged before anything is decompressed: content of `count` to 2 `count` bytes and a window of
    128 MiB at most, so nothing larger is ever allocated. Gaps can reach 16,383 only.
    """
    return _gaps(np.frombuffer(_decompress(payload, count), dtype=np.uint8), count)


def _decompress(payload: memoryview, count: int) -> bytes:
    frame = zstandard.FRAME_HEADER + payload
    try:
        parameters = zstandard.get_frame_parameters(frame)
        if not count <= parameters.content_size <= _LONGEST * count:
            raise MalformedMessage(f"zstd content of {parameters.content_size} bytes for {count} indices")
        if parameters.window_size > WINDOW_LIMIT_BYTES:
            raise MalformedMessage(f"zstd window of {parameters.window_size} bytes, at most {WINDOW_LIMIT_BYTES}")
        if parameters.dict_id or parameters.has_checksum:
            raise MalformedMessage("zstd frame with a dictionary or a checksum")
        content = zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedMessage(f"zstd: {error}") from error
    if len(content) != parameters.content_size:
        raise MalformedMessage(f"zstd content of {len(content)} bytes, its header says {parameters.content_size}")
    return content


def _varints(gaps: UInt16) -> bytes:
    pairs = np.empty((len(gaps), _LONGEST), dtype=np.uint8)
    used = np.ones(pairs.shape, dtype=np.bool_)
    used[:, 1] = gaps >= _CONTINUED
    pairs[:, 0] = gaps & 0x7F | used[:, 1] * np.uint16(_CONTINUED)
    pairs[:, 1] = gaps >> 7
    return pairs[used].tobytes()


def _gaps(content: npt.NDArray[np.uint8], count: int) -> UInt16:
    ends, lengths = runs(content < _CONTINUED)
    if len(ends) != count or ends[-1] != len(content) - 1:
        raise MalformedMessage(f"{len(ends)} varints in {len(content)} bytes, expected {count}")
    if lengths.max() > _LONGEST:
        raise MalformedMessage(f"a varint of {lengths.max()} bytes, at most {_LONGEST}")
    gaps = content[ends].astype(np.uint16)
    long = np.flatnonzero(lengths == _LONGEST)
    if not gaps[long].all():
        raise MalformedMessage("a varint is not minimal")
    gaps[long] = gaps[long] << 7 | content[ends[long] - 1] & 0x7F
    return gaps

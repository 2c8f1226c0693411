"""The wire format FXW1: reading what a stranger sent. Strict: one way to be right, everything else is refused.

Nothing is allocated that the length of the message, already in memory, or the manifest does not bound.

Shape legend: m = entries, N = chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from node.codec import rice, varint
from node.codec.message import CODEC_DENSE, CODEC_RICE, CODEC_VARINT, DENSE_BITS, MAGIC, VERSION
from node.codec.update import MAXIMUM_DENSE_MANTISSA, MAXIMUM_SHIFT, MessageHeader, Update
from node.errors import MalformedMessage
from node.manifest import Layout, Manifest

MAXIMUM_NUMBER_BYTES = 5

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class _Section:
    positions: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int16]
    shifts: npt.NDArray[np.uint8]


def parse(data: bytes, manifest: Manifest) -> Update:
    """Read a message of this manifest. Raises MalformedMessage.

    The header's fields are read, not judged: compare `update.header` with what is expected.
    """
    reader = _Reader(data)
    header = _header(reader)
    layout = manifest.layout
    reader.expect("sections", reader.number(), len(layout.tensors))
    sections = [_section(reader, layout, index) for index in range(len(layout.tensors))]
    if reader.left:
        raise MalformedMessage(f"{reader.left} bytes after the last section")
    return Update(
        header,
        np.concatenate([section.positions for section in sections]),
        np.concatenate([section.mantissas for section in sections]),
        np.concatenate([section.shifts for section in sections]),
    )


def _header(reader: _Reader) -> MessageHeader:
    magic = reader.take(len(MAGIC))
    if magic != MAGIC:
        raise MalformedMessage(f"it begins with {magic!r}, expected {MAGIC!r}")
    reader.expect("version", reader.byte(), VERSION)
    run_id = reader.take(32)
    round_number = int.from_bytes(reader.take(4), "little")
    seat = int.from_bytes(reader.take(4), "little")
    return MessageHeader(run_id, round_number, seat, reader.take(32), reader.take(32))


def _section(reader: _Reader, layout: Layout, index: int) -> _Section:
    tensor = layout.tensors[index]
    chunks = slice(int(layout.tensor_chunks[index]), int(layout.tensor_chunks[index + 1]))
    counts = layout.chunk_counts[chunks]
    dense = tensor.entries_per_chunk == 0
    reader.expect("tensor id", reader.number(), index)
    codec = reader.byte()
    if codec not in ((CODEC_DENSE,) if dense else (CODEC_RICE, CODEC_VARINT)):
        raise MalformedMessage(f"tensor {tensor.name}: index codec {codec}")
    reader.expect(f"tensor {tensor.name}: bits", reader.byte(), DENSE_BITS if dense else tensor.bits)
    reader.expect(f"tensor {tensor.name}: k", reader.number(), tensor.entries_per_chunk)
    reader.expect(f"tensor {tensor.name}: chunks", reader.number(), len(counts))
    if dense:
        return _dense(reader, layout, index)
    length = reader.number()
    parameter = reader.byte() if codec == CODEC_RICE else 0
    if parameter > rice.MAXIMUM_PARAMETER:
        raise MalformedMessage(f"tensor {tensor.name}: Rice parameter {parameter}, at most {rice.MAXIMUM_PARAMETER}")
    low = reader.array(len(counts), np.uint8)
    high = reader.array(len(counts), np.uint8) if tensor.bits == 2 else low
    shifts = _shifts(reader, len(counts))
    if (low > high).any():
        raise MalformedMessage(f"tensor {tensor.name}: a lower scale exceeds the upper one")
    entries = int(counts.sum())
    payload = reader.take(length)
    gaps = rice.decode(payload, parameter, entries) if codec == CODEC_RICE else varint.decode(payload, entries)
    positions = _positions(gaps, layout, index)
    magnitudes = np.repeat(low.astype(np.int16), counts)
    negative = reader.bitmap(entries)
    if tensor.bits == 2:
        magnitudes = np.where(reader.bitmap(entries), np.repeat(high.astype(np.int16), counts), magnitudes)
    return _Section(positions, np.where(negative, -magnitudes, magnitudes), shifts)


def _dense(reader: _Reader, layout: Layout, index: int) -> _Section:
    tensor = layout.tensors[index]
    shifts = _shifts(reader, int(layout.tensor_chunks[index + 1] - layout.tensor_chunks[index]))
    mantissas = reader.array(tensor.size, np.int8).astype(np.int16)
    if (mantissas < -MAXIMUM_DENSE_MANTISSA).any():
        raise MalformedMessage(f"tensor {tensor.name}: mantissa -128, at least -{MAXIMUM_DENSE_MANTISSA}")
    start = int(layout.tensor_starts[index])
    return _Section(np.arange(start, start + tensor.size, dtype=np.int64), mantissas, shifts)


def _positions(gaps: npt.NDArray[np.int64], layout: Layout, index: int) -> npt.NDArray[np.int64]:
    """Positions from gaps; every chunk must hold just as many as the manifest says."""
    name, size = layout.tensors[index].name, layout.tensors[index].size
    # A gap is below 2^32 and there are fewer than 2^31 of them, so the sum cannot wrap.
    within = np.cumsum(gaps + 1) - 1
    if int(within[-1]) >= size:
        raise MalformedMessage(f"tensor {name}: index {int(within[-1])} of {size}")
    positions: npt.NDArray[np.int64] = within + int(layout.tensor_starts[index])
    first, last = int(layout.tensor_chunks[index]), int(layout.tensor_chunks[index + 1])
    found = np.diff(np.searchsorted(positions, layout.chunk_starts[first : last + 1]))
    wrong = np.flatnonzero(found != layout.chunk_counts[first:last])
    if len(wrong):
        chunk = int(wrong[0])
        raise MalformedMessage(
            f"tensor {name}: chunk {chunk} holds {int(found[chunk])} entries, "
            f"expected {int(layout.chunk_counts[first + chunk])}"
        )
    return positions


def _shifts(reader: _Reader, count: int) -> npt.NDArray[np.uint8]:
    shifts = reader.array(count, np.uint8)
    if int(shifts.max()) > MAXIMUM_SHIFT:
        raise MalformedMessage(f"shift {int(shifts.max())}, at most {MAXIMUM_SHIFT}")
    return shifts


class _Reader:
    """A cursor that never reads past the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count > self.left:
            raise MalformedMessage(f"{count} bytes expected at byte {self._at}, {self.left} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """A varint of at most 5 bytes in its shortest form."""
        value = 0
        for place in range(MAXIMUM_NUMBER_BYTES):
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                if byte == 0 and place:
                    break
                return value
        raise MalformedMessage(f"varint before byte {self._at} is longer than it may be")

    def array(self, count: int, kind: type[T]) -> npt.NDArray[T]:
        """`count` elements of one byte each."""
        return np.frombuffer(self.take(count), dtype=kind)

    def bitmap(self, count: int) -> npt.NDArray[np.bool_]:
        """`count` flags, padded with zeros to whole bytes."""
        bits = np.unpackbits(self.array(-(-count // 8), np.uint8), bitorder="little")
        if bits[count:].any():
            raise MalformedMessage("a bitmap ends in padding that is not zero")
        return bits[:count].astype(np.bool_)

    def expect(self, what: str, found: int, expected: int) -> None:
        """Refuse anything but `expected`."""
        if found != expected:
            raise MalformedMessage(f"{what} {found}, expected {expected}")

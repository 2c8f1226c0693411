"""Reading a message: strict, and nothing is allocated before it has been checked.

Whoever sent the bytes may be hostile. Everything a message repeats of the manifest must be equal to it, every length
follows from the manifest, every code is the one the writer would choose where it has a choice, and no byte is left
over; so a message of a manifest has a largest length, and reading it takes memory and time in proportion to that.

Shape legend: N = chunks, m = entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from node.codec import indices
from node.codec.header import HEADER_BYTES, MessageHeader
from node.codec.indices import IndexCodec
from node.codec.section import DENSE_BITS, bitmap_bytes, format_byte, message_limit_bytes, section_bits
from node.codec.update import DENSE_MANTISSA_MAXIMUM, SHIFT_MAXIMUM, Update
from node.errors import MalformedMessage
from node.manifest import Layout, Manifest, TensorSpec
from node.storage import varint

Int16 = npt.NDArray[np.int16]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
T = TypeVar("T", bound=np.generic)


def parse(data: bytes, manifest: Manifest) -> Update:
    """Read message bytes. Raises MalformedMessage, and nothing else, whatever the bytes are.

    The header is only read: compare it with `expect_header`.
    """
    layout = manifest.layout
    limit = message_limit_bytes(layout)
    if len(data) > limit:
        raise MalformedMessage(f"{len(data)} bytes, at most {limit} with this manifest")
    header = MessageHeader.from_bytes(data)
    reader = _Reader(memoryview(data), HEADER_BYTES)
    reader.expect_varint("number of sections", len(layout.tensors))
    sections = [_section(reader, layout, number, tensor) for number, tensor in enumerate(layout.tensors)]
    reader.expect_end()
    return Update(
        header,
        positions=_joined([section.positions for section in sections]),
        mantissas=_joined([section.mantissas for section in sections]),
        shifts=_joined([section.shifts for section in sections]),
    )


class _Reader:
    """A cursor over the message. Every step either stays inside the bytes or raises MalformedMessage."""

    def __init__(self, data: memoryview, offset: int) -> None:
        self._data, self._offset = data, offset

    def varint(self, name: str) -> int:
        try:
            value, self._offset = varint.decode(self._data, self._offset)  # type: ignore[arg-type]
        except ValueError as error:
            raise MalformedMessage(f"{name}: {error}") from error
        return value

    def expect_varint(self, name: str, expected: int) -> None:
        value = self.varint(name)
        if value != expected:
            raise MalformedMessage(f"{name} {value}, expected {expected}")

    def take(self, count: int, name: str) -> memoryview:
        left = len(self._data) - self._offset
        if count > left:
            raise MalformedMessage(f"{name}: {count} bytes expected, {left} left")
        self._offset += count
        return self._data[self._offset - count : self._offset]

    def array(self, count: int, name: str) -> UInt8:
        return np.frombuffer(self.take(count, name), dtype=np.uint8)

    def bitmap(self, count: int, name: str) -> UInt8:
        """Bits as uint8 (count,)."""
        packed = self.array(bitmap_bytes(count), name)
        if count % 8 and packed[-1] >> count % 8:
            raise MalformedMessage(f"{name} are not padded with zeros")
        return np.unpackbits(packed, count=count, bitorder="little")

    def expect_end(self) -> None:
        if self._offset != len(self._data):
            raise MalformedMessage(f"{len(self._data) - self._offset} bytes after the last section")


@dataclass(frozen=True)
class _Section:
    positions: Int64
    mantissas: Int16
    shifts: UInt8


def _section(reader: _Reader, layout: Layout, number: int, tensor: TensorSpec) -> _Section:
    first, end = int(layout.tensor_chunks[number]), int(layout.tensor_chunks[number + 1])
    starts, counts = layout.chunk_starts[first:end], layout.chunk_counts[first:end]
    reader.expect_varint("tensor", number)
    format_ = reader.take(1, "format")[0]
    reader.expect_varint(f"tensor {number}: k", tensor.entries_per_chunk)
    reader.expect_varint(f"tensor {number}: number of chunks", end - first)
    bits = section_bits(tensor)
    codecs = {format_byte(bits, codec): codec for codec in IndexCodec}
    if bits == DENSE_BITS:
        if format_ != format_byte(DENSE_BITS, None):
            raise MalformedMessage(f"tensor {number}: format {format_:#04x}, expected a dense one")
        return _dense(reader, starts, counts)
    if format_ not in codecs:
        raise MalformedMessage(f"tensor {number}: format {format_:#04x}, expected {bits} bits and a known index codec")
    lengths = layout.chunk_starts[first + 1 : end + 1] - starts
    return _sparse(reader, codecs[format_], bits, starts, counts, lengths)


def _dense(reader: _Reader, starts: Int64, counts: Int64) -> _Section:
    shifts = _shifts(reader, len(counts))
    mantissas = reader.array(int(counts.sum()), "dense mantissas").view(np.int8)
    if mantissas.min() < -DENSE_MANTISSA_MAXIMUM:
        raise MalformedMessage(f"dense mantissa {mantissas.min()}, at least {-DENSE_MANTISSA_MAXIMUM}")
    positions = np.arange(starts[0], starts[0] + len(mantissas), dtype=np.int64)
    return _Section(positions, mantissas.astype(np.int16), shifts)


def _sparse(reader: _Reader, codec: IndexCodec, bits: int, starts: Int64, counts: Int64, lengths: Int64) -> _Section:
    entries = int(counts.sum())
    payload_bytes = reader.varint("index payload length")
    low = reader.array(len(counts), "low mantissas")
    high = reader.array(len(counts), "high mantissas") if bits == 2 else low
    shifts = _shifts(reader, len(counts))
    payload = reader.take(payload_bytes, "index payload")
    signs = reader.bitmap(entries, "signs")
    levels = reader.bitmap(entries, "levels") if bits == 2 else None
    positions = indices.decode(codec, payload, counts, lengths)
    positions += np.repeat(starts, counts)
    mantissas = np.repeat(low.astype(np.int16), counts)
    if levels is not None:
        _check_levels(low, high, levels, counts)
        mantissas += levels * np.repeat(high.astype(np.int16) - low, counts)
    if signs[mantissas == 0].any():
        raise MalformedMessage("an entry of zero has a sign")
    mantissas *= 1 - 2 * signs.astype(np.int16)
    return _Section(positions, mantissas, shifts)


def _shifts(reader: _Reader, chunks: int) -> UInt8:
    shifts = reader.array(chunks, "shifts").copy()  # the message's bytes shall not stay alive for it
    if shifts.max() > SHIFT_MAXIMUM:
        raise MalformedMessage(f"shift {shifts.max()}, at most {SHIFT_MAXIMUM}")
    return shifts


def _check_levels(low: UInt8, high: UInt8, levels: UInt8, counts: Int64) -> None:
    """Two mantissas mean low < high, both in use; one mantissa is written twice and no level is set."""
    if (low > high).any():
        raise MalformedMessage("a low mantissa above the high one")
    set_levels = np.add.reduceat(levels, np.cumsum(counts) - counts, dtype=np.int64)
    same = low == high
    if set_levels[same].any():
        raise MalformedMessage("levels are set in a chunk with one mantissa")
    if (~same & ((set_levels == 0) | (set_levels == counts))).any():
        raise MalformedMessage("a chunk has two mantissas and uses one")


def _joined(arrays: list[npt.NDArray[T]]) -> npt.NDArray[T]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

"""Reading a record of an update as the contract reads it: strictly, and one element of it.

`node.codec.records` makes records. Whatever it cannot make is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from contracts.disputes import Tensor
from node.codec.records import LEVEL_BIT, SIGN_BIT, WORD_BYTES
from node.codec.section import DENSE_BITS
from node.codec.update import DENSE_MANTISSA_MAXIMUM, SHIFT_MAXIMUM
from node.manifest import CHUNK_LENGTH

_ENTRY_BYTES = 2
_HEAD_WIDTHS = (4, 4, 8, 4, 4, 1)


@dataclass(frozen=True)
class Chunk:
    """What a chunk's record must begin with, and the element that is asked for. `index`: of the record."""

    head: bytes
    index: int
    length: int
    count: int
    element: int
    bits: int


def chunk_at(tensor: Tensor, tensor_index: int, coordinate: int) -> Chunk:
    """The chunk of a tensor that a coordinate in it is in."""
    within, element = divmod(coordinate - tensor.start, CHUNK_LENGTH)
    start = tensor.start + within * CHUNK_LENGTH
    length = min(CHUNK_LENGTH, tensor.start + tensor.size - start)
    k = tensor.entries_per_chunk
    count = length if k == 0 else max(1, math.ceil(k * length / CHUNK_LENGTH))
    fields = (tensor_index, within, start, length, count, tensor.bits)
    head = b"".join(value.to_bytes(width, "big") for value, width in zip(fields, _HEAD_WIDTHS, strict=True))
    return Chunk(head, tensor.first_chunk + within, length, count, element, tensor.bits)


def value_at(record: bytes, chunk: Chunk) -> int | None:
    """What a record says about the element, times 2^40; 0 where it does not carry it. None: it is no record."""
    length = _ENTRY_BYTES * chunk.count
    if len(record) != WORD_BYTES + length + -length % WORD_BYTES or not record.startswith(chunk.head):
        return None
    shift, low, high = record[len(chunk.head) : len(chunk.head) + 3]
    if shift > SHIFT_MAXIMUM or any(record[len(chunk.head) + 3 : WORD_BYTES]) or any(record[WORD_BYTES + length :]):
        return None
    data = record[WORD_BYTES : WORD_BYTES + length]
    mantissa = (_dense if chunk.bits == DENSE_BITS else _sparse)(data, low, high, chunk)
    return None if mantissa is None else mantissa << shift


def _dense(data: bytes, low: int, high: int, chunk: Chunk) -> int | None:
    at = _ENTRY_BYTES * chunk.element
    mantissa = int.from_bytes(data[at : at + _ENTRY_BYTES], "big", signed=True)
    return mantissa if low == high == 0 and abs(mantissa) <= DENSE_MANTISSA_MAXIMUM else None


def _sparse(data: bytes, low: int, high: int, chunk: Chunk) -> int | None:
    """Indices rise; two levels are both in use; nothing is minus zero."""
    if low > high or (low != high and chunk.bits != 2):
        return None
    found, least, highs = 0, 0, 0
    for at in range(0, len(data), _ENTRY_BYTES):
        entry = int.from_bytes(data[at : at + _ENTRY_BYTES], "big")
        index, level, sign = entry % CHUNK_LENGTH, entry >> LEVEL_BIT & 1, entry >> SIGN_BIT
        if index < least or index >= chunk.length or entry >> 12 & 3:
            return None
        least, highs = index + 1, highs + level
        mantissa = high if level else low
        if sign and mantissa == 0:
            return None
        if index == chunk.element:
            found = -mantissa if sign else mantissa
    in_use = highs == 0 if low == high else 0 < highs < chunk.count
    return found if in_use else None

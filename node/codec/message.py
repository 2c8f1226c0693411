"""The wire format FXW1: writing an update.

Little-endian. Header: "FXW1", version, run id 32, round u32, seat u32, base digest 32, manifest digest 32, then the
number of sections as a varint. One section a tensor, in manifest order:

    tensor id     varint
    codec         u8: 0 Rice, 1 varint + zstd, 2 dense
    bits          u8: 1 or 2, 8 for dense
    k, chunks     varints; as the manifest has them
    index length  varint, bytes; then for Rice the parameter, u8        (not for dense)
    scales        u8 a chunk; with 2 bits the upper ones after the lower ones   (not for dense)
    shifts        u8 a chunk
    index         gaps between the tensor's ascending positions, minus one      (dense: int8 mantissas)
    signs         a bit an entry, 1 = negative; with 2 bits then a bit an entry for the level

Bitmaps are padded with zero bits; bit 0 of a byte is its lowest. Small varint section heads keep small models small.

Shape legend: d = parameters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.codec import rice, varint
from node.codec.quantise import quantise_dense, quantise_sparse
from node.codec.select import select
from node.codec.update import MessageHeader
from node.errors import NodeError
from node.manifest import Layout, Manifest

MAGIC = b"FXW1"
VERSION = 1
CODEC_RICE, CODEC_VARINT, CODEC_DENSE = 0, 1, 2
DENSE_BITS = 8


class UnencodableVector(NodeError):
    """A vector that no message can carry: wrong shape, or values that are not finite."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"update cannot be encoded: {reason}")
        self.reason = reason


def encode(vector: npt.NDArray[np.float32], manifest: Manifest, header: MessageHeader) -> bytes:
    """Message bytes for `vector`, float32 (d,): the largest entries of every chunk. Raises UnencodableVector."""
    layout = manifest.layout
    if vector.shape != (layout.parameter_count,) or vector.dtype != np.float32:
        raise UnencodableVector(f"{vector.dtype} {vector.shape}, expected float32 ({layout.parameter_count},)")
    if not np.isfinite(vector).all():
        raise UnencodableVector(f"{int((~np.isfinite(vector)).sum())} values are not finite")
    positions = select(vector, layout)
    bounds = np.searchsorted(positions, layout.tensor_starts)
    sections = [
        _section(vector, layout, index, positions[bounds[index] : bounds[index + 1]])
        for index in range(len(layout.tensors))
    ]
    return header_bytes(header) + varint.write_number(len(sections)) + b"".join(sections)


def header_bytes(header: MessageHeader) -> bytes:
    """The fixed part in front of the sections."""
    return b"".join(
        (
            MAGIC,
            bytes([VERSION]),
            header.run_id,
            header.round.to_bytes(4, "little"),
            header.seat.to_bytes(4, "little"),
            header.base_digest,
            header.manifest_digest,
        )
    )


def _section(vector: npt.NDArray[np.float32], layout: Layout, index: int, positions: npt.NDArray[np.int64]) -> bytes:
    tensor = layout.tensors[index]
    chunks = slice(int(layout.tensor_chunks[index]), int(layout.tensor_chunks[index + 1]))
    counts = layout.chunk_counts[chunks]
    values = vector[positions]
    dense = tensor.entries_per_chunk == 0
    head = varint.write_number(index)
    tail = varint.write_number(tensor.entries_per_chunk) + varint.write_number(len(counts))
    if dense:
        mantissas, shifts = quantise_dense(values, counts)
        return head + bytes([CODEC_DENSE, DENSE_BITS]) + tail + shifts.tobytes() + mantissas.tobytes()
    quantised = quantise_sparse(values, counts, tensor.bits)
    codec, parameter, payload = _code_gaps(np.diff(positions, prepend=layout.tensor_starts[index] - 1) - 1)
    two = tensor.bits == 2
    return b"".join(
        (
            head,
            bytes([codec, tensor.bits]),
            tail,
            varint.write_number(len(payload)),
            parameter,
            quantised.low.tobytes(),
            quantised.high.tobytes() if two else b"",
            quantised.shifts.tobytes(),
            payload,
            _bitmap(quantised.negative),
            _bitmap(quantised.upper) if two else b"",
        )
    )


def _code_gaps(gaps: npt.NDArray[np.int64]) -> tuple[int, bytes, bytes]:
    """The shorter of both index codes, Rice when they are equal: codec, its parameter byte if any, payload."""
    parameter = rice.best_parameter(gaps)
    spread, clustered = rice.encode(gaps, parameter), varint.encode(gaps)
    if len(spread) + 1 <= len(clustered):
        return CODEC_RICE, bytes([parameter]), spread
    return CODEC_VARINT, b"", clustered


def _bitmap(flags: npt.NDArray[np.bool_]) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()

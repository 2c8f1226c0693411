"""Writing a message (FXW1): header, number of sections (varint), one section a tensor in manifest order.

Parameters in, bytes out: keep the largest magnitudes of each chunk, give each chunk its scale, code the rest. Only the
bytes matter to others, so this half may use floats; error feedback subtracts what the *parsed* message decodes to.

Shape legend: d = parameters, N = chunks, L = length of a chunk, k = entries a chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from node.codec import indices, quantise, select
from node.codec.errors import UnencodableVector
from node.codec.header import MessageHeader
from node.codec.section import DENSE_BITS, format_byte
from node.manifest import Layout, Manifest, TensorSpec
from node.storage import varint

Float32 = npt.NDArray[np.float32]

# An update as large as the range of the state (int32 on a grid 2^-26) is no update but a run that blew up.
MAGNITUDE_LIMIT: Final = 32.0


def encode(vector: Float32, manifest: Manifest, header: MessageHeader) -> bytes:
    """Return the message bytes for an update `vector` float32 (d,), what the swarm shall subtract from its state.

    Raises UnencodableVector for another length or type, NaN, infinity or a magnitude of 32 and more.
    """
    layout = manifest.layout
    _check(vector, layout)
    vector = np.ascontiguousarray(vector)
    parts = [header.to_bytes(), varint.encode(len(layout.tensors))]
    for number, tensor in enumerate(layout.tensors):
        write = _sparse_section if tensor.entries_per_chunk else _dense_section
        parts += write(vector, layout, number, tensor)
    return b"".join(parts)


def _check(vector: Float32, layout: Layout) -> None:
    if vector.shape != (layout.parameter_count,) or vector.dtype != np.float32:
        raise UnencodableVector(
            f"{vector.dtype} of shape {vector.shape}, expected float32 of shape ({layout.parameter_count},)"
        )
    # A comparison with NaN is false, so NaN takes this branch too.
    if not (vector.max() < MAGNITUDE_LIMIT and vector.min() > -MAGNITUDE_LIMIT):
        first = int(np.flatnonzero(~(np.abs(vector) < MAGNITUDE_LIMIT))[0])
        raise UnencodableVector(f"coordinate {first} is {vector[first]}, expected a magnitude below {MAGNITUDE_LIMIT}")


def _dense_section(vector: Float32, layout: Layout, number: int, tensor: TensorSpec) -> Iterator[bytes]:
    coded = [quantise.dense(values) for _, values in _chunk_matrices(vector, layout, number)]
    chunks = sum(len(shifts) for _, shifts in coded)
    yield varint.encode(number) + bytes((format_byte(DENSE_BITS, None),)) + varint.encode(0) + varint.encode(chunks)
    yield from (shifts.tobytes() for _, shifts in coded)
    yield from (mantissas.tobytes() for mantissas, _ in coded)


def _sparse_section(vector: Float32, layout: Layout, number: int, tensor: TensorSpec) -> Iterator[bytes]:
    scales: list[quantise.Scales] = []
    kept_parts, sign_parts, counts = [], [], []
    for count, values in _chunk_matrices(vector, layout, number):
        kept, survivors = select.largest(values, count)
        magnitudes = quantise.grid_magnitudes(survivors)
        scale = quantise.two_scales(magnitudes) if tensor.bits == 2 else quantise.one_scale(magnitudes)
        zero = np.where(scale.levels, scale.high[:, np.newaxis], scale.low[:, np.newaxis]) == 0
        scales.append(scale)
        kept_parts.append(kept.ravel())
        sign_parts.append(((survivors < 0) & ~zero).ravel())  # an integer knows no negative zero
        counts.append(np.full(len(kept), count, dtype=np.int64))
    all_counts = np.concatenate(counts)
    codec, payload = indices.encode(np.concatenate(kept_parts), all_counts)
    yield varint.encode(number) + bytes((format_byte(tensor.bits, codec),))
    yield varint.encode(tensor.entries_per_chunk) + varint.encode(len(all_counts)) + varint.encode(len(payload))
    yield from (scale.low.tobytes() for scale in scales)
    if tensor.bits == 2:
        yield from (scale.high.tobytes() for scale in scales)
    yield from (scale.shifts.tobytes() for scale in scales)
    yield payload
    yield np.packbits(np.concatenate(sign_parts), bitorder="little").tobytes()
    if tensor.bits == 2:
        levels = np.concatenate([scale.levels.ravel() for scale in scales])
        yield np.packbits(levels, bitorder="little").tobytes()


def _chunk_matrices(vector: Float32, layout: Layout, number: int) -> Iterator[tuple[int, Float32]]:
    """Entries a chunk and chunks as rows: of the full chunks of a tensor (N, 4096), then of a shorter last one."""
    first, end = int(layout.tensor_chunks[number]), int(layout.tensor_chunks[number + 1])
    starts, counts = layout.chunk_starts[first : end + 1], layout.chunk_counts[first:end]
    lengths = np.diff(starts)
    short = first != end - 1 and lengths[-1] != lengths[0]
    full = len(lengths) - 1 if short else len(lengths)
    yield int(counts[0]), vector[starts[0] : starts[full]].reshape(full, int(lengths[0]))
    if short:
        yield int(counts[-1]), vector[starts[full] : starts[full + 1]].reshape(1, int(lengths[-1]))

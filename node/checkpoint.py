"""Checkpoints: the model as canonical integer bytes, and the ways in and out of floats.

Bytes: a canonical CBOR map {kind, manifest, round, previous, seats}, then theta as int32 little-endian, tensor after
tensor in manifest order, then the seats' histories: for each seat, ascending, its number and age as uint32, its merit
and its two sketches as int64. Without `history_buckets` in the manifest the sketches are empty. Equal states give equal
bytes, so the content identifier of the bytes is the identity of the checkpoint. safetensors is an export for people:
its file bytes are not canonical and are never hashed.

Shape legend: d = parameters, S = seats with a history, B = buckets.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import cbor2
import numpy as np
import numpy.typing as npt
import safetensors.numpy

from node import plain_cbor
from node.aggregation.contribution import MERIT_LIMIT
from node.aggregation.history import MOST_SEATS, SKETCH_LIMIT, Histories
from node.aggregation.judgement import State
from node.errors import MalformedCheckpoint
from node.manifest import Manifest, TensorSpec
from node.merkle import HASH_BYTES, ZERO_HASH, PositionTree
from node.storage.unixfs import root_of

KIND: Final = "swarmproof-checkpoint-1"
PARAMETERS_PER_LEAF: Final = 64
MAXIMUM_HEADER_BYTES: Final = 256
MAXIMUM_ROUND: Final = (1 << 64) - 1

Theta = npt.NDArray[np.int32]
Vector = npt.NDArray[np.float32]

_INT32 = np.iinfo(np.int32)
_WORD_BYTES = 4
_NO_HISTORIES = Histories((), (), np.zeros((0, 2, 0), dtype=np.int64), ())


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state that round `round` ended with (0: genesis). `theta` int32 (d,), value * 2^G; cannot be written to.

    `manifest_digest` and `previous_digest` (of the checkpoint before, zero for genesis) are 32 bytes. `histories`: what
    is remembered of the seats.
    """

    manifest_digest: bytes
    round: int
    previous_digest: bytes
    theta: Theta
    histories: Histories = field(default=_NO_HISTORIES)

    def __post_init__(self) -> None:
        if self.theta.dtype != np.int32 or self.theta.ndim != 1:
            raise MalformedCheckpoint(f"state of dtype {self.theta.dtype} and shape {self.theta.shape}")
        if not 0 <= self.round <= MAXIMUM_ROUND:
            raise MalformedCheckpoint(f"round {self.round}")
        for name in ("manifest_digest", "previous_digest"):
            if len(getattr(self, name)) != HASH_BYTES:
                raise MalformedCheckpoint(f"{name} of {len(getattr(self, name))} bytes, expected {HASH_BYTES}")
        self.theta.setflags(write=False)  # the digest is computed once
        self.histories.sketches.setflags(write=False)

    @property
    def state(self) -> State:
        """What the next round starts from."""
        return State(self.theta, self.histories)

    def to_bytes(self) -> bytes:
        """Canonical bytes: what is stored, hashed and signed."""
        return self._header() + self.theta.astype("<i4", copy=False).tobytes() + _history_bytes(self.histories)

    @classmethod
    def from_bytes(cls, data: bytes, manifest: Manifest) -> Checkpoint:
        """Read canonical bytes of a checkpoint of this manifest. Raises MalformedCheckpoint for anything else."""
        header, start = _read_header(data[:MAXIMUM_HEADER_BYTES])
        split = start + _WORD_BYTES * manifest.layout.parameter_count
        length = split + header["seats"] * _record(manifest.history_buckets).itemsize
        if len(data) != length:
            raise MalformedCheckpoint(
                f"{len(data)} bytes for {manifest.layout.parameter_count} parameters and {header['seats']} histories "
                f"of {manifest.history_buckets} buckets, expected {length}"
            )
        theta = np.frombuffer(data[start:split], dtype="<i4").astype(np.int32)
        histories = _read_histories(data[split:], manifest.history_buckets, header["round"])
        checkpoint = cls(header["manifest"], header["round"], header["previous"], theta, histories)
        if checkpoint._header() != data[:start]:
            raise MalformedCheckpoint("the header is not canonical")
        if checkpoint.manifest_digest != manifest.digest:
            found, expected = checkpoint.manifest_digest.hex(), manifest.digest.hex()
            raise MalformedCheckpoint(f"of manifest {found}, expected {expected}")
        return checkpoint

    @cached_property
    def digest(self) -> bytes:
        """Digest of its content identifier, 32 bytes."""
        return root_of(self.to_bytes()).digest

    @cached_property
    def data_root(self) -> bytes:
        """Root of the `PositionTree` over 64 parameters a leaf, which a contract can open one leaf of."""
        return PositionTree(data_leaves(self.theta)).root

    def _header(self) -> bytes:
        document = {
            "kind": KIND,
            "manifest": self.manifest_digest,
            "round": self.round,
            "previous": self.previous_digest,
            "seats": len(self.histories.seats),
        }
        return cbor2.dumps(document, canonical=True)


def checkpoint_limit_bytes(manifest: Manifest, *, seats: int = MOST_SEATS) -> int:
    """No checkpoint of this manifest that remembers so many seats is longer."""
    histories = seats * _record(manifest.history_buckets).itemsize
    return MAXIMUM_HEADER_BYTES + _WORD_BYTES * manifest.layout.parameter_count + histories


def data_leaves(theta: Theta) -> list[bytes]:
    """Cut the state into leaves of 256 bytes, 64 parameters each as int32 little-endian; the last is zero-padded."""
    size = PARAMETERS_PER_LEAF * _WORD_BYTES
    data = theta.astype("<i4", copy=False).tobytes()
    data += bytes(-len(data) % size)
    return [data[at : at + size] for at in range(0, len(data), size)]


def genesis(manifest: Manifest) -> Checkpoint:
    """The state before the first round: a function of the manifest in integers only, so that anyone can recompute it.

    Tensors of two or more dimensions are uniform in +-1/sqrt(fan_in) (fan_in: elements per first index), drawn from
    shake-256 of the manifest's digest and the tensor's name; one-dimensional tensors are zero.
    """
    parts = [_initial(tensor, manifest.digest) for tensor in manifest.tensors]
    return Checkpoint(manifest.digest, 0, ZERO_HASH, np.concatenate(parts), Histories.empty(manifest))


def quantise(vector: npt.NDArray[np.floating[Any]], manifest: Manifest) -> Theta:
    """Round floats (d,) to the grids of the manifest: int32 (d,), saturating. Raises ValueError on NaN."""
    if np.isnan(vector).any():
        raise ValueError("a parameter is not a number")
    theta = np.empty(manifest.layout.parameter_count, dtype=np.int32)
    for tensor, part in _parts(manifest):
        scaled = np.rint(vector[part].astype(np.float64) * float(1 << tensor.grid_bits))
        theta[part] = np.clip(scaled, _INT32.min, _INT32.max)
    return theta


def dequantise(theta: Theta, manifest: Manifest) -> Vector:
    """float32 (d,) of a state: one correctly rounded conversion, then an exact power of two."""
    vector = theta.astype(np.float32)
    for tensor, part in _parts(manifest):
        vector[part] *= np.float32(2.0**-tensor.grid_bits)
    return vector


def flatten(tensors: Mapping[str, npt.NDArray[Any]], manifest: Manifest) -> Vector:
    """Lay named tensors out as the flat vector, float32 (d,). Raises ValueError unless names and shapes fit."""
    expected = {tensor.name: tensor.shape for tensor in manifest.tensors}
    found = {name: tuple(array.shape) for name, array in tensors.items()}
    if found != expected:
        raise ValueError(f"tensors {found} do not fit the manifest's {expected}")
    vector = np.empty(manifest.layout.parameter_count, dtype=np.float32)
    for tensor, part in _parts(manifest):
        vector[part] = tensors[tensor.name].ravel(order=_numpy_order(tensor))
    return vector


def unflatten(vector: Vector, manifest: Manifest) -> dict[str, Vector]:
    """Cut a flat vector (d,) into named tensors of their own shapes, C-contiguous. The inverse of `flatten`."""
    return {
        tensor.name: np.ascontiguousarray(vector[part].reshape(tensor.shape, order=_numpy_order(tensor)))
        for tensor, part in _parts(manifest)
    }


def to_tensors(checkpoint: Checkpoint, manifest: Manifest) -> dict[str, Vector]:
    """The model's float32 tensors by name, in their original shapes."""
    return unflatten(dequantise(checkpoint.theta, manifest), manifest)


def to_safetensors(checkpoint: Checkpoint, manifest: Manifest) -> bytes:
    """A safetensors file of the model for other tools; its metadata say which checkpoint it is."""
    metadata = {
        "manifest": "0x" + checkpoint.manifest_digest.hex(),
        "round": str(checkpoint.round),
        "checkpoint": "0x" + checkpoint.digest.hex(),
    }
    return bytes(safetensors.numpy.save(to_tensors(checkpoint, manifest), metadata=metadata))


def _read_header(data: bytes) -> tuple[dict[str, Any], int]:
    """The header and its length in bytes."""
    try:
        document, length = plain_cbor.load_first(data)
    except plain_cbor.NotPlainCbor as error:
        raise MalformedCheckpoint(f"the header is not CBOR: {error}") from error
    types = {"kind": str, "manifest": bytes, "round": int, "previous": bytes, "seats": int}
    if not isinstance(document, dict) or {key: type(value) for key, value in document.items()} != types:
        raise MalformedCheckpoint("the header does not have the right fields")
    if document["kind"] != KIND:
        raise MalformedCheckpoint(f"kind {document['kind']!r}, expected {KIND!r}")
    seats = document["seats"]
    if not isinstance(seats, int) or not 0 <= seats <= MOST_SEATS:
        raise MalformedCheckpoint(f"{seats!r} seats, expected 0 to {MOST_SEATS}")
    return dict(document), length


def _record(buckets: int) -> np.dtype[Any]:
    """One seat's history in bytes."""
    return np.dtype([("seat", "<u4"), ("age", "<u4"), ("merit", "<i8"), ("sketches", "<i8", (2, buckets))])


def _history_bytes(histories: Histories) -> bytes:
    records = np.zeros(len(histories.seats), dtype=_record(histories.sketches.shape[2]))
    records["seat"], records["age"], records["merit"] = histories.seats, histories.ages, histories.merits
    records["sketches"] = histories.sketches
    return records.tobytes()


def _read_histories(data: bytes, buckets: int, round: int) -> Histories:
    """What rounds can lead to and nothing else: the next one adds to it, and must not overflow."""
    records = np.frombuffer(data, dtype=_record(buckets)) if data else np.zeros(0, dtype=_record(buckets))
    seats, ages = records["seat"].tolist(), records["age"].tolist()
    for before, seat in pairwise(seats):
        if seat <= before:
            raise MalformedCheckpoint(f"history of seat {seat} after that of seat {before}, expected ascending seats")
    for seat, age in zip(seats, ages, strict=True):
        if not 1 <= age <= round:
            raise MalformedCheckpoint(f"age {age} of seat {seat}, expected 1 to the round, {round}")
    merits = records["merit"].tolist()
    for seat, merit in zip(seats, merits, strict=True):
        if abs(merit) > MERIT_LIMIT:
            raise MalformedCheckpoint(f"merit {merit} of seat {seat}, expected at most {MERIT_LIMIT} in magnitude")
    sketches = records["sketches"].astype(np.int64)
    if ((sketches <= -SKETCH_LIMIT) | (sketches >= SKETCH_LIMIT)).any():
        raise MalformedCheckpoint(f"a memory reaches {SKETCH_LIMIT} in magnitude, expected less")
    return Histories(tuple(seats), tuple(ages), sketches, tuple(merits))


def _initial(tensor: TensorSpec, manifest_digest: bytes) -> Theta:
    if len(tensor.shape) == 1:
        return np.zeros(tensor.size, dtype=np.int32)
    fan_in = math.prod(tensor.shape[1:])
    bound = math.isqrt((1 << 2 * tensor.grid_bits) // fan_in)
    stream = hashlib.shake_256(b"swarmproof genesis" + manifest_digest + tensor.name.encode())
    words = np.frombuffer(stream.digest(_WORD_BYTES * tensor.size), dtype="<u4").astype(np.uint64)
    # bound <= 2^30, so the product stays below 2^64.
    scaled = (words * np.uint64(2 * bound + 1)) >> np.uint64(32)
    return (scaled.astype(np.int64) - bound).astype(np.int32)


def _parts(manifest: Manifest) -> list[tuple[TensorSpec, slice]]:
    starts = manifest.layout.tensor_starts.tolist()
    return [(tensor, slice(starts[i], starts[i + 1])) for i, tensor in enumerate(manifest.tensors)]


def _numpy_order(tensor: TensorSpec) -> Any:
    return "C" if tensor.order == "row" else "F"

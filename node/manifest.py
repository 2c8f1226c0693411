"""The manifest: everything about a project that its peers must agree on before the first step.

Its canonical CBOR bytes are published by the factory contract; their sha2-256 digest is on-chain and in every message.
Two peers with the same digest therefore cut the parameters into the same chunks, use the same grids and the same rule.

The layout it implies: all parameters form one flat vector of length d, tensor after tensor in manifest order, each
flattened in its own `order`. A chunk is up to `CHUNK_LENGTH` consecutive elements of one tensor.

Shape legend: d = parameters, N = chunks.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import cbor2
import numpy as np
import numpy.typing as npt

from node import plain_cbor
from node.errors import ManifestError

CHUNK_LENGTH = 4096
MANIFEST_VERSION = 1
MAXIMUM_MANIFEST_BYTES = 1 << 20
MAXIMUM_PARAMETERS = 1 << 31  # 8 GiB of state
Q16_ONE = 1 << 16

Order = Literal["row", "column"]
Mean = Literal["plain", "contributor"]


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of the model: how it is flattened, quantised and stored.

    `grid_bits` G: the state holds value * 2^G as int32. `entries_per_chunk` k: survivors of a full chunk; 0 = dense.
    `bits`: 1 = sign and one scale a chunk, 2 = sign and two scales a chunk.
    """

    name: str
    shape: tuple[int, ...]
    entries_per_chunk: int
    order: Order = "row"
    grid_bits: int = 26
    bits: int = 1

    def __post_init__(self) -> None:
        _require_text("tensor name", self.name)
        _require(0 < len(self.name) <= 256, f"tensor name {self.name!r} must have 1 to 256 characters")
        _require(1 <= len(self.shape) <= 8, f"tensor {self.name}: {len(self.shape)} dimensions, expected 1 to 8")
        _require(all(0 < side < 1 << 31 for side in self.shape), f"tensor {self.name}: shape {self.shape}")
        _require(self.order in ("row", "column"), f"tensor {self.name}: order {self.order!r}")
        _require(0 <= self.entries_per_chunk <= CHUNK_LENGTH, f"tensor {self.name}: k = {self.entries_per_chunk}")
        _require(8 <= self.grid_bits <= 30, f"tensor {self.name}: grid bits {self.grid_bits}, expected 8 to 30")
        _require(self.bits in (1, 2), f"tensor {self.name}: bits {self.bits}, expected 1 or 2")

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class LocalTraining:
    """What a peer does between two checkpoints. Rates are integers so that the manifest holds no float."""

    optimizer: Literal["sgd", "adamw"] = "adamw"
    steps: int = 30
    batch_size: int = 32
    learning_rate_millionths: int = 1000
    momentum_thousandths: int = 900
    weight_decay_millionths: int = 0

    def __post_init__(self) -> None:
        _require(self.optimizer in ("sgd", "adamw"), f"optimizer {self.optimizer!r}")
        for item in fields(self):
            value = getattr(self, item.name)
            _require(item.name == "optimizer" or 0 <= value < 1 << 31, f"{item.name} = {value}")
        _require(self.steps > 0 and self.batch_size > 0, f"steps {self.steps}, batch size {self.batch_size}")


@dataclass(frozen=True)
class SpotChecks:
    """How much of the local training is done again by others (`node.checks`).

    `seats`: how many are checked in a round; 0 is none, as many as there are or more is all. `segments`: into how many
    parts a round of training is cut, of which one is replayed. `checkers`: accounts that replay each.
    `distance_bits`: by how many of 1,024 bits a replay may differ where it is not the same bit by bit.
    """

    seats: int = 64
    segments: int = 3
    checkers: int = 3
    distance_bits: int = 16

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            _require(isinstance(value, int) and value >= 0, f"checks: {item.name} = {value!r}")
        _require(self.seats < 1 << 31, f"checks: seats = {self.seats}")
        _require(1 <= self.segments <= 256, f"checks: {self.segments} segments, expected 1 to 256")
        _require(2 <= self.checkers <= 64, f"checks: {self.checkers} checkers, expected 2 to 64")
        _require(self.distance_bits <= 256, f"checks: distance_bits = {self.distance_bits}, expected 0 to 256")


@dataclass(frozen=True)
class Manifest:
    """Everything the peers of a project agree on. `alpha_q16` outer learning rate, `beta_q16` error feedback decay.

    `rule`: canonical name of the robust rule. `byzantine` f: the owner's upper bound on dishonest seats.
    `share_cap_q16`: the largest part of a round's pool one seat can earn. `history_buckets`: size of the sketch in
    which each seat's messages are remembered, a power of two; 0 where the rule needs no memory. `mean`: whether a
    coordinate is divided by the whole weight or by the weight present there; a rule on values (median, trimmed mean,
    ...) has a mean of its own and ignores it, and wants dense tensors. `task_options`: the task's own settings.
    `checks`: how training is checked.
    """

    task: str
    tensors: tuple[TensorSpec, ...]
    rule: str
    byzantine: int
    alpha_q16: int
    beta_q16: int = 62259
    mean: Mean = "plain"
    minimum_support: int = 1
    share_cap_q16: int = Q16_ONE
    history_buckets: int = 0
    seed: int = 0
    split: str = "iid"
    shard_count: int = 1
    local: LocalTraining = field(default_factory=LocalTraining)
    checks: SpotChecks = field(default_factory=SpotChecks)
    task_options: Mapping[str, int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("task", "rule", "split"):
            _require_text(name, getattr(self, name))
        for name, option in self.task_options.items():
            _require(isinstance(option, int | str), f"task option {name!r} is {option!r}, expected number or text")
        _require(len(self.tensors) > 0, "no tensors")
        total = sum(tensor.size for tensor in self.tensors)
        _require(total <= MAXIMUM_PARAMETERS, f"{total} parameters, at most {MAXIMUM_PARAMETERS}")
        names = [tensor.name for tensor in self.tensors]
        _require(len(set(names)) == len(names), f"tensor names repeat: {names}")
        _require(0 < self.alpha_q16 <= 64 * Q16_ONE, f"alpha_q16 = {self.alpha_q16}, expected 1 to {64 * Q16_ONE}")
        _require(0 <= self.beta_q16 <= Q16_ONE, f"beta_q16 = {self.beta_q16}, expected 0 to {Q16_ONE}")
        _require(0 < self.share_cap_q16 <= Q16_ONE, f"share_cap_q16 = {self.share_cap_q16}")
        buckets = self.history_buckets
        _require(
            buckets == 0 or 16 <= buckets <= 1 << 16, f"history_buckets = {buckets}, expected 0 or 16 to {1 << 16}"
        )
        _require(buckets & (buckets - 1) == 0, f"history_buckets = {buckets} is not a power of two")
        _require(self.mean in ("plain", "contributor"), f"mean {self.mean!r}")
        _require(self.byzantine >= 0 and self.minimum_support >= 1 and self.shard_count >= 1, "negative count")
        _require(0 <= self.seed < 1 << 63, f"seed {self.seed}, expected 0 to 2^63 - 1")

    def checking(self, seats: int | None) -> Manifest:
        """The same with so many seats checked a round; unchanged for None."""
        return self if seats is None else replace(self, checks=replace(self.checks, seats=seats))

    @cached_property
    def layout(self) -> Layout:
        """Where each tensor and chunk lies in the flat vector."""
        return Layout.of(self.tensors)

    def to_bytes(self) -> bytes:
        """Canonical CBOR (RFC 8949, 4.2): the bytes whose digest is on-chain."""
        document: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        document["version"] = MANIFEST_VERSION
        document["chunk_length"] = CHUNK_LENGTH
        document["local"] = asdict(self.local)
        if self.checks == NO_CHECKS:  # a project without them is described as if there were none
            del document["checks"]
        else:
            document["checks"] = asdict(self.checks)
        document["task_options"] = dict(self.task_options)
        document["tensors"] = [
            {item.name: _plain(getattr(tensor, item.name)) for item in fields(tensor)} for tensor in self.tensors
        ]
        return cbor2.dumps(document, canonical=True)

    @cached_property
    def digest(self) -> bytes:
        """sha2-256 of the canonical bytes, 32 bytes."""
        return hashlib.sha256(self.to_bytes()).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read canonical bytes; raises ManifestError for anything else, whatever the bytes are."""
        if len(data) > MAXIMUM_MANIFEST_BYTES:
            raise ManifestError(f"manifest of {len(data)} bytes, at most {MAXIMUM_MANIFEST_BYTES}")
        try:
            document: Any = plain_cbor.load(data)
            version, chunk_length = document.pop("version"), document.pop("chunk_length")
            _require(version == MANIFEST_VERSION, f"version {version}, expected {MANIFEST_VERSION}")
            _require(chunk_length == CHUNK_LENGTH, f"chunk length {chunk_length}, expected {CHUNK_LENGTH}")
            tensors = tuple(
                TensorSpec(**{**tensor, "shape": tuple(tensor["shape"])}) for tensor in document.pop("tensors")
            )
            local = LocalTraining(**document.pop("local"))
            checks = SpotChecks(**document.pop("checks")) if "checks" in document else NO_CHECKS
            manifest = cls(tensors=tensors, local=local, checks=checks, **document)
            canonical = manifest.to_bytes() == data
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ManifestError(f"manifest cannot be read: {error!r}") from error
        _require(canonical, "manifest bytes are not canonical")
        return manifest


@dataclass(frozen=True)
class Layout:
    """The flat vector: tensors, then chunks inside them. All arrays are int64 and must not be written to.

    `tensor_starts` (T+1,): offsets of tensors. `chunk_starts` (N+1,): offsets of chunks. `chunk_counts` (N,): entries a
    message carries for each. `chunk_tensors` (N,): index of the tensor. `tensor_chunks` (T+1,): first chunk of each.
    """

    tensors: tuple[TensorSpec, ...]
    tensor_starts: npt.NDArray[np.int64]
    tensor_chunks: npt.NDArray[np.int64]
    chunk_starts: npt.NDArray[np.int64]
    chunk_counts: npt.NDArray[np.int64]
    chunk_tensors: npt.NDArray[np.int64]

    @classmethod
    def of(cls, tensors: tuple[TensorSpec, ...]) -> Layout:
        """Cut the tensors into chunks."""
        sizes = np.array([tensor.size for tensor in tensors], dtype=np.int64)
        tensor_starts = np.concatenate(([0], np.cumsum(sizes)))
        chunks = -(-sizes // CHUNK_LENGTH)
        tensor_chunks = np.concatenate(([0], np.cumsum(chunks)))
        chunk_tensors = np.repeat(np.arange(len(tensors), dtype=np.int64), chunks)
        within = np.arange(tensor_chunks[-1], dtype=np.int64) - tensor_chunks[chunk_tensors]
        starts = tensor_starts[chunk_tensors] + within * CHUNK_LENGTH
        chunk_starts = np.concatenate((starts, tensor_starts[-1:]))
        lengths = np.diff(chunk_starts)
        k = np.array([tensor.entries_per_chunk for tensor in tensors], dtype=np.int64)[chunk_tensors]
        # A short last chunk keeps the same density, so its share of the bytes is its share of the parameters.
        counts = np.where(k == 0, lengths, np.maximum(1, -(-k * lengths // CHUNK_LENGTH)))
        return cls(tensors, tensor_starts, tensor_chunks, chunk_starts, counts, chunk_tensors)

    @property
    def parameter_count(self) -> int:
        """d, the length of the flat vector."""
        return int(self.tensor_starts[-1])

    @property
    def chunk_count(self) -> int:
        """N, the number of chunks."""
        return len(self.chunk_counts)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ManifestError(message)


def _require_text(what: str, value: object) -> None:
    _require(isinstance(value, str), f"{what} {value!r} is not text")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


NO_CHECKS = SpotChecks(seats=0)

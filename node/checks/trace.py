"""The trace of a seat's round: digests of everything a checker needs to do any part of the training again.

A round of H local steps is cut into segments. The trace names the state at the end of each (parameters and what the
optimizer remembers; of the last one the parameters alone, because nothing follows but the message), and the error
feedback before and after. Every piece is an object of its own, served by digest; so is the trace, and its digest stands
in the header of the message. Whoever commits to a message has therefore committed to how it came about.

The salt makes the trace, and with it the message's digest, unpredictable: training is deterministic, so without it
whoever knows the data could compute everybody's messages and see the draw coming (`node.checks.draw`).

Shape legend: d = parameters, K = segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cbor2
import numpy as np
import numpy.typing as npt

from node import plain_cbor
from node.checks.segments import segments_of
from node.errors import NodeError
from node.manifest import LocalTraining, Manifest
from node.storage.unixfs import root_of
from node.training import LocalState, moments_of

DIGEST_BYTES: Final = 32
MAXIMUM_TRACE_BYTES: Final = 1 << 14

FloatVector = npt.NDArray[np.float32]


class MalformedTrace(NodeError):
    """A trace, or a piece of one, is not what it must be. Its seat committed to it, so this proves the fault."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed trace: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Trace:
    """`states`: digests (K,) of the states in which the segments end. All digests and the salt have 32 bytes."""

    salt: bytes
    states: tuple[bytes, ...]
    feedback_before: bytes
    feedback_after: bytes

    def to_bytes(self) -> bytes:
        """Canonical CBOR of [salt, states, feedback before, feedback after]."""
        return cbor2.dumps([self.salt, list(self.states), self.feedback_before, self.feedback_after], canonical=True)

    @classmethod
    def from_bytes(cls, data: bytes, manifest: Manifest) -> Trace:
        """Read a trace of a project. Raises MalformedTrace."""
        expected = len(segments_of(manifest))
        try:
            document: Any = plain_cbor.load(data)
            salt, states, before, after = document
            words = [salt, *states, before, after]
        except (plain_cbor.NotPlainCbor, TypeError, ValueError) as error:
            raise MalformedTrace(f"not a list of digests: {error}") from error
        if any(not isinstance(word, bytes) or len(word) != DIGEST_BYTES for word in words):
            raise MalformedTrace("not made of 32-byte words")
        trace = cls(salt, tuple(states), before, after)
        if trace.to_bytes() != data:
            raise MalformedTrace("not canonical CBOR")
        if len(states) != expected:
            raise MalformedTrace(f"{len(states)} states, expected {expected}")
        return trace


def record(
    states: Sequence[LocalState], before: FloatVector, after: FloatVector, *, salt: bytes
) -> tuple[Trace, tuple[bytes, ...]]:
    """The trace of a round and all its pieces. `states` (K + 1,): where it began and where each segment ended.

    `before`, `after` float32 (d,): error feedback. `salt`: 32 random bytes.
    """
    pieces = [state_bytes(state, last=state is states[-1]) for state in states[1:]]
    pieces += [vector_bytes(before), vector_bytes(after)]
    *ends, digest_before, digest_after = map(digest_of, pieces)
    return Trace(salt, tuple(ends), digest_before, digest_after), tuple(pieces)


def state_bytes(state: LocalState, *, last: bool) -> bytes:
    """A piece: the parameters, then (but for the last state) the moments, little-endian float32."""
    parts = (state.parameters,) if last else (state.parameters, *state.moments)
    return b"".join(vector_bytes(part) for part in parts)


def read_state(data: bytes, manifest: Manifest, *, last: bool) -> LocalState:
    """Read what `state_bytes` wrote. Raises MalformedTrace for another length or values that are not finite."""
    count = 1 if last else 1 + len(moments_of(manifest.local))
    parts = _vectors(data, count, manifest.layout.parameter_count)
    return LocalState(parts[0], tuple(parts[1:]))


def vector_bytes(vector: FloatVector) -> bytes:
    """A vector (d,) as a piece."""
    return vector.astype("<f4", copy=False).tobytes()


def read_vector(data: bytes, manifest: Manifest) -> FloatVector:
    """Read what `vector_bytes` wrote. Raises MalformedTrace."""
    return _vectors(data, 1, manifest.layout.parameter_count)[0]


def digest_of(data: bytes) -> bytes:
    """The digest by which an object is served."""
    return root_of(data).digest


def piece_limit_bytes(manifest: Manifest) -> int:
    """The length of the longest piece."""
    return max(MAXIMUM_TRACE_BYTES, 4 * manifest.layout.parameter_count * (1 + _moment_count(manifest.local)))


def _moment_count(local: LocalTraining) -> int:
    return len(moments_of(local))


def _vectors(data: bytes, count: int, length: int) -> Sequence[FloatVector]:
    if len(data) != 4 * count * length:
        raise MalformedTrace(f"a piece of {len(data)} bytes, expected {count} times {length} floats")
    values = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if not np.isfinite(values).all():
        raise MalformedTrace("a piece with values that are not finite")
    return np.split(values, count)

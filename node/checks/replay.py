"""The check of one seat: was this message made by this training of this shard from this checkpoint? Pure but for torch.

Two questions, both answered for every seat that is drawn. Does the message follow from where the training is said to
have ended (`check_message`)? Does the drawn segment lead where it is said to lead (`replay`)? Without the first, an
honest training could stand beside any message; without the second, any message could stand on invented states.

Every fault here is proven by what the seat committed to: it is raised as FailedCheck.

Shape legend: d = parameters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from node.checks.compare import distances
from node.checks.segments import segments_of
from node.checks.trace import Trace, digest_of, state_bytes, vector_bytes
from node.codec import UnencodableVector, Update, data_leaves, decode, encode, parse
from node.errors import NodeError
from node.manifest import Manifest
from node.merkle import PositionTree
from node.training import ErrorFeedback, LocalState, Trainer, TrainingDiverged

FloatVector = npt.NDArray[np.float32]


class FailedCheck(NodeError):
    """A seat's message does not follow from training as the manifest has it."""

    def __init__(self, seat: int, cause: str) -> None:
        super().__init__(f"seat {seat} failed its check: {cause}")
        self.seat, self.cause = seat, cause


def check_message(
    update: Update, manifest: Manifest, trace: Trace, start: LocalState, end: FloatVector, feedback: FloatVector
) -> None:
    """Raise FailedCheck unless `update` is what an honest seat encodes after training from `start` to `end`.

    `end` float32 (d,): parameters; `feedback` float32 (d,): what earlier messages left out. Both are what the trace
    names. Encoding rounds to integers at once, so the same floats give the same message on every machine.
    """
    seat = update.header.seat
    carried = ErrorFeedback(len(end), beta_q16=manifest.beta_q16)
    carried.residual = feedback
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # invented numbers may be of any size
            vector = carried.corrected(start.parameters - end)
        again = parse(encode(vector, manifest, update.header), manifest)
    except UnencodableVector as error:
        raise FailedCheck(seat, f"its training cannot be encoded: {error}") from error
    roots = [PositionTree(data_leaves(item, manifest.layout)).root for item in (again, update)]
    if roots[0] != roots[1]:
        raise FailedCheck(seat, "its message does not follow from where its training ended")
    carried.sent(decode(update, manifest.layout))
    if digest_of(vector_bytes(carried.residual)) != trace.feedback_after:
        raise FailedCheck(seat, "its error feedback is not what the message left out")


def replay(
    trainer: Trainer, manifest: Manifest, start: LocalState, *, round_number: int, seat: int, segment: int
) -> LocalState:
    """Do the steps of a segment again. Raises FailedCheck when they lead nowhere: honest training would have ended."""
    try:
        return trainer.advance(start, round_number, segments_of(manifest)[segment])
    except TrainingDiverged as error:
        raise FailedCheck(seat, str(error)) from error


def is_same(trace: Trace, segment: int, end: LocalState) -> bool:
    """Whether a replay ended in the very bits the trace names."""
    return digest_of(state_bytes(end, last=is_last(trace, segment))) == trace.states[segment]


def is_last(trace: Trace, segment: int) -> bool:
    """Whether nothing but the message follows a segment."""
    return segment == len(trace.states) - 1


def check_close(
    seat: int, manifest: Manifest, start: LocalState, ours: LocalState, theirs: LocalState, key: bytes
) -> None:
    """Raise FailedCheck unless what the trace says comes close enough to what a replay came to."""
    found = distances(start, ours, theirs, manifest.local, key)
    bound = manifest.checks.distance_bits
    if not all(item.within(bound) for item in found):
        shown = ", ".join(f"{item.bits} bits and {item.length_ratio:.1%} in length" for item in found)
        raise FailedCheck(seat, f"a replay of its training differs by {shown}; at most {bound} bits may be")

"""The verdict of a committee: a star around the worker.

Worker and members each made the output on their own and revealed its 256-bit digest; two digests agree when they
differ in at most `threshold` bits. Most members agree with the worker: accept. Most disagree with it and agree with one
of themselves: reject. Anything else decides nothing, and a larger committee is drawn. `OutputCourt.sol` decides the
same, digest by digest.

Closeness is measured from the worker, or from one of those that contradict it, and never chained from member to member:
a chain of small steps leads from any output to any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DIGEST_BITS: Final = 256
# Two digests without anything in common lie this close with probability 9.4e-10; one bit more makes it 1.9e-9.
MAXIMUM_THRESHOLD: Final = 80


class Verdict(StrEnum):
    """What a committee says of the worker's output."""

    ACCEPT = "accept"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class RejectReason(StrEnum):
    """Why an output is rejected: the worker revealed nothing, or most members agree on something else."""

    NO_SHOW = "no-show"
    DISAGREEMENT = "disagreement"


@dataclass(frozen=True)
class Decision:
    """A verdict and what it rests on. Members are named by their place in the order drawn.

    `distances`: bits between worker and member, None where one of them revealed nothing. `near`: members within the
    threshold of the worker. `far`: members that count against it: of a disagreement the majority that agrees, else all
    others that revealed. `absent`: members that revealed nothing. `reason`: of a reject, only.
    """

    verdict: Verdict
    reason: RejectReason | None
    distances: tuple[int | None, ...]
    near: tuple[int, ...]
    far: tuple[int, ...]
    absent: tuple[int, ...]

    @property
    def right(self) -> tuple[int, ...]:
        """Members on the side of the verdict: they are paid. Nobody is when nothing was decided."""
        return {Verdict.ACCEPT: self.near, Verdict.REJECT: self.far, Verdict.INCONCLUSIVE: ()}[self.verdict]

    @property
    def wrong(self) -> tuple[int, ...]:
        """The others that revealed: each gets a strike. None when nothing was decided."""
        if self.verdict is Verdict.INCONCLUSIVE:
            return ()
        others = set(range(len(self.distances))) - {*self.right, *self.absent}
        return tuple(sorted(others))


def majority(size: int) -> int:
    """How many members of a committee decide: 2 of 3, 4 of 7, 8 of 15, 16 of 31."""
    return size // 2 + 1


def hamming(left: int, right: int) -> int:
    """Bits in which two digests differ, 0 to 256."""
    return (left ^ right).bit_count()


def decide(worker: int | None, members: Sequence[int | None], threshold: int) -> Decision:
    """Judge a worker's digest by those of the k members, in the order drawn; None: did not reveal.

    `threshold` in bits, 0 to 80. The majority is of all members, so absence never makes it easier to reach. A member
    that contradicts the worker counts only together with a majority that agrees with one of them: wrong outputs that
    have nothing in common cannot reject anybody. Where several members have such a majority around them, it is the one
    around the first. Raises ValueError for no members, a threshold out of range or a digest
    out of range.
    """
    _require_in_range(worker, members, threshold)
    revealed = [index for index, member in enumerate(members) if member is not None]
    absent = tuple(index for index, member in enumerate(members) if member is None)
    if worker is None:
        nothing = (None,) * len(members)
        return Decision(Verdict.REJECT, RejectReason.NO_SHOW, nothing, (), tuple(revealed), absent)
    distances = tuple(None if member is None else hamming(worker, member) for member in members)
    near = tuple(index for index, bits in enumerate(distances) if bits is not None and bits <= threshold)
    others = tuple(index for index in revealed if index not in near)
    needed = majority(len(members))
    if len(near) >= needed:
        return Decision(Verdict.ACCEPT, None, distances, near, others, absent)
    contradicting = {index: member for index in others if (member := members[index]) is not None}
    agreeing = _agreeing(contradicting, needed, threshold)
    if agreeing:
        return Decision(Verdict.REJECT, RejectReason.DISAGREEMENT, distances, near, agreeing, absent)
    return Decision(Verdict.INCONCLUSIVE, None, distances, near, others, absent)


def _agreeing(digests: Mapping[int, int], needed: int, threshold: int) -> tuple[int, ...]:
    """Members within the threshold of the first that has `needed` of them around it, itself included; none without."""
    for centre in digests.values():
        around = tuple(index for index, digest in digests.items() if hamming(centre, digest) <= threshold)
        if len(around) >= needed:
            return around
    return ()


def _require_in_range(worker: int | None, members: Sequence[int | None], threshold: int) -> None:
    if not members:
        raise ValueError("a committee of no members decides nothing")
    if not 0 <= threshold <= MAXIMUM_THRESHOLD:
        raise ValueError(f"threshold {threshold}, expected 0 to {MAXIMUM_THRESHOLD}")
    for digest in (worker, *members):
        if digest is not None and not 0 <= digest < 1 << DIGEST_BITS:
            raise ValueError(f"digest {digest:#x} does not fit {DIGEST_BITS} bits")

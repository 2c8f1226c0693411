"""Custom errors of Attendance: votes, commitments to results, presence."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.reverts.base import TypedRevert
from contracts.values import Address, Phase


class AttendanceReverted(TypedRevert):
    """Attendance refused."""


@dataclass(eq=False)
class Attendance_WrongPhase(AttendanceReverted):
    """The call belongs to another phase of the round."""

    sentence = "round {round} of {project} is in its {have} phase, this needs {want}"
    project: Address
    round: int
    have: Phase
    want: Phase


@dataclass(eq=False)
class Attendance_NotAttester(AttendanceReverted):
    """No seat of the account counts in this round."""

    sentence = "{account} has no seat that counts in round {round} of {project}"
    project: Address
    round: int
    account: Address


@dataclass(eq=False)
class Attendance_NotSeatOwner(AttendanceReverted):
    """Not the account's seat, or not one that counts in this round."""

    sentence = "in round {round} of {project} seat {seat} does not count for {account}"
    project: Address
    round: int
    seat: int
    account: Address


@dataclass(eq=False)
class Attendance_NotDrawn(AttendanceReverted):
    """The seat is not drawn to attest, or not yet."""

    sentence = "seat {seat} is not drawn to attest round {round} of {project} (doubled {doublings} times)"
    project: Address
    round: int
    seat: int
    doublings: int


@dataclass(eq=False)
class Attendance_BadSeats(AttendanceReverted):
    """Seats are named in ascending order where attesters are drawn, and nowhere else."""

    sentence = "the seats named for round {round} of {project} do not ascend, or are named where none are drawn"
    project: Address
    round: int


@dataclass(eq=False)
class Attendance_AlreadyThere(AttendanceReverted):
    """One commitment or attestation an account and round."""

    sentence = "{account} has already committed or attested in round {round} of {project}"
    project: Address
    round: int
    account: Address


@dataclass(eq=False)
class Attendance_Empty(AttendanceReverted):
    """Zero says nothing."""

    sentence = "a commitment or result hash for round {round} of {project} is zero"
    project: Address
    round: int


@dataclass(eq=False)
class Attendance_Mismatch(AttendanceReverted):
    """The signer did not commit to this very result, or opens something else."""

    sentence = "what {account} opens in round {round} of {project} is not what it committed to"
    project: Address
    round: int
    account: Address


@dataclass(eq=False)
class Attendance_NotPunishable(AttendanceReverted):
    """The seat did what it is accused of not having done, does not count, or was punished before."""

    sentence = "seat {seat} cannot be punished for round {round} of {project}"
    project: Address
    round: int
    seat: int


@dataclass(eq=False)
class Attendance_RevelationsMismatch(AttendanceReverted):
    """Not everything that was revealed, or not in that order."""

    sentence = "what was revealed in round {round} of {project} chains to {have}, the round has {want}"
    project: Address
    round: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Attendance_EntryMismatch(AttendanceReverted):
    """Commitment and signature are not what stands in the batch."""

    sentence = "round {round} of {project}: commitment and signature make the entry {have}, in the batch stands {want}"
    project: Address
    round: int
    have: bytes
    want: bytes


@dataclass(eq=False)
class Attendance_BatchMismatch(AttendanceReverted):
    """Not the entries that were posted."""

    sentence = "the entries of batch {batch} in round {round} of {project} hash to {have}, posted was {want}"
    project: Address
    round: int
    batch: int
    have: bytes
    want: bytes

"""What the attendance contract and the disputes contract say, about all projects. See `contracts.events`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.event_base import Event
from contracts.values import Address


@dataclass(frozen=True, kw_only=True)
class AvailabilityVoted(Event):
    """An attester says on the chain which updates of the seats from 256 * `word` on it holds, bit by bit."""

    project: Address
    round: int
    account: Address
    word: int
    bitmap: int


@dataclass(frozen=True, kw_only=True)
class AttestationCommitted(Event):
    """An attester committed to a result with the weight of `seats`, before anybody shows one."""

    project: Address
    round: int
    account: Address
    commitment: bytes
    seats: int


@dataclass(frozen=True, kw_only=True)
class Attested(Event):
    """An attester that sees no quorum says on the chain what it found."""

    project: Address
    round: int
    account: Address
    result_hash: bytes


@dataclass(frozen=True, kw_only=True)
class SilencePunished(Event):
    """A seat that committed and did not reveal lost its bond: how much of it was left, `SeatSlashed` tells."""

    project: Address
    round: int
    seat: int


@dataclass(frozen=True, kw_only=True)
class InactivityLeaked(Event):
    """A seat whose owner let the quorum fail lost a little: how much, `SeatSlashed` tells."""

    project: Address
    round: int
    seat: int


@dataclass(frozen=True, kw_only=True)
class FraudProven(Event):
    """`prover` proved a result false; `fraud`: a `contracts.disputes.Fraud`."""

    project: Address
    round: int
    result_hash: bytes
    fraud: int
    prover: Address


@dataclass(frozen=True, kw_only=True)
class EquivocationProven(Event):
    """`prover` proved that `signer` signed two results for one round."""

    project: Address
    round: int
    signer: Address
    prover: Address

"""What an audit answers: three values, each with everything a person needs to check it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Accept:
    """Every audited round was recomputed to the same bits. `checkpoint_digest`: of the last one, 32 bytes.

    `voided`: rounds whose result was proven false on the chain, or built on one that was; they count for nothing.
    """

    rounds: tuple[int, ...]
    checkpoint_digest: bytes | None = None
    voided: tuple[int, ...] = ()
    exit_code: ClassVar[int] = 0

    def to_json(self) -> dict[str, Any]:
        """The verdict as a JSON document."""
        checkpoint = None if self.checkpoint_digest is None else shown(self.checkpoint_digest)
        return {
            "verdict": "accept",
            "rounds": len(self.rounds),
            "audited": list(self.rounds),
            "voided": list(self.voided),
            "checkpoint_digest": checkpoint,
        }

    def __str__(self) -> str:
        voided = f"; voided: {', '.join(map(str, self.voided))}" if self.voided else ""
        return f"accept: {_counted(self.rounds)} recomputed bit by bit{voided}"


@dataclass(frozen=True)
class Reject:
    """The first divergence: in `object` the part `name` should be `expected` and is `found`.

    `round`: where, or None when it concerns no single round. `rounds`: those recomputed before without a divergence.
    `evidence`: what leads to it (identifiers, transactions, first differing element), by name.
    """

    round: int | None
    object: str
    name: str
    expected: str
    found: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    rounds: tuple[int, ...] = ()
    exit_code: ClassVar[int] = 3

    def to_json(self) -> dict[str, Any]:
        """The verdict as a JSON document."""
        return {
            "verdict": "reject",
            "rounds": len(self.rounds),
            "audited": list(self.rounds),
            "round": self.round,
            "object": self.object,
            "name": self.name,
            "expected": self.expected,
            "found": self.found,
            "evidence": dict(self.evidence),
        }

    def __str__(self) -> str:
        return f"reject: {self.object}: {self.name}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Inconclusive:
    """Nothing was found wrong, but `object` could not be had, for `reason`."""

    round: int | None
    object: str
    reason: str
    rounds: tuple[int, ...] = ()
    exit_code: ClassVar[int] = 4

    def to_json(self) -> dict[str, Any]:
        """The verdict as a JSON document."""
        return {
            "verdict": "inconclusive",
            "rounds": len(self.rounds),
            "audited": list(self.rounds),
            "round": self.round,
            "object": self.object,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        return f"inconclusive: {self.object}: {self.reason}"


Finding = Reject | Inconclusive
Verdict = Accept | Finding


def reject(
    round_number: int | None,
    where: object,
    name: str,
    expected: object,
    found: object,
    evidence: Mapping[str, str] | None = None,
) -> Reject:
    """A divergence, with its operands as people read them."""
    return Reject(round_number, str(where), name, shown(expected), shown(found), evidence or {})


def with_rounds(finding: Finding, rounds: tuple[int, ...]) -> Finding:
    """The finding of an audit that had recomputed `rounds` before it."""
    return replace(finding, rounds=rounds)


def shown(value: object) -> str:
    """A value as verdicts show it: bytes in hexadecimal, integers in decimal."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _counted(rounds: tuple[int, ...]) -> str:
    return f"{len(rounds)} round" + ("" if len(rounds) == 1 else "s")

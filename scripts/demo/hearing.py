"""What came before the output court in a demonstration, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.court_values import JobVerdict
from verifier.court.job import Decision, Job


@dataclass(frozen=True)
class Exhibit:
    """The file that one party of a job served; None where it showed none."""

    who: str
    data: bytes | None


@dataclass(frozen=True)
class Case:
    """One job and how it ended. `cheat`: what its worker did, None for an honest one; the worker's exhibit first."""

    cheat: str | None
    prompt: str
    job: Job
    exhibits: tuple[Exhibit, ...]

    @property
    def is_right(self) -> bool:
        """Whether the court found what is true."""
        return self.job.verdict is JobVerdict.ACCEPT if self.cheat is None else self.job.verdict.rejects

    def document(self) -> dict[str, Any]:
        """This case in the report's `court`."""
        decisions = [round_.decision for round_ in self.job.rounds if round_.decision is not None]
        return {
            "job": "0x" + self.job.job_id.hex(),
            "worker": self.job.terms.worker,
            "cheat": self.cheat,
            "prompt": self.prompt,
            "verdict": str(self.job.verdict),
            "distance": [list(decision.distances) for decision in decisions],
            "threshold": [round_.threshold for round_ in self.job.rounds],
            "committees": [round_.size for round_ in self.job.rounds],
        }


@dataclass(frozen=True)
class Hearing:
    """Everything that came before the court. `class_id`: the class of all jobs."""

    class_id: bytes
    kind: str
    cases: tuple[Case, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Cases in which the court did not find what is true, in sentences."""
        return tuple(
            f"court: {case.cheat or 'honest'} worker {case.job.terms.worker}: {case.job.verdict}"
            for case in self.cases
            if not case.is_right
        )


def shown_distances(decision: Decision) -> str:
    """Bits between the worker and each member of a committee; a dash where one of the two did not open."""
    return " ".join("-" if bits is None else str(bits) for bits in decision.distances)

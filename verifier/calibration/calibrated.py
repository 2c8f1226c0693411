"""A finished calibration, the class it makes, and what it proves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.values import Address
from verifier.calibration import statistics
from verifier.calibration.measure import Figures
from verifier.calibration.samples import APPEAL, Samples
from verifier.cheats import OTHER_SEED
from verifier.classes import Calibration, OutputClass, Trial

COLLISION_CLAIM: Final = 0.000267  # within a class, pairs of unlike outputs that agree
DETECTION_CLAIM: Final = 0.9989  # cheats that three verifiers reject
ACCEPTANCE_CLAIM: Final = 0.999  # honest outputs that three verifiers accept


@dataclass(frozen=True, eq=False)
class Calibrated:
    """The class with its thresholds, the figures of all hashes, the digests they come from, and the time they took."""

    class_: OutputClass
    figures: tuple[Figures, ...]
    samples: Samples
    seconds: float

    @property
    def of_class(self) -> tuple[Figures, Figures]:
        """Figures of the class's hash and of the keyed digest."""
        by_name = {figures.hash: figures for figures in self.figures}
        return by_name[self.class_.hash], by_name[APPEAL]


@dataclass(frozen=True)
class Claim:
    """A rate of errors that should lie below `below`, and on how many comparisons that rests."""

    sentence: str
    trial: Trial
    below: float

    @property
    def bound(self) -> float:
        """One-sided Clopper-Pearson bound of the rate at 95 %."""
        return statistics.upper_bound(self.trial.errors, self.trial.comparisons)

    @property
    def proven(self) -> bool:
        """Whether the bound lies below what is claimed."""
        return self.bound < self.below


def claims(calibrated: Calibrated) -> Iterator[Claim]:
    """What a class should prove, for both of its digests."""
    for figures in calibrated.of_class:
        round_ = "appeals" if figures.hash == APPEAL else "first committee"
        yield Claim(f"{round_}: honest, not accepted", figures.committees, 1 - ACCEPTANCE_CLAIM)
        for cheat in figures.cheats:
            if cheat.name == OTHER_SEED:
                yield Claim(f"{round_}: unlike outputs of one class collide", cheat.accepted, COLLISION_CLAIM)
            yield Claim(f"{round_}: {cheat.name}, not rejected", cheat.undetected, 1 - DETECTION_CLAIM)


def output_class(
    samples: Samples, figures: Sequence[Figures], *, project: Address, manifest_digest: bytes, hash_name: str
) -> OutputClass:
    """The class that these figures calibrate. Raises ClassError."""
    by_name = {found.hash: found for found in figures}
    first, later = by_name[hash_name], by_name[APPEAL]
    plan = samples.plan
    return OutputClass(
        project=project,
        manifest_digest=manifest_digest,
        checkpoint_digest=plan.checkpoint_digest,
        task=plan.task,
        sampling=plan.sampling,
        hash=hash_name,
        threshold=first.threshold,
        appeal_threshold=later.threshold,
        code_hash=plan.code_hash,
        calibration=Calibration(samples.root(), first.trials, later.trials),
    )

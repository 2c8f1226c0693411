"""What a calibration generates: jobs as a court would give them, and who makes them in which way.

No two jobs share a seed, so outputs of different jobs are independent given the model, and one pair of outputs a job
gives as many disjoint pairs as there are jobs. The first half of the
jobs chooses thresholds, the second half is measured at them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from node.generation import Sampling
from node.merkle import keccak
from verifier.calibration.code import code_hash
from verifier.calibration.variants import Variant, honest_variants
from verifier.cheats import CHEATS, HONEST, OTHER_SEED, Cheat
from verifier.committee import MAXIMUM_THRESHOLD
from verifier.errors import CalibrationError

CHUNK_JOBS: Final = 256
LEAST_JOBS: Final = 8
# Without a failure so many prove, at 95 %: that more than 99.9 % of honest outputs are accepted (in the half that is
# measured), that less than 0.0267 % of unlike outputs collide, and that more than 99.89 % of a cheat is detected.
DEFAULT_JOBS: Final = 2 * 2_996
DEFAULT_COLLISION_JOBS: Final = 11_219
DEFAULT_CHEAT_JOBS: Final = 2_722

DIGITS: Final = tuple("0123456789")
# Of one length, because texts are read in batches of prompts of one length.
SPEAKERS: Final = tuple(
    f"{name}:\n"
    for name in (
        "ANTONIO", "CAMILLO", "CAPULET", "CATESBY", "CLAUDIO", "ESCALUS", "GONZALO", "LEONTES",
        "MARIANA", "MIRANDA", "NORFOLK", "PAULINA", "PERDITA", "PROVOST", "STANLEY", "WARWICK",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Jobs [first, end) made by one cheat, or honestly, under one variant."""

    cheat: Cheat
    variant: Variant
    first: int
    end: int

    @property
    def name(self) -> str:
        """Its cheat, or honest/ and its variant."""
        return f"{HONEST}/{self.variant.name}" if self.cheat.name == HONEST else self.cheat.name

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Its jobs in chunks, each [first, end): what is recorded at once."""
        for start in range(self.first, self.end, CHUNK_JOBS):
            yield start, min(start + CHUNK_JOBS, self.end)


@dataclass(frozen=True)
class Plan:
    """`jobs`: made by every honest variant, even. `cheat_jobs`: of the measured half, made by each cheat.

    `collision_jobs`: made by `other-seed` at least, from the measured half on: what collides in a class, which takes
    the most pairs. Those beyond `jobs` only the first variant makes too. `least_threshold`: bits; few jobs do not meet
    the largest honest distance. `smallest_batch`: of the slowest honest variant. Raises CalibrationError.
    """

    task: str
    checkpoint_digest: bytes
    sampling: Sampling
    hashes: tuple[str, ...]
    prompts: tuple[str, ...]
    cheats: tuple[str, ...]
    jobs: int = DEFAULT_JOBS
    cheat_jobs: int = DEFAULT_CHEAT_JOBS
    collision_jobs: int = 0
    least_threshold: int = 0
    smallest_batch: int = 1
    seed: int = 0
    code_hash: bytes = field(default_factory=code_hash)

    def __post_init__(self) -> None:
        if self.jobs < LEAST_JOBS or self.jobs % 2:
            raise CalibrationError(f"{self.jobs} jobs, expected an even number of at least {LEAST_JOBS}")
        if not 0 < self.smallest_batch < 7:
            raise CalibrationError(f"smallest batch of {self.smallest_batch}, expected 1 to 6")
        if self.cheat_jobs < 1:
            raise CalibrationError(f"{self.cheat_jobs} jobs a cheat, expected at least 1")
        if not 0 <= self.least_threshold <= MAXIMUM_THRESHOLD:
            raise CalibrationError(f"least threshold {self.least_threshold}, expected 0 to {MAXIMUM_THRESHOLD}")
        if not self.prompts or not self.hashes:
            raise CalibrationError("a calibration needs a prompt and a hash at least")

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The honest ways; cheats run like the first."""
        return honest_variants(self.smallest_batch)

    @property
    def half(self) -> int:
        """The first job that is measured; those before choose thresholds."""
        return self.jobs // 2

    @property
    def measured_cheat_jobs(self) -> int:
        """How many jobs each cheat but `other-seed` makes."""
        return min(self.cheat_jobs, self.half)

    def sources(self) -> list[Source]:
        """Everybody who makes outputs: the honest variants, then each cheat."""
        colliding = self.half + max(self.half, self.collision_jobs) if OTHER_SEED in self.cheats else 0
        ends = [max(self.jobs, colliding)] + [self.jobs] * (len(self.variants) - 1)
        honest = [Source(CHEATS[HONEST], variant, 0, end) for variant, end in zip(self.variants, ends, strict=True)]
        cheats = []
        for name in self.cheats:
            end = colliding if name == OTHER_SEED else self.half + self.measured_cheat_jobs
            cheats.append(Source(CHEATS[name], self.variants[0], self.half, end))
        return honest + cheats

    def job_prompts(self, first: int, end: int) -> list[str]:
        """Prompts of those jobs: all in turn."""
        return [self.prompts[job % len(self.prompts)] for job in range(first, end)]

    def job_seeds(self, first: int, end: int) -> list[bytes]:
        """Seeds of those jobs, 32 bytes each, as unpredictable as a court's."""
        return [self._bytes(b"seed", job) for job in range(first, end)]

    def job_keys(self, first: int, end: int) -> list[bytes]:
        """Keys of those jobs' appeals, 32 bytes each."""
        return [self._bytes(b"key", job) for job in range(first, end)]

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of everything that a digest depends on; the counts are not part of it."""
        values = asdict(self)
        for name in ("jobs", "cheat_jobs", "collision_jobs", "least_threshold", "cheats"):
            del values[name]
        for name in ("checkpoint_digest", "code_hash"):
            values[name] = values[name].hex()
        values["variants"] = [asdict(variant) for variant in self.variants]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def _bytes(self, what: bytes, job: int) -> bytes:
        return keccak(b"swarmproof calibration " + what + self.seed.to_bytes(8, "big") + job.to_bytes(8, "big"))


def usual_prompts(task: str) -> tuple[str, ...]:
    """Prompts for tasks that we know. Raises CalibrationError for another."""
    known: dict[str, Sequence[str]] = {"flow": DIGITS, "text": SPEAKERS}
    if task not in known:
        raise CalibrationError(f"no prompts are known for task {task}: name a file of them, one a line")
    return tuple(known[task])


def usual_cheats(kind: str) -> tuple[str, ...]:
    """Names of all cheats for outputs of that kind."""
    return tuple(name for name, cheat in CHEATS.items() if kind in cheat.kinds and name != HONEST)

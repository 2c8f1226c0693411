"""From digests to figures: the threshold of a hash from one half of the jobs, its errors on the other half.

Shape legend: J = jobs, V = honest variants; digests are uint64 (J, 4), distances int64 (J,), histograms (257,).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from verifier.calibration import statistics
from verifier.calibration.other_hashes import OTHER_HASHES
from verifier.calibration.samples import EXACT, Digests, Samples
from verifier.classes import Trial
from verifier.committee import DIGEST_BITS, MAXIMUM_THRESHOLD, Verdict, decide

EXACT_HASHES: Final = frozenset({"tokens"})  # one bit apart or all of them: nothing to choose
BOOTSTRAP_SEED: Final = 0

Distances = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CheatFigures:
    """One cheat under one hash. `accepted`: jobs in which its output lies within the threshold of an honest one.

    `same`: jobs that count nowhere else, as output and path are those of an honest variant, bit for bit: who lowered
    the temperature and drew the same text with the same model has done the work. `verdicts` and `outvoted` count jobs
    that all honest variants made. `verdicts`: of committees of three honest verifiers, the cheat being the worker.
    `outvoted`: jobs in which an honest worker is accepted although one of three verifiers cheats so. `histogram`: of
    distances to the nearest honest output, in all jobs.
    """

    name: str
    same: int
    accepted: Trial
    verdicts: Mapping[str, int]
    outvoted: int
    histogram: tuple[int, ...]

    @property
    def undetected(self) -> Trial:
        """Committees that did not reject."""
        jobs = sum(self.verdicts.values())
        return Trial(self.name, jobs, jobs - self.verdicts[Verdict.REJECT])


@dataclass(frozen=True)
class AllPairs:
    """All pairs of honest outputs of one prompt: they share images, so bounds that take them for independent are wrong.

    `images` a prompt. `collisions`: pairs within the threshold. `naive_upper` ignores what is shared, `bootstrap_upper`
    does not; with no collision the second is None, as the bootstrap knows nothing then.
    """

    images: tuple[int, ...]
    pairs: int
    collisions: int
    naive_upper: float
    bootstrap_upper: float | None
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Figures:
    """All of one hash. `largest_noise`: greatest honest distance in the half that chose `threshold`.

    `honest`: jobs of the other half in which any two honest outputs lie beyond it. `committees`: of an honest worker
    and three honest verifiers, those that did not accept. `histogram`: distances between worker and verifiers.
    """

    hash: str
    threshold: int
    largest_noise: int
    honest: Trial
    committees: Trial
    histogram: tuple[int, ...]
    cheats: tuple[CheatFigures, ...]
    all_pairs: AllPairs | None

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What the class keeps: honest first, then each cheat."""
        return (self.honest, *(cheat.accepted for cheat in self.cheats))


def distances(left: Digests, right: Digests) -> Distances:
    """Bits in which digests differ, row by row."""
    return np.asarray(np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int64))


def measure(samples: Samples, name: str) -> Figures:
    """The figures of one hash of the samples, or of the keyed digest."""
    half, jobs = samples.plan.half, samples.plan.jobs
    honest = samples.honest(name)
    everywhere = [digests[:jobs] for digests in honest]
    spread = np.max([distances(left, right) for left, right in combinations(everywhere, 2)], axis=0)
    threshold, largest = choose_threshold(spread[:half], exact=name in EXACT_HASHES, least=samples.plan.least_threshold)
    measured = [digests[half:] for digests in everywhere]
    seated = [_seats(measured, job) for job in range(len(measured[0]))]
    verdicts = [decide(worker, members, threshold) for worker, *members in seated]
    noise = np.concatenate([distances(measured[0], other) for other in measured[1:]])
    exact = [digests[half:] for digests in samples.honest(EXACT)]
    cheats = [
        _cheat(cheat, [found[half:] for found in honest], seated, digests, _nearest(exact, made) == 0, threshold)
        for (cheat, digests), made in zip(samples.cheats(name).items(), samples.cheats(EXACT).values(), strict=True)
    ]
    return Figures(
        name,
        threshold,
        largest,
        Trial("honest", len(measured[0]), int((spread[half:] > threshold).sum())),
        Trial("honest", len(verdicts), sum(found.verdict != Verdict.ACCEPT for found in verdicts)),
        histogram(noise),
        tuple(cheats),
        all_pairs(honest[0][half:], len(samples.plan.prompts), half, threshold) if is_keyless(name) else None,
    )


def choose_threshold(noise: Distances, *, exact: bool = False, least: int = 0) -> tuple[int, int]:
    """Twice the largest honest noise, `least` to 80, and the largest noise itself; 0 for an exact hash.

    What lies beyond 40 is not noise but another output, for instance a text that took another turn at one token: no
    threshold should accept that, so it counts as a false reject and does not move the threshold.
    """
    within = noise[2 * noise <= MAXIMUM_THRESHOLD]
    if exact:
        return 0, int(noise.max())
    above = statistics.twice_the_largest(within) if len(within) else 0
    return min(max(above, least), MAXIMUM_THRESHOLD), int(noise.max())


def is_keyless(name: str) -> bool:
    """Whether digests of different jobs can be compared: where the seed or a key is hashed along they cannot."""
    return name in ("phash", *OTHER_HASHES)


def histogram(found: Distances) -> tuple[int, ...]:
    """How often each distance from 0 to 256 occurs."""
    return tuple(np.bincount(found, minlength=DIGEST_BITS + 1).tolist())


def all_pairs(digests: Digests, prompt_count: int, first_job: int, threshold: int) -> AllPairs | None:
    """Compare all outputs of the same prompt with one another; None where no prompt has two."""
    jobs = np.arange(first_job, first_job + len(digests))
    groups = [np.flatnonzero(jobs % prompt_count == prompt) for prompt in range(prompt_count)]
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return None
    counts, colliding, start = np.zeros(DIGEST_BITS + 1, dtype=np.int64), [], 0
    for group in groups:
        for row in range(len(group) - 1):
            found = distances(digests[group[row]], digests[group[row + 1 :]])
            counts += np.bincount(found, minlength=DIGEST_BITS + 1)
            hits = np.flatnonzero(found <= threshold)
            colliding.append(np.stack([np.full(len(hits), start + row), start + row + 1 + hits], axis=1))
        start += len(group)
    pairs_P2, sizes = np.concatenate(colliding), tuple(map(len, groups))
    pairs, collisions = int(counts.sum()), len(pairs_P2)
    bootstrap = statistics.bootstrap_upper(pairs_P2, sizes, seed=BOOTSTRAP_SEED) if collisions else None
    naive = statistics.upper_bound(collisions, pairs)
    return AllPairs(sizes, pairs, collisions, naive, bootstrap, tuple(counts.tolist()))


def _cheat(
    name: str,
    honest: Sequence[Digests],
    seated: Sequence[Sequence[int]],
    digests: Digests,
    same_J: npt.NDArray[np.bool_],
    threshold: int,
) -> CheatFigures:
    nearest = _nearest(honest, digests)[~same_J]
    verdicts = dict.fromkeys(map(str, Verdict), 0)
    outvoted = 0
    for cheat, same, (worker, first, *others) in zip(_integers(digests), same_J, seated, strict=False):
        if same:
            continue
        verdicts[decide(cheat, (first, *others), threshold).verdict] += 1
        outvoted += decide(worker, (cheat, *others), threshold).verdict == Verdict.ACCEPT
    accepted = Trial(name, len(nearest), int((nearest <= threshold).sum()))
    return CheatFigures(name, int(same_J.sum()), accepted, verdicts, outvoted, histogram(nearest))


def _nearest(honest: Sequence[Digests], digests: Digests) -> Distances:
    """Distance to the nearest digest of the same job by an honest variant, as far as they made the job."""
    nearest = np.full(len(digests), DIGEST_BITS)
    for other in honest:
        common = min(len(digests), len(other))
        nearest[:common] = np.minimum(nearest[:common], distances(digests[:common], other[:common]))
    return nearest


def _seats(measured: Sequence[Digests], job: int) -> list[int]:
    """Digests of one job's worker and verifiers: every variant is the worker in turn."""
    turn = job % len(measured)
    return [_integers(digests[job : job + 1])[0] for digests in (*measured[turn:], *measured[:turn])]


def _integers(digests: Digests) -> list[int]:
    raw = digests.astype(">u8").tobytes()
    return [int.from_bytes(raw[at : at + 32], "big") for at in range(0, len(raw), 32)]

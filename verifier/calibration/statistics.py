"""Exact bounds for rates, and what independent pairs are worth.

Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
(1934): exact for *independent* trials. Pairs that share an image are not: of m images at most m // 2 pairs are. For all
pairs of m images the bootstrap draws images, not pairs (a two-sample U-statistic's cluster is the image).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, binomtest

CONFIDENCE: Final = 0.95
BOOTSTRAP_DRAWS: Final = 2000


def upper_bound(failures: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided Clopper-Pearson bound: were the rate higher, so few failures would be rarer than 1 - confidence.

    Raises ValueError unless 0 <= failures <= trials and trials > 0.
    """
    return float(_test(failures, trials, "less").proportion_ci(confidence, method="exact").high)


def interval(failures: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two-sided Clopper-Pearson interval. Raises ValueError as `upper_bound` does."""
    found = _test(failures, trials, "two-sided").proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def trials_needed(claim: float, failures: int = 0, confidence: float = CONFIDENCE) -> int:
    """The fewest independent trials of which `failures` may fail and the rate still be proven below `claim`.

    Raises ValueError unless 0 < claim < 1 and 0 < confidence < 1.
    """
    if not (0 < claim < 1 and 0 < confidence < 1):
        raise ValueError(f"claim {claim} and confidence {confidence} must lie between 0 and 1")
    low, high = failures + 1, failures + 2
    while binom.cdf(failures, high, claim) >= 1 - confidence:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if binom.cdf(failures, middle, claim) < 1 - confidence:
            high = middle
        else:
            low = middle + 1
    return low


def twice_the_largest(distances: npt.ArrayLike) -> int:
    """Twice the largest distance, at least 2: a threshold for outputs that are not among these.

    The largest of as many other distances exceeds the largest of these as often as not, so that the smallest threshold
    above them errs in every other calibration. Even because balanced hashes differ in pairs of bits. Raises ValueError
    where there are no distances.
    """
    return max(2, 2 * int(np.max(np.asarray(distances))))


def random_tail(bits: int, threshold: int) -> Fraction:
    """P(two independent random hashes of `bits` bits lie within `threshold`): a floor, real outputs are more alike."""
    return Fraction(sum(comb(bits, distance) for distance in range(threshold + 1)), 2**bits)


def bootstrap_upper(
    pairs_P2: npt.NDArray[np.int64],
    images_per_group: Sequence[int],
    *,
    seed: int,
    confidence: float = CONFIDENCE,
    draws: int = BOOTSTRAP_DRAWS,
) -> float:
    """The bootstrap's upper bound of the share of within-group pairs that collide, images drawn with replacement.

    `pairs_P2`: int64 (P, 2), the images of each colliding pair, numbered through all groups in their order. Images are
    drawn within their group, an image drawn w times stands for w, and pairs of an image with itself do not count.
    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 8, for data that is not one sample; the
    percentile interval. Without a collision the bootstrap knows nothing (it says 0): use `upper_bound` then.
    """
    generator = np.random.default_rng(seed)
    starts = np.cumsum([0, *images_per_group])
    shares = np.empty(draws)
    for draw in range(draws):
        weights = np.concatenate([generator.multinomial(m, np.full(m, 1 / m)) for m in images_per_group])
        sizes = np.add.reduceat(weights, starts[:-1])
        repeated = np.add.reduceat(weights * (weights - 1), starts[:-1])
        pairs = (sizes * (sizes - 1) - repeated).sum() / 2
        shares[draw] = (weights[pairs_P2[:, 0]] * weights[pairs_P2[:, 1]]).sum() / pairs
    return float(np.quantile(shares, confidence))


def _test(failures: int, trials: int, alternative: str) -> Any:
    if not (trials > 0 and 0 <= failures <= trials):
        raise ValueError(f"{failures} failures of {trials} trials")
    return binomtest(failures, trials, alternative=alternative)

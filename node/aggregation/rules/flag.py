"""Flag Aggregator: the mean direction of the updates within the subspace that most of them share.

Almasi, Mishra, Vamanan and Ravi, Flag Aggregator: Scalable Distributed Training under Failures and Augmented Losses
using Convex Optimization, ICLR 2024. Of unit updates x_i a subspace of rank r is found by reweighted least squares: an
update whose squared projection on the subspace is v_i weighs (|1 - v_i| + eps)^(-1/4) in the next one, from v = 0 on.
Optionally differences x_i - x_j take part, weighted by lambda / (n (n - 1)). The answer is the sum of all x_i,
projected on the subspace, divided by r: up to n / r, about twice, as long as a mean of directions.

Every column of the decomposition is a combination of the x_i, so all of it happens in n x n matrices. With K the
cosines and A = diag(w_i^2) + 2 Laplacian(w_ij^2) = L L^T, the first r eigenvectors of L^T K L = V S^2 V^T make the
basis P = L V_r / S_r; M = K P P^T K has v_i = M_ii and, for differences, u_ij = M_ii + M_jj - 2 M_ij; the coefficients
of the answer are P P^T K 1 / r.

`iterations=1` is what the authors' code computes, whose reweighting never engages; `iterations=10` is converged. Either
way this is no defence against Sybils: f equal opponents of the honest mean reverse it from f >= (n - f) * rho on, rho
the mean cosine of an honest update to the honest mean, as they reverse the mean of directions.

Computed in float64 by operations of one fixed order; weights are rounded at the end. Shape legend: n = updates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram
from node.aggregation.ordered_floats import cholesky, ordered_product, ordered_row_sums
from node.aggregation.rules.base import GramRule, RoundContext, Weights
from node.aggregation.rules.bounds import check_any_seats, check_within
from node.aggregation.rules.normalized_mean import LARGEST_LIFT
from node.aggregation.symmetric_eigen import symmetric_eigen
from node.errors import RuleError

Float64 = npt.NDArray[np.float64]

EPSILON: Final = 1e-7
# Directions with less than this part of the strongest one's energy are copies of others plus the rounding of cosines,
# which is 2^-30 an entry.
NEGLIGIBLE_ENERGY: Final = 2.0**-22
MOST_ITERATIONS: Final = 20
LARGEST_LAMBDA_Q16: Final = 1 << 23  # 128; the authors go up to 64
_LONGEST_Q32: Final = 4 << 32
_LARGEST_WEIGHT: Final = (1 << 26) - 1


def flag_coefficients(cosines: Float64, *, iterations: int = 1, rank: int | None = None, lam: float = 0.0) -> Float64:
    """Coefficients (n,) of the unit updates in the answer, float64.

    `cosines`: float64 (n, n), symmetric bit for bit, zeros in the row of a zero update. `rank`: r, default
    ceil((n + 1) / 2), never more than n; directions below `NEGLIGIBLE_ENERGY` are left out whatever the rank.
    """
    n = len(cosines)
    r = n // 2 + 1 if rank is None else min(rank, n)
    projections = np.zeros((n, n))
    coefficients = np.zeros(n)
    for _ in range(iterations):
        lower = cholesky(_column_weights(projections, lam))
        core = ordered_product(lower.T, ordered_product(cosines, lower))
        energies, vectors = symmetric_eigen((core + core.T) / 2.0)
        kept = int(np.count_nonzero(energies[:r] > NEGLIGIBLE_ENERGY * energies[0]))
        basis = ordered_product(lower, vectors[:, :kept]) / np.sqrt(energies[:kept])
        along = ordered_product(cosines, basis)
        projections = ordered_product(along, along.T)
        coefficients = ordered_product(basis, ordered_row_sums(along.T)[:, None])[:, 0] / r
    return coefficients


def flag(
    gram: Gram, *, iterations: int = 1, rank: int | None = None, lambda_q16: int = 0, signed: bool = False
) -> Weights:
    """Return Q16 weights (n,) that lift every update to the median norm and mix them by `flag_coefficients`.

    Coefficients become Q32 integers, nearest with halves to even. Negative ones become 0 unless `signed`. If their
    magnitudes add up to more than 4, all are divided by what they exceed it. Then each is divided by its update's norm,
    toward zero; an update shorter than 2^-10 of the median is lifted 2^10 times, one whose norm reads 0 has no weight.
    """
    cosines = np.array(gram.cosines_q30, dtype=np.float64) / 2.0**30
    found = flag_coefficients(cosines, iterations=iterations, rank=rank, lam=lambda_q16 / 2.0**16)
    parts = [int(part) for part in np.rint(found * 2.0**32).tolist()]
    if not signed:
        parts = [max(0, part) for part in parts]
    total = sum(map(abs, parts))
    if total > _LONGEST_Q32:
        parts = [_toward_zero(part * _LONGEST_Q32, total) for part in parts]
    return tuple(_lifted(part, norm) for part, norm in zip(parts, gram.norms_q16, strict=True))


@dataclass(frozen=True)
class Flag(GramRule):
    """Flag with its parameters. Raises RuleError for iterations outside 1 to 20 and a lambda above 128."""

    kind = "flag"

    iterations: int = 1
    rank: int | None = None
    lambda_q16: int = 0
    signed: int = 0

    def __post_init__(self) -> None:
        check_within("flag", "iterations", self.iterations, 1, MOST_ITERATIONS)
        check_within("flag", "lambda_q16", self.lambda_q16, 0, LARGEST_LAMBDA_Q16)
        check_within("flag", "signed", self.signed, 0, 1)
        if self.rank is not None and self.rank < 1:
            raise RuleError(f"flag: rank = {self.rank} must be at least 1")

    def check_seats(self, seats: int) -> None:
        """Raise RuleError when there is nobody, or not so many as the rank."""
        check_any_seats(self.name, seats)
        if self.rank is not None and self.rank > seats:
            raise RuleError(f"{self.name} looks for {self.rank} directions, more than there are seats, got {seats}")

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `flag`. Raises RuleError if n = 0."""
        self.check_inputs(len(gram))
        return flag(
            gram,
            iterations=self.iterations,
            rank=self.rank,
            lambda_q16=self.lambda_q16,
            signed=self.signed == 1,
        )


def _column_weights(projections: Float64, lam: float) -> Float64:
    """A (n, n) = B B^T of the columns w_i e_i and, over ordered pairs, w_ij (e_i - e_j)."""
    n = len(projections)
    own = projections.diagonal()
    matrix = np.diag(_squared_weight(own))
    if lam > 0 and n > 1:
        share = lam / (n * (n - 1))
        between = own[:, None] + own[None, :] - 2.0 * projections
        pairs = _squared_weight((between + between.T) / 2.0) * (2.0 * (share * share))
        np.fill_diagonal(pairs, 0.0)
        matrix = matrix - pairs + np.diag(ordered_row_sums(pairs))
    return matrix


def _squared_weight(projection: Float64) -> Float64:
    """(|1 - v| + eps)^(-1/2)."""
    return np.asarray(1.0 / np.sqrt(np.abs(1.0 - projection) + EPSILON))


def _lifted(part_q32: int, norm_q16: int) -> int:
    if norm_q16 == 0:
        return 0
    weight = _toward_zero(part_q32, max(norm_q16, Q16_ONE // LARGEST_LIFT))
    return max(-_LARGEST_WEIGHT, min(_LARGEST_WEIGHT, weight))


def _toward_zero(dividend: int, divisor: int) -> int:
    quotient = abs(dividend) // divisor
    return quotient if dividend > 0 else -quotient

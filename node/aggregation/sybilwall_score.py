"""SybilWall's score: who says too nearly the same as somebody else weighs little, in exact integers.

Fung, Yoon and Beschastnikh, "The limitations of federated learning in Sybil settings" (FoolsGold), RAID 2020, for the
similarity (algorithm 1); Werthenbach and Pouwelse, "Towards Sybil resilience in decentralized learning" (SybilWall),
2023, for what is new: the histories of distant peers take part in the comparison, but only direct neighbours receive a
weight. The constants (1e-5 twice, .99, .5) are those of SybilWall's code before its clean-up, which lost that cut.

Shape legend: n = histories compared, k = direct neighbours, which come first among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.aggregation.fixed_point import Q16_ONE, Q30_ONE, ln_q30

_SMALL_INVERSE: Final = 100_000  # one over the constant 1e-5
_SMALL_Q30: Final = Q30_ONE // _SMALL_INVERSE
_CAP_Q30: Final = 99 * Q30_ONE // 100  # what stands for a trust of one, whose log-odds would be infinite
_HALF_Q30: Final = Q30_ONE // 2


def pardoned_maxima_q30(cosines_q30: Sequence[Sequence[int]], count: int | None = None) -> tuple[int, ...]:
    """Each history's largest similarity to another after pardoning, in Q30 within [0, 2^30]; shape (n,).

    `cosines_q30` (n, n); its diagonal is not read. `count`: of the first so many only. With mu_a = max(0, max_b cos_ab)
    + 1e-5, pardoning scales cos_ab by mu_a / mu_b where mu_a < mu_b: a peer that merely resembles a Sybil is not one.
    Negative similarity counts as none.
    Rounded down.
    """
    n = len(cosines_q30)
    largest = [_largest(cosines_q30[a], a) + _SMALL_Q30 for a in range(n)]
    return tuple(
        max((_pardoned(cosines_q30[a][b], largest[a], largest[b]) for b in range(n) if b != a), default=0)
        for a in range(n if count is None else count)
    )


def trust_q30(maxima_q30: Sequence[int]) -> tuple[int, ...]:
    """From largest similarities (k,) in Q30 to trust (k,) in Q30 within [0, 2^30].

    w = 1 - maximum, divided by the largest w, a full 1 read as .99, then ln(w / (1 - w) + 1e-5) + .5 held within
    [0, 1]. All zero where nobody is unlike everybody else (the authors' code divides zero by zero there).
    """
    unlike = [max(0, min(Q30_ONE, Q30_ONE - maximum)) for maximum in maxima_q30]
    most = max(unlike, default=0)
    if most == 0:
        return (0,) * len(unlike)
    return tuple(_log_odds_q30((w << 30) // most) for w in unlike)


def sybilwall_weights(cosines_q30: Sequence[Sequence[int]], neighbour_count: int) -> tuple[int, ...]:
    """Q16 weights (k + 1,) of the neighbours' models, in their order, and of the own model, last. They sum to 2^16.

    `cosines_q30` (n, n): among the histories of the k = `neighbour_count` neighbours, then of distant peers, without
    the own one. The own model has trust 1 before normalisation, and what rounding down leaves over: with no neighbour
    to trust it weighs everything. Raises ValueError unless 0 <= k <= n.
    """
    if not 0 <= neighbour_count <= len(cosines_q30):
        raise ValueError(f"{neighbour_count} neighbours among {len(cosines_q30)} histories")
    trust = trust_q30(pardoned_maxima_q30(cosines_q30, neighbour_count))
    total = sum(trust) + Q30_ONE
    weights = [(t << 16) // total for t in trust]
    return (*weights, Q16_ONE - sum(weights))


def _largest(row: Sequence[int], own: int) -> int:
    return max((max(0, value) for b, value in enumerate(row) if b != own), default=0)


def _pardoned(similarity: int, own_largest: int, other_largest: int) -> int:
    positive = max(0, similarity)
    return positive * own_largest // other_largest if own_largest < other_largest else positive


def _log_odds_q30(trust: int) -> int:
    w = _CAP_Q30 if trust == Q30_ONE else trust
    # w / (1 - w) + 1e-5 over the common denominator 1e5 (1 - w)
    odds = ln_q30(_SMALL_INVERSE * w + Q30_ONE - w, _SMALL_INVERSE * (Q30_ONE - w))
    return max(0, min(Q30_ONE, odds + _HALF_Q30))

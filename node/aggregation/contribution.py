"""What an update is paid for: agreement with what others found, never its own energy.

score_i = w_i * max(0, robust mean over j != i of <u_i, u_j>), over the updates j that have weight. u are the updates
with norms clipped at the median and the direction of the previous aggregate projected out, so that replaying what is
known already earns nothing. Robust: the f largest terms are dropped, so accomplices cannot vouch for one another; when
few are left, never more than half, so that at least the lower half of the others always speaks.
"""

from __future__ import annotations

from collections.abc import Sequence

from node.aggregation.gram import Gram


def scores(gram: Gram, weights: Sequence[int], *, byzantine: int) -> tuple[int, ...]:
    """Exact scores (n,) >= 0 in Q46: weights Q16 times agreement in Q30, both in units of the median norm.

    `weights`: final integer weights (n,). `byzantine`: f.
    An update without weight, or with weight but nobody to agree with, scores 0.
    """
    members = [i for i, weight in enumerate(weights) if weight > 0]
    result = [0] * len(gram)
    for i in members:
        terms = [agreement_q30(gram, i, j) for j in members if j != i]
        result[i] = weights[i] * max(0, _trimmed_mean(terms, byzantine))
    return tuple(result)


def agreement_q30(gram: Gram, i: int, j: int) -> int:
    """<u_i, u_j> in units of the squared median norm, Q30 rounded down.

    Projecting p out of unit vectors x, y leaves <x, y> - <x, p> <y, p>.
    """
    along = gram.previous_cosines_q30
    cosine = gram.cosines_q30[i][j] - ((along[i] * along[j]) >> 30)
    return (gram.norms_q16[i] * gram.norms_q16[j] * cosine) >> 32


def _trimmed_mean(terms: Sequence[int], byzantine: int) -> int:
    """Mean of all but the f largest, rounded down; 0 when there is nobody to agree with."""
    if not terms:
        return 0
    dropped = min(byzantine, len(terms) // 2)
    kept = sorted(terms)[: len(terms) - dropped]
    return sum(kept) // len(kept)

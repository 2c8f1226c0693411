"""What is left out before any rule looks: copies and zeros. What is left has its norm clipped at the median.

Format and range were checked by the parser, so nothing here can be infinite or not a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.aggregation.fixed_point import clip_factors_q16, lower_median, relative_norms_q16
from node.aggregation.reasons import Reason


@dataclass(frozen=True)
class Candidate:
    """An available update: when it was committed (unique, ascending), what it contains, and its squared norm."""

    commit_order: int
    data_root: bytes
    squared_norm: int


def screen(candidates: Sequence[Candidate]) -> tuple[Reason, ...]:
    """A reason for each candidate: NONE, DUPLICATE (the same content was committed earlier) or ZERO_UPDATE."""
    earliest: dict[bytes, int] = {}
    for candidate in candidates:
        order = earliest.get(candidate.data_root, candidate.commit_order)
        earliest[candidate.data_root] = min(order, candidate.commit_order)
    return tuple(_reason(candidate, earliest[candidate.data_root]) for candidate in candidates)


@dataclass(frozen=True)
class Clipping:
    """Norm clip at the median, all in Q16. `factors`: what brings each norm to at most the median.

    `norms`: each clipped norm as a part of the median.
    """

    factors: tuple[int, ...]
    norms: tuple[int, ...]


def clip_at_median(squared_norms: Sequence[int]) -> Clipping:
    """Clip positive squared norms at their lower median: half of the senders cannot raise it by growing."""
    if not squared_norms:
        return Clipping((), ())
    limit = lower_median(squared_norms)
    return Clipping(clip_factors_q16(squared_norms, limit), relative_norms_q16(squared_norms, limit))


def _reason(candidate: Candidate, earliest: int) -> Reason:
    if candidate.squared_norm == 0:
        return Reason.ZERO_UPDATE
    return Reason.NONE if candidate.commit_order == earliest else Reason.DUPLICATE

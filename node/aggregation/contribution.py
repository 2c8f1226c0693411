"""What an update is paid for: agreement with what others found, never its own energy.

score_i = w_i * max(0, merit_i) * max(0, agreement_i) / copies_i. u are the updates with norms clipped at the median and
the direction of the previous aggregate projected out, so that replaying what is known already earns nothing.

Agreement: the mean of <u_i, u_j> over the other updates j that have weight, each with a voice in proportion to its
seat's merit. Merit: what a seat's agreements came to up to now, signed, so that luck averages out; in these the f
largest terms are dropped, so that accomplices cannot vouch for one another. Near-copies do not judge one another, speak
with one voice and share one pay.

Scales: cosines, agreements and merits Q30; weights Q16; scores Q46.

Shape legend: n = updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.aggregation.fixed_point import Q30_ONE, lower_median
from node.aggregation.gram import Gram, Matrix

MERIT_DECAY_BITS: Final = 5
# An agreement is at most 2^31 in magnitude: a cosine and a product of two. One round takes a merit from m to at most
# 31/32 m + 1/2 + 2^31, which never leads from below this limit to above it.
MERIT_LIMIT: Final = (1 << 31 + MERIT_DECAY_BITS) + (1 << MERIT_DECAY_BITS - 1)
_VOICE_BITS: Final = 8


@dataclass(frozen=True)
class Contributions:
    """By update: `scores` (n,) >= 0, Q46; `merits` (n,) of its seat, this round included, Q30 within `MERIT_LIMIT`."""

    scores: tuple[int, ...]
    merits: tuple[int, ...]


def contributions(gram: Gram, weights: Sequence[int], merits: Sequence[int], *, byzantine: int) -> Contributions:
    """Score n updates. `weights` (n,): the rule's, on clipped updates. `byzantine`: f.

    `merits` (n,): of each update's seat up to the last round, already decayed; 0 for a newcomer. An update without
    weight, or with nobody to agree with, scores 0 and leaves its seat's merit as it was.
    """
    members = [i for i, weight in enumerate(weights) if weight > 0]
    agreements = _agreements(gram, members)
    alike = near_copies(gram, members)
    copies = [len(others) + 1 for others in alike]
    voices = _voices(copies, [merits[i] for i in members], byzantine)
    scores, following = [0] * len(gram), list(merits)
    for at, i in enumerate(members):
        judges = [j for j in range(len(members)) if j != at and j not in alike[at]]
        terms = [(voices[j] * agreements[at][j], voices[j]) for j in judges]
        following[i] += _trimmed_mean(terms, byzantine)
        found = max(0, _trimmed_mean(terms, 0))
        scores[i] = weights[i] * (max(0, following[i]) * found >> 30) // copies[at]
    return Contributions(tuple(scores), tuple(following))


def decayed_merit(merit: int) -> int:
    """A merit one round later: a 32nd less, halved after 22 rounds."""
    return merit - ((merit + (1 << MERIT_DECAY_BITS - 1)) >> MERIT_DECAY_BITS)


def agreement_q30(gram: Gram, i: int, j: int) -> int:
    """<u_i, u_j> in units of the squared median norm, Q30 rounded down.

    Projecting p out of unit vectors x, y leaves <x, y> - <x, p> <y, p>.
    """
    along = gram.previous_cosines_q30
    cosine = gram.cosines_q30[i][j] - ((along[i] * along[j]) >> 30)
    return (gram.norms_q16[i] * gram.norms_q16[j] * cosine) >> 32


def near_copies(gram: Gram, members: Sequence[int]) -> tuple[frozenset[int], ...]:
    """For each of the members those that are almost the same update, as places in `members`.

    Almost the same: more than halfway from what either has in common with the others, the lower median of its cosines
    or 0 if that is negative, to a cosine of 1.
    """
    count = len(members)
    cosines = [[gram.cosines_q30[i][j] for j in members] for i in members]
    common = [
        max(0, lower_median([cosine for j, cosine in enumerate(row) if j != i])) if count > 1 else 0
        for i, row in enumerate(cosines)
    ]
    return tuple(
        frozenset(j for j in range(count) if j != i and 2 * cosines[i][j] > Q30_ONE + max(common[i], common[j]))
        for i in range(count)
    )


def _agreements(gram: Gram, members: Sequence[int]) -> Matrix:
    return tuple(tuple(agreement_q30(gram, i, j) for j in members) for i in members)


def _voices(copies: Sequence[int], merits: Sequence[int], byzantine: int) -> list[int]:
    """How much each member's judgement counts, on any one scale; equal until more than f + 1 have merit."""
    if sum(merit > 0 for merit in merits) <= byzantine + 1:
        merits = [Q30_ONE] * len(copies)
    return [(max(0, merit) << _VOICE_BITS) // count for merit, count in zip(merits, copies, strict=True)]


def _trimmed_mean(terms: Sequence[tuple[int, int]], dropped: int) -> int:
    """Sum of all but the largest (voice * agreement, voice) over the sum of their voices, rounded down; 0 without any.

    Never more than half of the terms are dropped, so that at least the lower half of the others always speaks.
    """
    kept = sorted(terms)[: len(terms) - min(dropped, len(terms) // 2)]
    voice = sum(voice for _, voice in kept)
    return sum(term for term, _ in kept) // voice if voice else 0

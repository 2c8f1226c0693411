"""History filter: average the seats whose past is neither crowded nor opposed nor apart.

Sparse honest messages hardly overlap in one round, so this rule looks at what seats have sent over many
(`node.aggregation.history`), in the lasting memory and in the recent one. It drops seats one at a time, at most f, the
most suspicious first, and looks again at those that are left; where nobody stands out nobody is dropped. Suspicious is
who is over a limit in one of four ways:

crowded   The sum of squared positive cosines with the others, as in FoolsGold (Fung et al., RAID 2020), is more than 3
          times its median deviation above its median. Colluders pull in one direction; honest data differ. Both
          memories.
opposed   The component along the direction most seats share (the principal vector of the Gram) is less than a quarter
          of the median one. Only while there is such a direction: the median is at least half of what it would be if
          all were equal. Lasting memory.
apart     Along the strongest direction in which seats differ (the principal vector of the centred Gram, Shejwalkar and
          Houmansadr, NDSS 2021, against the median instead of the mean) it lies more than 4 times as far from the
          median as the median seat. Recent memory.
stale     This round's update has a cosine with the last aggregate more than 3 median deviations above the median one:
          it repeats what others have sent already. Error feedback keeps honest updates from that.

Deviations have a floor, so that seats which hardly differ are never told apart by the last bits of theirs. No proof,
but measurements: docs/results. What honest seats' data make of them is the owner's risk: seats whose data nobody else
has look opposed, and a group with equal data looks crowded. A newcomer has no past and is dropped before its elders.

Shape legend: n = inputs, k = those left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.fixed_point import Q16_ONE
from node.aggregation.gram import Gram, Matrix
from node.aggregation.principal import UNIT_BITS, principal, principal_difference
from node.aggregation.rules.base import BoundedRule, RoundContext, Weights, equal_weights
from node.aggregation.rules.bounds import Bound
from node.aggregation.rules.history import histories_of

Int64 = npt.NDArray[np.int64]

CROWD_LIMIT: Final = 3
CROWD_FLOOR_Q20: Final = 3 * (1 << UNIT_BITS) // 20
APART_LIMIT: Final = 4
STALE_LIMIT: Final = 3
STALE_FLOOR_Q20: Final = (1 << UNIT_BITS) // 20


def history_filter(gram: Gram, recent: Gram, lasting: Gram, *, f: int) -> frozenset[int]:
    """The inputs that stay: all but at most f, and always a majority. Ties in suspicion go against the lower index.

    `gram`: of the n inputs; `recent`, `lasting`: of their memories. f: upper bound on dishonest inputs.
    """
    fewest = len(recent) - min(f, (len(recent) - 1) // 2)
    cosines = [_q20(memory.cosines_q30) for memory in (recent, lasting)]
    repeated = _q20(gram.previous_cosines_q30)
    left = np.arange(len(recent))
    while len(left) > fewest:
        now, ever = (matrix[np.ix_(left, left)] for matrix in cosines)
        suspicions = np.maximum.reduce(
            [crowded_q16(now), apart_q16(now), crowded_q16(ever), opposed_q16(ever), stale_q16(repeated[left])]
        )
        worst = int(np.argmax(suspicions))
        if suspicions[worst] <= Q16_ONE:
            break
        left = np.delete(left, worst)
    return frozenset(left.tolist())


def crowded_q16(cosines_q20: Int64) -> Int64:
    """How crowded each is (k,), Q16: 2^16 is the limit."""
    others = np.maximum(cosines_q20, 0)
    np.fill_diagonal(others, 0)
    crowds = (others * others >> UNIT_BITS).sum(axis=1)
    return _above_q16(crowds, CROWD_FLOOR_Q20) // CROWD_LIMIT


def opposed_q16(cosines_q20: Int64) -> Int64:
    """How far each is opposed to the common direction (k,), Q16; zeros while there is no such direction."""
    k = len(cosines_q20)
    components = principal(cosines_q20, np.full(k, 1 << UNIT_BITS))
    median = _twice_median(components)
    if median < 0:
        components, median = -components, -median
    if k * median * median <= int((components * components).sum()):
        return np.zeros(k, dtype=np.int64)
    # 1 + (m / 4 - u) / m, with m = median / 2
    return Q16_ONE + ((median - 8 * components) << 14) // median


def apart_q16(cosines_q20: Int64) -> Int64:
    """How far each lies from the median along the direction in which all differ most (k,), Q16."""
    components = principal_difference(cosines_q20)
    distances = np.abs(2 * components - _twice_median(components))
    length = isqrt(int((components * components).sum()) // len(components))
    scale = max(_twice_median(distances), 2 * length, 1)
    return (distances << 17) // (APART_LIMIT * scale)


def stale_q16(repeated_q20: Int64) -> Int64:
    """How much more of the last aggregate each repeats than the median does (k,), Q16."""
    return _above_q16(repeated_q20, STALE_FLOOR_Q20) // STALE_LIMIT


@dataclass(frozen=True)
class HistoryFilter(BoundedRule):
    """The filter with its bound: 2 f + 1 seats."""

    kind = "history-filter"
    bound = Bound(2, 1)
    needs_history = True

    @property
    def fewest_inputs(self) -> int:
        """f + 1. Who sends nothing, or nothing that counts, must not stop a round: it is one of the f."""
        return self.f + 1

    def weights(self, gram: Gram, context: RoundContext) -> Weights:
        """See `history_filter`: equal weights over those who stay."""
        self.check_inputs(len(gram))
        recent, lasting = histories_of(context, self.name), context.lasting
        assert lasting is not None, "both memories are kept or none"
        return equal_weights(len(gram), history_filter(gram, recent, lasting, f=self.f))


def _q20(values_q30: Sequence[int] | Matrix) -> Int64:
    return np.array(values_q30, dtype=np.int64) >> 30 - UNIT_BITS


def _above_q16(values_q20: Int64, floor_q20: int) -> Int64:
    """Median deviations, at least `floor_q20` each, that values (k,) lie above their median, Q16."""
    above: Int64 = 2 * values_q20 - _twice_median(values_q20)
    return (above << 17) // max(_twice_median(np.abs(above)), 4 * floor_q20)


def _twice_median(values: Int64) -> int:
    """The sum of the two middle values, or twice the middle one."""
    ordered = np.sort(values)
    return int(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2])

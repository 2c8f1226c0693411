"""Values in order, coordinate by coordinate: a sorting network whose comparators are numpy minima and maxima of rows.

Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M) sorts any n rows with the same
comparators whatever they hold. Who only needs some ranks pays for those: a comparator is left out when nobody asks for
what it puts in order. Everything is exact, and no order of the rows can matter.

Bounds: |v| < 2^48 and n <= 2^14, so a sum stays below 2^62 and twice a sum below 2^63.

Shape legend: n = rows, b = coordinates of a block, m = how many are averaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from node.aggregation.entries import Int64

MOST_ROWS: Final = 1 << 14


class Exchange(NamedTuple):
    """Put the smaller of two rows at `low`, the larger at `high`, as far as anybody asks for them."""

    low: int
    high: int
    wants_low: bool
    wants_high: bool


class _Use(Enum):
    """What becomes of a row after a comparator: nothing, a term of one sum, or a value of its own."""

    NONE = 0
    TERM = 1
    VALUE = 2


def ranked(values: Int64, *, exact: Iterable[int] = (), summed: Iterable[int] = ()) -> list[Int64]:
    """Rows by rank, smallest first, int64 (b,) each, of `values` (n, b), which are left as they are.

    `exact`: the ranks asked for. `summed`: ranks of which only the sum is asked for; which row holds which is open.
    Rows of ranks in neither are meaningless. Raises ValueError for more rows than sums have room for.
    """
    if len(values) > MOST_ROWS:
        raise ValueError(f"{len(values)} rows, at most {MOST_ROWS}")
    rows = list(values.copy())
    spare = np.empty_like(values[0]) if rows else values
    for low, high, wants_low, wants_high in network(len(rows), frozenset(exact), frozenset(summed)):
        a, b = rows[low], rows[high]
        if not wants_high:
            np.minimum(a, b, out=a)
        elif not wants_low:
            np.maximum(a, b, out=b)
        else:
            np.minimum(a, b, out=spare)
            np.maximum(a, b, out=b)
            rows[low], spare = spare, a
    return rows


def total(rows: Sequence[Int64]) -> Int64:
    """Sum of at least one row (b,), a new array."""
    result = rows[0].copy()
    for row in rows[1:]:
        result += row
    return result


def rounded_mean(sums: Int64, count: int) -> Int64:
    """The nearest integers to sums / count, halves upward, in place. `count` > 0, |sums| < 2^62."""
    sums += count // 2  # with an odd count there are no halves
    sums //= count
    return sums


def mean_of_nearest(rows: Sequence[Int64], doubled_centre: Int64, m: int) -> Int64:
    """Mean (b,) of the m values nearest to a centre, of two equally near the smaller first; rounded as `rounded_mean`.

    `rows`: by rank; the n - m smallest and largest must be `exact`, the others may be `summed`. `doubled_centre` (b,):
    any integers for which x + y < doubled_centre says that x + y is below twice the centre.

    The nearest m of sorted values are neighbours. Their window moves up by one as long as the value it would gain is
    nearer than the one it would lose, c - x_i > x_(i+m) - c; once that fails it fails for all that follow.
    """
    sums = total(rows[:m])
    for lost, gained in zip(rows, rows[m:], strict=False):
        sums += (gained - lost) * (gained + lost < doubled_centre)
    return rounded_mean(sums, m)


@cache
def network(n: int, exact: frozenset[int], summed: frozenset[int]) -> tuple[Exchange, ...]:
    """The comparators that `exact` and `summed` ranks of n rows take, in order.

    Walked from the end, a row starts with what its rank is asked for. A comparator is left out when both of its rows
    are used for nothing, or both as terms of the sum, which it does not change; otherwise it needs both its inputs.
    """
    uses = [_Use.VALUE if i in exact else _Use.TERM if i in summed else _Use.NONE for i in range(n)]
    needed = []
    for low, high in reversed(comparators(n)):
        if uses[low] is uses[high] is not _Use.VALUE:
            continue
        needed.append(Exchange(low, high, uses[low] is not _Use.NONE, uses[high] is not _Use.NONE))
        uses[low] = uses[high] = _Use.VALUE
    return tuple(reversed(needed))


def comparators(n: int) -> list[tuple[int, int]]:
    """Merge exchange: pairs (low, high) that sort n rows."""
    pairs = []
    top = 1 << max(0, (n - 1).bit_length() - 1)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while d > 0:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return pairs

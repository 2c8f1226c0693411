"""What every seat has sent up to now, as one small integer sketch a seat: the memory of rules that need one.

After each round, for every seat: S <- S - rshift_round(S, 3), and for a seat whose message came in, S <- S + sketch of
the message with its norm clipped at the median. About the last eight rounds count. Under error feedback the sum of a
seat's messages approaches the dense direction it pulls in, which one sparse message alone does not show.

Values are coarsened by as many bits as keep any sum below 2^62: |v| < 2^40, m entries, and decay bounds the sum of all
rounds by eight times one of them.

Shape legend: n = messages, m = entries of a message, S = seats, B = buckets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.entries import Entries
from node.aggregation.fixed_point import rshift_round_in_place
from node.aggregation.gram import Gram
from node.aggregation.screen import clip_at_median
from node.aggregation.sketch import CountSketch
from node.manifest import Layout, Manifest

DECAY_BITS: Final = 3
_VALUE_BITS: Final = 40
_SUM_BITS: Final = 62
_DIRECTION_BITS: Final = 22

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histories:
    """Sketches by seat. `seats` ascending (S,); `ages`: messages in each; `sketches` int64 (S, B), not written to."""

    seats: tuple[int, ...]
    ages: tuple[int, ...]
    sketches: Int64

    @classmethod
    def empty(cls, manifest: Manifest) -> Histories:
        """Before the first round."""
        return cls((), (), np.zeros((0, manifest.history_buckets), dtype=np.int64))

    def advanced(
        self,
        manifest: Manifest,
        seats: Sequence[int],
        messages: Sequence[Entries],
        clip_factors_q16: Sequence[int],
    ) -> Histories:
        """One round later. `seats` ascending (n,), with their `messages` and what clips these at the median, Q16.

        A seat that was not heard of for so long that its sketch no longer decays is forgotten. Without buckets there is
        nothing to keep.
        """
        if manifest.history_buckets == 0:
            return self
        sketch = CountSketch(manifest.history_buckets, manifest.digest)
        known = {seat: (age, row) for seat, age, row in zip(self.seats, self.ages, decayed(self.sketches), strict=True)}
        for seat, message, factor in zip(seats, messages, clip_factors_q16, strict=True):
            age, row = known.get(seat, (0, np.zeros(sketch.buckets, dtype=np.int64)))
            values = clipped_values(message, manifest.layout, factor)
            known[seat] = (age + 1, row + sketch.of_entries(message.positions, values))
        kept = [seat for seat, (_, row) in sorted(known.items()) if seat in set(seats) or not _is_spent(row)]
        rows = [known[seat][1] for seat in kept]
        sketches = np.stack(rows) if rows else self.sketches[:0]
        return Histories(tuple(kept), tuple(known[seat][0] for seat in kept), sketches)

    def gram(self, seats: Sequence[int]) -> Gram:
        """Gram of these seats' histories (n, n), in the order given. Raises ValueError for a seat without history."""
        rows = self.sketches[[self.seats.index(seat) for seat in seats]]
        directions = np.stack([_direction(row) for row in rows])
        squares = [max(1, sum(value * value for value in row)) for row in rows.tolist()]
        return Gram.of_products((directions @ directions.T).tolist(), clip_at_median(squares).norms)

    def ages_of(self, seats: Sequence[int]) -> tuple[int, ...]:
        """How many messages are in these seats' histories."""
        return tuple(self.ages[self.seats.index(seat)] for seat in seats)


def decayed(sketches: Int64) -> Int64:
    """S - rshift_round(S, 3), a new array: seven eighths, halves of the part taken away rounded upward."""
    part = sketches.copy()
    rshift_round_in_place(part, DECAY_BITS)
    return sketches - part


def clipped_values(message: Entries, layout: Layout, factor_q16: int) -> Int64:
    """Values int64 (m,) of a message on the history's scale: (q << s) * factor, rounded down."""
    shifts = np.repeat(message.shifts.astype(np.int64), layout.chunk_counts)
    values = np.left_shift(message.mantissas.astype(np.int64), shifts)
    values *= factor_q16
    values >>= 16 + coarse_bits(layout)
    return values


def coarse_bits(layout: Layout) -> int:
    """Bits that histories drop below a message's own grid; 0 up to a quarter of a million entries."""
    entries = int(layout.chunk_counts.sum())
    return max(0, entries.bit_length() + _VALUE_BITS + DECAY_BITS - _SUM_BITS)


def _direction(row: Int64) -> Int64:
    """A sketch cut to 22 bits: a product of two sums up to less than 2^60 over 2^16 buckets."""
    return row >> max(0, int(np.abs(row).max()).bit_length() - _DIRECTION_BITS)


def _is_spent(row: Int64) -> bool:
    """Whether decay no longer changes a sketch."""
    half = 1 << (DECAY_BITS - 1)
    return bool((row >= -half).all() and (row < half).all())

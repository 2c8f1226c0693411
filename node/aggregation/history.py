"""What every seat has sent up to now, as two small integer sketches a seat: the memory of rules that need one.

The recent memory halves within five rounds: S <- S - rshift_round(S, 3), then plus the sketch of the seat's message
with its norm clipped at the median. Under error feedback the sum of a seat's messages approaches the dense direction it
pulls in, which one sparse message alone does not show.

The lasting memory halves within ninety rounds (7 instead of 3), and a round counts in it as much as its updates say
about one another (`emphasis_q20`). Early in training honest updates agree, and who pulls elsewhere
is plain to see; near the end they are all but orthogonal and would only bury that under noise.

Values are coarsened by as many bits as keep any sum below 2^62: |v| < 2^40, m entries, and decay bounds the sum of all
rounds by 2^7 times one of them.

Shape legend: n = messages, m = entries of a message, S = seats, B = buckets, 2 = recent and lasting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from node.aggregation.contribution import decayed_merit
from node.aggregation.entries import Entries
from node.aggregation.fixed_point import lower_median, rshift_round_in_place
from node.aggregation.gram import Gram
from node.aggregation.screen import clip_at_median
from node.aggregation.sketch import CountSketch
from node.manifest import Layout, Manifest

RECENT_DECAY_BITS: Final = 3
LASTING_DECAY_BITS: Final = 7
EMPHASIS_BITS: Final = 20
MOST_SEATS: Final = 1 << 14
_COSINE_BITS: Final = 30
_VALUE_BITS: Final = 40
_SUM_BITS: Final = 62
SKETCH_LIMIT: Final = 1 << _SUM_BITS  # every number of a sketch stays below it in magnitude
_DIRECTION_BITS: Final = 22
_PRESHIFT: Final = 12

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histories:
    """What is remembered, by seat. `seats` ascending (S,); `ages`: messages of each; `sketches` int64 (S, 2, B).

    B is 0 where the manifest keeps no sketches. `merits` (S,), Q30: what each seat's agreement with others came to
    (`node.aggregation.contribution`); always kept. Arrays are read-only.
    """

    seats: tuple[int, ...]
    ages: tuple[int, ...]
    sketches: Int64
    merits: tuple[int, ...]

    @classmethod
    def empty(cls, manifest: Manifest) -> Histories:
        """Before the first round."""
        return cls((), (), np.zeros((0, 2, manifest.history_buckets), dtype=np.int64), ())

    def advanced(
        self,
        manifest: Manifest,
        seats: Sequence[int],
        messages: Sequence[Entries],
        clip_factors_q16: Sequence[int],
        emphasis_q20: int,
    ) -> Histories:
        """One round later. `seats` ascending (n,), with their `messages` and what clips these at the median, Q16.

        `emphasis_q20`: what the round counts in the lasting memory, 0 to 2^20. A seat that was not heard of for so long
        that neither its sketches nor its merit decay any more is forgotten. Beyond `MOST_SEATS` in all those go that
        were not heard of and have sent the fewest messages, of equal ones the higher seats.
        """
        decays = zip(self.ages, decayed(self.sketches), map(decayed_merit, self.merits), strict=True)
        known = dict(zip(self.seats, decays, strict=True))
        newcomer = (0, np.zeros((2, manifest.history_buckets), dtype=np.int64), 0)
        added = _sketched(manifest, messages, clip_factors_q16, emphasis_q20)
        for seat, pair in zip(seats, added, strict=True):
            age, before, merit = known.get(seat, newcomer)
            known[seat] = (age + 1, before + pair, merit)
        heard = set(seats)
        kept = [seat for seat in known if seat in heard or not _is_spent(*known[seat][1:])]
        kept = sorted(sorted(kept, key=lambda seat: (seat not in heard, -known[seat][0], seat))[:MOST_SEATS])
        ages, pairs, merits = zip(*(known[seat] for seat in kept), strict=True) if kept else ((), (), ())
        return Histories(tuple(kept), ages, np.stack(pairs) if pairs else self.sketches[:0], merits)

    def with_merits(self, seats: Sequence[int], merits: Sequence[int]) -> Histories:
        """The same with new merits of these seats (n,)."""
        known = dict(zip(self.seats, self.merits, strict=True))
        known.update(zip(seats, merits, strict=True))
        return replace(self, merits=tuple(known[seat] for seat in self.seats))

    @property
    def has_sketches(self) -> bool:
        """Whether messages are remembered, too."""
        return bool(self.sketches.shape[2])

    def recent(self, seats: Sequence[int]) -> Gram:
        """Gram of these seats' recent memory (n, n), in the order given. Raises ValueError for a seat without one."""
        return self._gram(seats, 0)

    def lasting(self, seats: Sequence[int]) -> Gram:
        """Gram of these seats' lasting memory (n, n). Raises ValueError for a seat without one."""
        return self._gram(seats, 1)

    def merits_of(self, seats: Sequence[int]) -> tuple[int, ...]:
        """These seats' merits, Q30."""
        return tuple(self.merits[self.seats.index(seat)] for seat in seats)

    def ages_of(self, seats: Sequence[int]) -> tuple[int, ...]:
        """How many messages are in these seats' histories."""
        return tuple(self.ages[self.seats.index(seat)] for seat in seats)

    def _gram(self, seats: Sequence[int], memory: int) -> Gram:
        rows = self.sketches[[self.seats.index(seat) for seat in seats], memory]
        directions = np.stack([_direction(row) for row in rows])
        squares = [max(1, sum(value * value for value in row)) for row in rows.tolist()]
        return Gram.of_products((directions @ directions.T).tolist(), clip_at_median(squares).norms)


def emphasis_q20(gram: Gram) -> int:
    """How much the n updates of a round say about one another, Q20, at least 1: the square of what is common.

    Common is, of each update, the mean of its floor(n / 2) largest cosines with others, and of these means the lower
    median. Colluders, fewer than half, cannot raise it by being alike, nor lower it by standing apart: the median is
    between those of honest updates, and these have at least one another.
    """
    n = len(gram)
    if n < 2:
        return 1
    nearest = n // 2
    means = [sum(sorted(row[:i] + row[i + 1 :])[-nearest:]) // nearest for i, row in enumerate(gram.cosines_q30)]
    common = max(0, lower_median(means))
    return max(1, common * common >> 2 * _COSINE_BITS - EMPHASIS_BITS)


def decayed(sketches: Int64) -> Int64:
    """S - rshift_round(S, bits) of both memories (S, 2, B), a new array."""
    parts = sketches.copy()
    rshift_round_in_place(parts[:, 0], RECENT_DECAY_BITS)
    rshift_round_in_place(parts[:, 1], LASTING_DECAY_BITS)
    return sketches - parts


def clipped_values(message: Entries, layout: Layout, factor_q16: int) -> Int64:
    """Values int64 (m,) of a message on the history's scale: (q << s) * factor, rounded down."""
    shifts = np.repeat(message.shifts.astype(np.int64), layout.chunk_counts)
    values = np.left_shift(message.mantissas.astype(np.int64), shifts)
    values *= factor_q16
    values >>= 16 + coarse_bits(layout)
    return values


def coarse_bits(layout: Layout) -> int:
    """Bits that histories drop below a message's own grid; 0 up to some 30,000 entries."""
    entries = int(layout.chunk_counts.sum())
    return max(0, entries.bit_length() + _VALUE_BITS + LASTING_DECAY_BITS - _SUM_BITS)


def _direction(row: Int64) -> Int64:
    """A sketch cut to 22 bits: a product of two sums up to less than 2^60 over 2^16 buckets."""
    return row >> max(0, int(np.abs(row).max()).bit_length() - _DIRECTION_BITS)


def _is_spent(pair: Int64, merit: int) -> bool:
    """Whether decay no longer changes what is kept of a seat."""
    return decayed_merit(merit) == merit and bool((decayed(pair[None]) == pair).all())


def _sketched(
    manifest: Manifest, messages: Sequence[Entries], clip_factors_q16: Sequence[int], emphasis_q20: int
) -> list[Int64]:
    """What messages add to both memories, int64 (2, B) each."""
    if manifest.history_buckets == 0:
        return [np.zeros((2, 0), dtype=np.int64)] * len(messages)
    sketch = CountSketch(manifest.history_buckets, manifest.digest)
    added = []
    for message, factor in zip(messages, clip_factors_q16, strict=True):
        recent = sketch.of_entries(message.positions, clipped_values(message, manifest.layout, factor))
        # Multiplied in two steps, |recent| < 2^55 and emphasis <= 2^20 stay within int64.
        lasting = (recent >> _PRESHIFT) * emphasis_q20 >> EMPHASIS_BITS - _PRESHIFT
        added.append(np.stack([recent, lasting]))
    return added

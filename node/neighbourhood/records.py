"""What a peer knows of others, and which of it to pass on: SybilWall's probabilistic gossip as pure functions.

A record is the newest history of one author that came this far, with the number of hops it took. A peer passes one
record a round to each neighbour, near authors more often than far ones: an author at distance D is drawn with a
probability proportional to e^(-0.8 (D - 1)). Knowledge of a Sybil thus reaches those who see another one of its kind.

Source: Werthenbach and Pouwelse, "Towards Sybil resilience in decentralized learning", 2023, section on gossip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from node.neighbourhood.history import History

MAXIMUM_RECORDS: Final = 256
DRAW_BITS: Final = 64
# e^(-0.8 k) in Q30, rounded to the nearest; farther authors count as the last one does.
DISTANCE_WEIGHTS: Final = (
    *(1073741824, 482463302, 216784735, 97407661, 43768083, 19666268, 8836624, 3970551, 1784084, 801640, 360200),
    *(161848, 72723, 32677, 14683, 6597, 2964, 1332, 598, 269, 121, 54, 24, 11, 5, 2, 1),
)


@dataclass(frozen=True, eq=False)
class Record:
    """What is known of one author. `distance` 1: it sent its model itself, and the history was checked against it.

    `round`: the author's own. `received_from`: the neighbour that told of it; the author itself at distance 1.
    `statement`: the author's signed words, so that they can be passed on.
    """

    round: int
    distance: int
    received_from: str
    history: History
    statement: bytes = b""


Records = Mapping[str, Record]
NOBODY: Final[Records] = MappingProxyType({})


def heard_directly(records: Records, author: str, *, round: int, history: History, statement: bytes = b"") -> Records:
    """The records after a neighbour showed its own model. An older round than the known one changes nothing.

    What others say of its later rounds does not count either: only its model itself does.
    """
    known = records.get(author)
    if known is not None and known.distance == 1 and known.round > round:
        return records
    return _bounded({**records, author: Record(round, 1, author, history, statement)})


def heard_of(
    records: Records,
    author: str,
    *,
    own: str,
    sender: str,
    round: int,
    sender_distance: int,
    history: History,
    statement: bytes = b"",
) -> Records:
    """The records after `sender` passed on a record it holds at `sender_distance`.

    Taken if the author is unknown, or known from farther than next door and of an earlier round. Nobody passes on its
    own record, and nobody is told of itself.
    """
    if author in (own, sender):
        return records
    known = records.get(author)
    if known is not None and (known.distance == 1 or known.round >= round):
        return records
    # However small a number the sender claims, only the author itself is at distance 1.
    distance = max(1, sender_distance) + 1
    return _bounded({**records, author: Record(round, distance, sender, history, statement)})


def choose_record(records: Records, *, own: str, neighbour: str, draw: int) -> str | None:
    """The author whose record `neighbour` is told of this round, or None where there is nothing to tell.

    Neither of itself, nor of us, nor of whom it told us. `draw`: a uniform number of 64 bits.
    """
    candidates = [
        author
        for author, record in sorted(records.items())
        if author not in (own, neighbour) and record.received_from != neighbour
    ]
    weights = [distance_weight(records[author].distance) for author in candidates]
    point = (draw * sum(weights)) >> DRAW_BITS
    for author, weight in zip(candidates, weights, strict=True):
        if point < weight:
            return author
        point -= weight
    return None


def distance_weight(distance: int) -> int:
    """Unnormalised probability of passing on a record from `distance` >= 1 hops away, in Q30 and at least 1."""
    return DISTANCE_WEIGHTS[min(distance, len(DISTANCE_WEIGHTS)) - 1]


def _bounded(records: dict[str, Record]) -> Records:
    """At most MAXIMUM_RECORDS: strangers cost nothing to make up.

    The oldest goes of what the neighbour told that told of most, so whoever makes up strangers crowds out its own.
    """
    if len(records) > MAXIMUM_RECORDS:
        told = Counter(record.received_from for record in records.values() if record.distance > 1)

        def dispensable(author: str) -> tuple[bool, int, int, str]:
            record = records[author]
            return record.distance > 1, told[record.received_from], -record.round, author

        del records[max(records, key=dispensable)]
    return records

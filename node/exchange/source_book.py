"""What a peer remembers about the others it fetches from: who is fast, who fails, who lied and is left alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from node.exchange.errors import PeerLied
from node.exchange.pace import Pace
from node.exchange.source import Source
from node.storage.unixfs import MAXIMUM_BLOCK_BYTES

_TIE_BREAK_SECONDS = 1e-9  # among peers that should be equally fast, the one with fewer requests open


@dataclass(frozen=True)
class Dropped:
    """Why a peer is not asked: the round it lied in, and what it did."""

    round: int
    cause: str


class SourceBook:
    """`swarm_pace`: what all peers together taught; it stands in for a peer that was never asked."""

    def __init__(self, swarm_pace: Pace) -> None:
        self._swarm_pace = swarm_pace
        self._paces: dict[Source, Pace] = {}
        self._in_flight: Counter[Source] = Counter()
        self._failures_in_a_row: Counter[Source] = Counter()
        self.dropped: dict[str, Dropped] = {}

    def rank(self, source: Source) -> float:
        """Seconds until this source would have answered one more block; the lowest is asked first."""
        expected = self._paces.get(source, self._swarm_pace).expected_seconds(MAXIMUM_BLOCK_BYTES)
        waiting = self._in_flight[source]
        penalty = self._failures_in_a_row[source] * self._swarm_pace.patience_seconds(MAXIMUM_BLOCK_BYTES)
        return (waiting + 1) * expected + waiting * _TIE_BREAK_SECONDS + penalty

    def asked(self, source: Source) -> None:
        """A request begins."""
        self._in_flight[source] += 1

    def ended(self, source: Source) -> None:
        """A request ended, however."""
        self._in_flight[source] -= 1
        if not self._in_flight[source]:
            del self._in_flight[source]

    def answered(self, source: Source, first_byte_seconds: float, total_seconds: float, count_bytes: int) -> None:
        """It gave a block that was right."""
        self._paces.setdefault(source, Pace()).observe(first_byte_seconds, total_seconds, count_bytes)
        self._failures_in_a_row.pop(source, None)

    def overtaken(self, source: Source, elapsed_seconds: float) -> None:
        """It was not waited for any longer: it is at least as slow as it has been."""
        pace = self._paces.setdefault(source, Pace())
        if elapsed_seconds > pace.expected_seconds(0):
            pace.observe(elapsed_seconds, elapsed_seconds, 0)

    def failed(self, source: Source) -> None:
        """It gave nothing: no crime, but others come first until it answers again."""
        self._failures_in_a_row[source] += 1

    def drop(self, address: str, round: int, cause: str) -> None:
        """Ask this peer nothing until `forget(round)`."""
        self.dropped[address] = Dropped(round, cause)

    def forget(self, round: int) -> None:
        """Give everybody who lied in this round or before another chance."""
        self.dropped = {address: it for address, it in self.dropped.items() if it.round > round}

    def refusal(self, source: Source) -> PeerLied | None:
        """Why this source is not asked, if it is not."""
        dropped = self.dropped.get(source.address)
        return None if dropped is None else PeerLied(source, f"dropped in round {dropped.round}: {dropped.cause}")

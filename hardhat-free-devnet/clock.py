"""Chain time: whole seconds that strictly increase.

Chain time is the wall clock plus an offset that tests move. Two blocks of one second get two times, so a chain under
load runs ahead of the clock; it waits for the clock again once the load is gone.
"""

from __future__ import annotations

from collections.abc import Callable


class ChainClock:
    """Says what time the next block has. `wall` answers seconds since 1970."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.offset_seconds = 0
        self._forced: int | None = None

    @property
    def is_forced(self) -> bool:
        """True when somebody has fixed the time of the next block."""
        return self._forced is not None

    def now_seconds(self) -> float:
        """Chain time without regard to the head."""
        return self._wall() + self.offset_seconds

    def next_timestamp(self, head_timestamp: int) -> int:
        """The time of a block built now on a head of this time."""
        if self._forced is not None:
            return self._forced
        return max(head_timestamp + 1, int(self.now_seconds()))

    def advance(self, seconds: int, head_timestamp: int) -> int:
        """Let at least `seconds` pass since the head, also when the head is ahead of the clock. Returns the offset."""
        self.offset_seconds += seconds + max(0, head_timestamp - int(self.now_seconds()))
        return self.offset_seconds

    def force(self, timestamp: int) -> None:
        """Fix the time of the next block."""
        self._forced = timestamp

    def offset_after(self, timestamp: int) -> int:
        """The offset once a block of this time is built: chain time goes on from a time that was fixed."""
        return self.offset_seconds if self._forced is None else timestamp - int(self._wall())

    def block_built(self, timestamp: int, offset_seconds: int) -> None:
        """A block took this time: if it was fixed, that is used up."""
        if self._forced == timestamp:
            self.offset_seconds = offset_seconds
            self._forced = None

    def restore(self, offset_seconds: int) -> None:
        """Go back to an earlier offset."""
        self.offset_seconds = offset_seconds
        self._forced = None
